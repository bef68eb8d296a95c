"""Mail that came back: what it says, and what is believed of it."""

from __future__ import annotations

import encodings.aliases
import mailbox
import random
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter import bounces, inbox, tracking, verdicts
from newsletter.bounces import Kind
from newsletter.models import DeliveryEvent, Digest
from subscribers.models import Subscriber, Suppression
from tests.factories import NOW, make_digest, make_subscriber

OURS = Path(__file__).resolve().parents[1] / "data" / "returned"
DIGEST = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


@pytest.mark.parametrize(
    ("file", "kind", "digest"),
    [
        ("hard.eml", Kind.HARD, DIGEST),
        ("full.eml", Kind.SOFT, DIGEST),
        ("complaint.eml", Kind.COMPLAINT, DIGEST),
        ("away.eml", Kind.AUTO_REPLY, ""),
        ("leave.eml", Kind.UNSUBSCRIBE, ""),
        ("leave-by-word.eml", Kind.UNSUBSCRIBE, ""),
        ("forged.eml", Kind.HARD, ""),
    ],
)
def test_each_kind_is_told_from_the_others(file, kind, digest):
    returned = bounces.read((OURS / file).read_bytes())

    assert (returned.kind, returned.digest) == (kind, digest)


def test_a_report_gives_recipient_status_and_words_without_the_address():
    returned = bounces.read((OURS / "hard.eml").read_bytes())

    assert returned.recipients == ("ada@mail.example.net",)
    assert returned.status == "5.1.1"
    assert returned.words == "smtp; 550 5.1.1 <‹address›> nobody of that name"


@pytest.mark.parametrize(
    ("status", "words", "verdict"),
    [
        ("5.1.1", "", "hard bounce"),
        ("5.2.1", "account closed", "hard bounce"),
        ("5.1.10", "", "hard bounce"),
        ("5.0.0", "550 user unknown", "hard bounce"),
        ("5.0.0", "550 Recipient address\n rejected", "hard bounce"),
        ("5.7.1", "550 5.7.1 no such user here", "hard bounce"),
        ("4.0.0", "DNS error: NXDOMAIN", "hard bounce"),
        ("", "551 not here", "hard bounce"),
        ("5.2.2", "mailbox full", "soft bounce"),
        ("4.2.2", "", "soft bounce"),
        ("4.1.1", "450 user unknown, come back", "soft bounce"),
        ("5.7.1", "blocked by policy", "soft bounce"),
        ("5.7.26", "not authenticated", "soft bounce"),
        ("5.1.8", "sender address does not exist", "soft bounce"),
        ("5.1.1", "550 5.7.1 your IP is blacklisted", "soft bounce"),  # our relay's guess, theirs
        ("5.1.3", "553 see http://www.spamhaus.org/query/bl?ip=192.0.2.1", "soft bounce"),
        ("5.3.4", "too big", "soft bounce"),
        ("", "550 rejected", "soft bounce"),
        ("", "", "soft bounce"),
        ("nonsense", "version 5.1.1.9 at 10.5.1.1", "soft bounce"),
    ],
)
def test_only_a_mailbox_that_is_not_there_is_hard(status, words, verdict):
    assert verdicts.of_bounce(status, words) == verdict


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_without_an_exception(raw):
    assert bounces.read(raw).kind in Kind


@given(st.integers(0, 2**32))
def test_a_mangled_report_is_read_without_an_exception(seed):
    dice = random.Random(seed)
    raw = bytearray((OURS / dice.choice(["hard.eml", "full.eml", "complaint.eml"])).read_bytes())
    for _ in range(dice.randrange(1, 60)):
        raw[dice.randrange(len(raw))] = dice.randrange(256)

    assert bounces.read(bytes(raw[: dice.randrange(1, len(raw))])).kind in Kind


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: multipart/report; boundary=\xff\xfe",
        b"Content-Type: text/plain; charset=no-such-set",
        b"Content-Type: message/delivery-status",
        b"Content-Type: message/feedback-report",
        b"Subject: =?utf-8?q?=ff?= =?no-such?b?!!!?=",
        b"Date: Fri, 99 Foo 99999 99:99:99 +9999",
        b"From: \xe3\x81\x82@\xe3\x81\x82",
    ],
)
def test_a_broken_header_is_read_without_an_exception(header):
    raw = b"From: MAILER-DAEMON@x\r\n" + header + b"\r\n\r\n550 5.1.1 user unknown\r\n"

    assert bounces.read(raw).kind in Kind


@pytest.fixture
def digest(db):
    reader = make_subscriber(
        email="ada@mail.example.net", unsubscribe_token="AbCdEfGhIjKlMnOpQrSt_9"
    )
    return make_digest(papers=[], subscriber=reader, uuid=DIGEST, status="sent", sent_at=NOW)


@pytest.mark.parametrize(
    ("file", "digest_status", "reader_status"),
    [
        ("hard.eml", "bounced", "suppressed"),
        ("full.eml", "bounced", "active"),
        ("complaint.eml", "complained", "suppressed"),
        ("away.eml", "sent", "active"),
        ("leave.eml", "sent", "unsubscribed"),
        ("leave-by-word.eml", "sent", "unsubscribed"),
        ("forged.eml", "sent", "active"),  # does not quote the letter: anybody could have sent it
    ],
)
def test_what_comes_back_reaches_letter_and_reader_once(digest, file, digest_status, reader_status):
    for _ in range(2):
        call_command("read_bounces", str(OURS / file), stdout=StringIO())

    assert Digest.objects.get().status == digest_status
    assert Subscriber.objects.get().status == reader_status
    assert DeliveryEvent.objects.count() <= 1


def test_a_dry_run_changes_nothing(digest):
    said = StringIO()

    call_command("read_bounces", str(OURS), "--dry-run", "--each", stdout=said)

    assert Subscriber.objects.get().status == Subscriber.Status.ACTIVE
    assert not DeliveryEvent.objects.exists()
    assert "7 mails: auto-reply 1, complaint 1, hard 2, soft 1, unsubscribe 2" in said.getvalue()
    assert "ada@" not in said.getvalue()


def test_an_mbox_a_maildir_and_standard_input_are_read(digest, tmp_path, monkeypatch):
    box = mailbox.mbox(tmp_path / "box")
    box.add((OURS / "away.eml").read_bytes())
    box.add((OURS / "forged.eml").read_bytes())
    box.close()
    folder = mailbox.Maildir(tmp_path / "folder")
    folder.add((OURS / "full.eml").read_bytes())

    kinds = [
        [bounces.read(raw).kind.value for _, raw in inbox.mails(path)]
        for path in (tmp_path / "box", tmp_path / "folder")
    ]

    assert kinds == [["auto-reply", "hard"], ["soft"]]


CHARSETS = sorted({*encodings.aliases.aliases.values(), "idna", "punycode", "undefined", "nope"})


def nested(depth: int) -> bytes:
    """Parts within parts; what is innermost looks like a bounce."""
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)
    )
    return f"{opening}Content-Type: text/plain\r\n\r\nno such user\r\n".encode()


@given(
    st.sampled_from(CHARSETS) | st.text(st.characters(codec="latin-1"), max_size=12),
    st.sampled_from(["plain", "html"]),
    st.sampled_from(["7bit", "base64", "quoted-printable", "uuencode", "nope"]),
    st.binary(max_size=80),
)
@example("id\0na", "plain", "7bit", b"no such user")
@example("undefined", "plain", "7bit", b"no such user")
@example("idna", "plain", "7bit", b"no such user \xff" + b"x" * 80)
def test_a_mail_in_whatever_charset_is_read(charset, kind, transfer, body):
    head = (
        f'From: MAILER-DAEMON@example.net\r\nContent-Type: text/{kind}; charset="{charset}"\r\n'
        f"Content-Transfer-Encoding: {transfer}\r\n\r\n"
    )

    returned = bounces.read(head.encode("latin-1", "replace") + body)

    assert returned.kind in Kind


@settings(max_examples=20)
@given(st.integers(0, 40), st.booleans())
@example(2000, True)
def test_parts_within_parts_are_read_however_deep(depth, is_ours):
    quoted = f"\r\nX-Paper-Round-Digest: {DIGEST}\r\n".encode() if is_ours else b""

    returned = bounces.read(nested(depth) + quoted)

    assert returned.digest == (DIGEST if is_ours else "")


@pytest.mark.parametrize("is_box", [True, False])
def test_a_mail_that_cannot_be_taken_in_is_named_and_those_behind_it_are_read(
    digest, tmp_path, monkeypatch, is_box
):
    mails = [nested(2000), b"Subject: poison\n\nx\n", (OURS / "hard.eml").read_bytes()]
    if is_box:
        (tmp_path / "mails").write_bytes(
            b"".join(b"From x Fri Feb 20 07:00:00 2026\n" + mail + b"\n" for mail in mails)
        )
    else:
        (tmp_path / "mails").mkdir()
        for number, mail in enumerate(mails):
            (tmp_path / "mails" / str(number)).write_bytes(mail)
    read, said = bounces.read, StringIO()

    def stumble(raw):
        if b"poison" in raw:
            raise RuntimeError
        return read(raw)

    monkeypatch.setattr(bounces, "read", stumble)

    with pytest.raises(CommandError, match="1 mails were not taken in"):
        call_command("read_bounces", str(tmp_path / "mails"), stdout=StringIO(), stderr=said)

    assert Digest.objects.get().status == Digest.Status.BOUNCED
    assert "not taken in (RuntimeError)" in said.getvalue()


def test_a_path_that_is_not_there_is_named(db):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("read_bounces", "nowhere")


def test_a_bounce_by_mail_settles_a_letter_nobody_was_sure_of(digest):
    Digest.objects.update(status="uncertain", sent_at=None, uncertain_attempts=1)

    inbox.take_in((OURS / "hard.eml").read_bytes(), now=NOW)
    tracking.apply_open(NOW)

    assert Digest.objects.get().status == Digest.Status.BOUNCED
    assert Suppression.objects.count() == 1


EXPECTED = {"arf": "complaint", "rfc3834": "auto-reply"}


@pytest.mark.realdata
def test_real_returned_mail_is_what_its_name_says(real_data):
    kinds: Counter[str] = Counter()
    wrong = {}

    for file in sorted((real_data / "bounce_emails").glob("*.eml")):
        family = file.name.split("-")[0]
        kind = bounces.read(file.read_bytes()).kind.value
        said = "bounce" if kind in {"hard", "soft", "delayed"} else kind
        expected = EXPECTED.get(family, "bounce")
        kinds[kind] += 1
        if said != expected:
            wrong[file.stem] = kind

    assert kinds == {
        "hard": 130,
        "soft": 158,
        "delayed": 13,
        "complaint": 6,
        "auto-reply": 3,
        "unsubscribe": 1,
        "other": 4,
    }
    # What these five say is not what their names say: two reports of failed authentication, a
    # request to unsubscribe, and two notices of Amazon's in JSON, one of them of a delivery.
    assert wrong == {
        "arf-18": "other",
        "arf-20": "other",
        "arf-26": "unsubscribe",
        "lhost-amazonses-10": "other",
        "lhost-amazonses-12": "other",
    }


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("lhost-postfix-01", Kind.HARD),
        ("lhost-qmail-01", Kind.HARD),
        ("lhost-exchange2007-06", Kind.HARD),
        ("rhost-gsuite-05", Kind.HARD),  # the domain is gone
        ("rhost-microsoft-02", Kind.HARD),
        ("lhost-mailru-06", Kind.HARD),
        ("lhost-exchange2007-02", Kind.SOFT),  # full
        ("lhost-postfix-09", Kind.SOFT),  # rate limit
        ("lhost-postfix-70", Kind.SOFT),  # DMARC
        ("rhost-gsuite-11", Kind.SOFT),  # our sender
        ("lhost-sendmail-36", Kind.SOFT),  # blocklist, under a wrong status
        ("lhost-kddi-02", Kind.SOFT),
        ("rhost-yahooinc-01", Kind.SOFT),
        ("lhost-gmail-06", Kind.DELAYED),
        ("lhost-exim-41", Kind.DELAYED),
        ("rhost-outlook-06", Kind.DELAYED),
    ],
)
def test_real_bounces_are_hard_only_where_the_mailbox_is_gone(real_data, file, kind):
    raw = (real_data / "bounce_emails" / f"{file}.eml").read_bytes()

    assert bounces.read(raw).kind == kind
