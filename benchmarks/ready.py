"""Our own enqueue and send of ready bodies, as JSON; for benchmarks.send --post-office.

What benchmarks.post_office does, in a process and a database of its own as well, with letters of
the same parts: rows written, letters sent with two marks each, and what came of them written down.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from benchmarks import post_office, scratch
from benchmarks.send import enqueue_and_send, server

FIRST = post_office.FIRST
NOW = datetime(2026, 2, 20, 7, tzinfo=UTC)
LETTERS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
SLOT = "bench0@mail.example.net"


def main() -> None:
    scratch.use()
    with server(0.0) as sink:
        size, spent = send()
        letters, _ = sink.end()
    if letters != FIRST + LETTERS:
        raise SystemExit(f"{letters} of {FIRST + LETTERS} letters arrived")
    print(json.dumps({"kilobytes": round(size / 1000), "each": spent / LETTERS * 1e6}))


def send() -> tuple[int, float]:
    """Bytes of a letter, and seconds of CPU for enqueuing and sending all."""
    from newsletter import digests, letter
    from subscribers.models import Subscriber

    readers = Subscriber.objects.bulk_create(
        Subscriber(
            email=f"bench{n}@mail.example.net",
            status="active",
            confirmed_at=NOW - timedelta(days=30),
        )
        for n in range(FIRST + LETTERS)
    )
    due = [(reader.pk, NOW) for reader in readers]
    edition = digests.open_edition("weekly", NOW.date(), NOW)
    before, after = ready().split(SLOT.encode())
    letter.Printer.print = lambda _, these: (  # type: ignore[method-assign]
        letter.Printed(
            d.pk, d.subscriber.email, b"".join((before, d.subscriber.email.encode(), after))
        )
        for d in these
    )
    enqueue_and_send(edition.pk, due[:FIRST])
    began = time.process_time()
    enqueue_and_send(edition.pk, due[FIRST:])
    return len(before) + len(SLOT) + len(after), time.process_time() - began


def ready() -> bytes:
    """A letter as it travels, with the address of one reader."""
    from django.core.mail import EmailMultiAlternatives

    text, html = post_office.bodies()
    message = EmailMultiAlternatives(
        "Letter", text, "digest@papers.example.org", [SLOT],
        headers={"Date": format_datetime(NOW), "Message-ID": "<ready@papers.example.org>"},
    )  # fmt: skip
    message.attach_alternative(html, "text/html")
    return message.message().as_bytes(linesep="\r\n")


if __name__ == "__main__":
    main()
