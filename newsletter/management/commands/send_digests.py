from __future__ import annotations

import argparse
import signal
import threading
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter import delivery, preflight, rounds
from papers.instants import day


class Command(BaseCommand):
    help = (
        "Send the digests that are pending and due. Safe to run in several places at once; a kill"
        " at any moment loses nothing. Ctrl-C ends after the letter in hand."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--edition", type=day, metavar="D", help="only those of this date")
        parser.add_argument("--subscriber", metavar="E", help="only those of this address")
        parser.add_argument("--limit", type=letters, metavar="N", help="at most so many")
        parser.add_argument("--dry-run", action="store_true", help="say how many there are")

    def handle(
        self,
        *args: Any,
        edition: date | None,
        subscriber: str | None,
        limit: int | None,
        dry_run: bool,
        **options: Any,
    ) -> None:
        now = timezone.now()
        if reason := preflight.forbids_sending():
            raise CommandError(reason)
        if dry_run:
            count = delivery.pending(now, edition=edition, subscriber=subscriber).count()
            self.stdout.write(f"{count} would be sent")
            return
        rounds.sweep(now)
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        counts = delivery.send_pending(
            now, edition=edition, subscriber=subscriber, limit=limit, stop=stop
        )
        for what in sorted(counts):
            self.stdout.write(f"{what}: {counts[what]}")
        if not counts:
            self.stdout.write("nothing to send")


def letters(typed: str) -> int:
    """A number of letters, at least one. Raises argparse.ArgumentTypeError."""
    if not (typed.isdecimal() and int(typed) > 0):
        raise argparse.ArgumentTypeError(f"{typed!r} is no number of letters")
    return int(typed)
