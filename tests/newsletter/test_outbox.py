import email
import os
from pathlib import Path

import pytest
from django.core.mail import EmailMessage

from newsletter import outbox


def message(**headers: str) -> EmailMessage:
    return EmailMessage("Hello", "Hi", "a@example.org", ["ada@example.net"], headers=headers)


def test_each_message_is_a_file_that_a_mail_program_opens(tmp_path):
    backend = outbox.EmailBackend(file_path=str(tmp_path))

    sent = backend.send_messages([message(**{"Message-ID": "<x-1@example.org>"}), message()])

    files = sorted(tmp_path.iterdir())
    assert sent == len(files) == 2
    assert files[0].name.endswith("x-1-example.org.eml")
    parsed = email.message_from_bytes(files[0].read_bytes())
    assert (parsed["Subject"], parsed["X-Envelope-To"]) == ("Hello", "ada@example.net")


def test_a_message_id_cannot_lead_out_of_the_folder(tmp_path):
    path = outbox.write(tmp_path / "outbox", "a@example.net", "../../etc/passwd", b"x")

    assert path.parent == tmp_path / "outbox"


def test_a_full_disk_leaves_no_half_letter(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)

    with pytest.raises(OSError, match="No space"):
        outbox.write(tmp_path, "a@example.net", "x", b"Subject: x\r\n\r\n")

    assert list(Path(tmp_path).iterdir()) == []
