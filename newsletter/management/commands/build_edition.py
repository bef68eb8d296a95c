from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from newsletter import digests
from newsletter.models import Edition
from papers.instants import day, instant


class Command(BaseCommand):
    help = (
        "Build the digests of everybody who is due now, or of one date with --date; nothing is"
        " sent. Whoever has a digest for that date keeps it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", type=instant, metavar="ISO", help="act as at this instant")
        parser.add_argument("--date", type=day, metavar="D", help="only this local date")
        parser.add_argument(
            "--cadence", choices=Edition.Cadence.values, help="only daily or only weekly editions"
        )
        parser.add_argument("--dry-run", action="store_true", help="say who is due, build nothing")

    def handle(
        self,
        *args: Any,
        now: datetime | None,
        date: date | None,
        cadence: str | None,
        dry_run: bool,
        **options: Any,
    ) -> None:
        at = now or timezone.now()
        counts: Counter[str] = Counter()
        for found, on, due in digests.all_due(at):
            if (date and on != date) or (cadence and found != cadence):
                continue
            if dry_run:
                readers = sum(1 for _ in due)
            else:
                built = digests.build(digests.open_edition(found, on, at), due, now=at)
                readers = built.total()
                counts += built
            self.stdout.write(f"{found} {on}: {readers} readers due")
        for what in sorted(counts):
            self.stdout.write(f"{what}: {counts[what]}")
        if not counts and not dry_run:
            self.stdout.write("nothing to build")
