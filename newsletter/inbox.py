"""Mail that came back to us, taken in: told to the letter and its reader, or to nobody.

Anybody can write a mail that looks like a bounce. Only one that quotes the digest's uuid, which
nobody but its reader has seen, is believed. To leave, a mail from the reader's address does.
"""

from __future__ import annotations

import hashlib
import mailbox
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from newsletter import bounces, reports
from newsletter.bounces import Kind, Returned
from newsletter.models import Digest
from newsletter.verdicts import Verdict
from subscribers import consent
from subscribers.models import Subscriber

# Anymail's name and our verdict for each kind that says something about a letter.
SAID: dict[Kind, tuple[str, Verdict]] = {
    Kind.HARD: ("bounced", Verdict.HARD),
    Kind.SOFT: ("bounced", Verdict.SOFT),
    Kind.DELAYED: ("deferred", Verdict.ACCEPTED),
    Kind.COMPLAINT: ("complained", Verdict.COMPLAINT),
}


def mails(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every mail below a path, with a name: a file, a folder, a Maildir, an mbox, or `-`."""
    if str(path) == "-":
        yield "-", sys.stdin.buffer.read(bounces.MOST_BYTES)
    elif path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            yield str(file), _start_of(file)
    elif _start_of(path, 5) == b"From ":
        box = mailbox.mbox(path, create=False)
        for number, key in enumerate(box.keys(), start=1):
            yield f"{path}:{number}", box.get_bytes(key)[: bounces.MOST_BYTES]
    else:
        yield str(path), _start_of(path)


def _start_of(file: Path, most: int = bounces.MOST_BYTES) -> bytes:
    with file.open("rb") as stream:
        return stream.read(most)


def take_in(raw: bytes, *, now: datetime) -> bool:
    """Act on one returned mail; True where it was about a letter or a reader of ours."""
    returned = bounces.read(raw)
    if returned.kind == Kind.UNSUBSCRIBE:
        reader = reader_who_left(returned)
        return reader is not None and consent.withdraw(reader, door="mail", now=now)
    if returned.kind not in SAID or not returned.digest:
        return False
    kind, verdict = SAID[returned.kind]
    said = reports.Report(
        provider="mail",
        key=hashlib.sha256(raw).hexdigest(),
        kind=kind,
        verdict=verdict,
        digest=returned.digest,
        words=f"{returned.status} {returned.words}".strip()[:300],
        happened_at=returned.happened_at,
    )
    reports.store_reports([said], now=now)
    return Digest.objects.filter(uuid=returned.digest).exists()


def reader_who_left(returned: Returned) -> Subscriber | None:
    """By the token of List-Unsubscribe, by the letter sent back, or by the sender's address."""
    readers = Subscriber.objects.all()
    if returned.token:
        return readers.filter(unsubscribe_token=returned.token).first()
    if returned.digest:
        return readers.filter(digests__uuid=returned.digest).first()
    return readers.filter(email=reports.normalised(returned.sender)).first()
