import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from newsletter import demo
from newsletter.models import Digest, Entry
from papers import ingest
from subscribers.models import Subscriber

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(ingest, "online", lambda: False)


def letters(settings):
    folder = Path(settings.EMAIL_FILE_PATH)
    return [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted(folder.glob("*.eml"))
    ]


def test_three_readers_get_three_different_letters_with_a_reason_for_each_paper(
    offline, settings, capsys
):
    settings.SITE_URL = "https://news.example.net"

    call_command("demo")

    said = capsys.readouterr().out
    sent = letters(settings)
    assert "uses the sample that ships" in said
    assert said.rstrip().endswith("https://news.example.net")
    assert {letter["X-Envelope-To"] for letter in sent} == {r.email for r in demo.READERS}
    assert len({letter["Subject"] for letter in sent}) == 3
    for letter in sent:
        text = letter.get_body(("plain",)).get_content().partition("== Also new")[0]
        papers = len(re.findall(r"^ *\d+\. ", text, re.MULTILINE))
        assert papers >= 3
        assert text.count("Why you’re seeing this:") == papers
    kinds = {reason["kind"] for entry in Entry.objects.all() for reason in entry.reasons}
    assert {"topic", "author", "keyword", "trend"} <= kinds


def test_it_may_be_called_again_and_shows_the_same(offline, settings, capsys):
    call_command("demo")
    capsys.readouterr()

    call_command("demo")

    assert len(letters(settings)) == 3
    assert Digest.objects.count() == 3
    assert Subscriber.objects.count() == 3
    assert "Maya <maya@demo.example>" in capsys.readouterr().out


def test_it_never_mails_through_a_relay(settings):
    settings.EMAIL_URL = "smtp://relay.example.org"

    with pytest.raises(CommandError, match="no mailbox"):
        call_command("demo")
