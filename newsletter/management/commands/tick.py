from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter import rounds
from papers.instants import instant


class Command(BaseCommand):
    help = (
        "Do what this minute asks for: bring back paused readers, pause silent ones, build the"
        " digests that are due, send what is pending, sweep. Any number of times, from any number"
        " of machines."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--now",
            type=instant,
            metavar="ISO",
            help="act as at this instant, like 2026-02-20T07:00:00Z (default: the clock)",
        )
        parser.add_argument("--no-send", action="store_true", help="build, but send nothing")

    def handle(self, *args: Any, now: datetime | None, no_send: bool, **options: Any) -> None:
        counts = rounds.tick(now or timezone.now(), send=not no_send)
        for what in sorted(counts):
            self.stdout.write(f"{what}: {counts[what]}")
        if not counts:
            self.stdout.write("nothing to do")
        if counts[rounds.ERRORS]:
            raise CommandError(f"{counts[rounds.ERRORS]} steps failed; the log says why")
