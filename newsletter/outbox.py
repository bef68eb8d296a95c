"""Letters as files: one `.eml` each below EMAIL_FILE_PATH, for a first try and for tests."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


class EmailBackend(BaseEmailBackend):
    """One file a message, its recipients on an `X-Envelope-To` line; a mail program opens it."""

    def __init__(self, *, fail_silently: bool = False, file_path: str | None = None, **_: Any):
        super().__init__(fail_silently=fail_silently)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        written = 0
        for message in email_messages:
            data = message.message().as_bytes()
            name = str(message.extra_headers.get("Message-ID", "")) or os.urandom(8).hex()
            try:
                write(self.folder, ", ".join(message.recipients()), name, data)
            except OSError:
                if not self.fail_silently:
                    raise
            else:
                written += 1
        return written


def write(folder: Path, to: str, name: str, data: bytes, *, now: datetime | None = None) -> Path:
    """Write one message; whoever lists the folder sees whole files only. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = (now or timezone.now()).strftime("%Y%m%d-%H%M%S-%f")
    path = folder / f"{stamp}-{UNSAFE.sub('-', name).strip('-')[:80]}.eml"
    header = f"X-Envelope-To: {' '.join(to.split())}\n".encode()
    handle, draft = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(header + data.replace(b"\r\n", b"\n"))
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
    return path
