"""Fetch papers from live sources, or read them from files."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from papers import ingest
from papers.instants import day
from papers.models import Fetch, Paper

COUNTED = ("received", "new", "changed", "unchanged", "merged", "refused")


class Command(BaseCommand):
    help = (
        "Fetch papers from the live sources, or read them from a file or folder (gzip too). Safe "
        "to repeat: a paper that is in stays as it is. What is broken is named with the reason, "
        "the rest goes on, and the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--source", choices=sorted(ingest.SOURCES), help="only this one; else all of SOURCES"
        )
        parser.add_argument(
            "--date",
            type=day,
            help="the list of this day, as 2026-02-20; default: today (UTC); with --from: the day "
            "of lists that do not say theirs",
        )
        parser.add_argument(
            "--from", type=Path, dest="path", metavar="PATH", help="a file or folder to read"
        )

    def handle(
        self, *args: Any, source: str | None, date: date | None, path: Path | None, **options: Any
    ) -> None:
        papers: set[int] = set()
        repeated = 0  # papers that an earlier file told of too

        def report(fetch: Fetch, counts: ingest.Counts) -> None:
            nonlocal repeated
            repeated += len(papers & counts.paper_ids)
            papers.update(counts.paper_ids)
            self.report(fetch)

        if path is not None:
            if source:
                raise CommandError("--from reads a file: --source does not go with it")
            fetches = ingest.ingest_path(path, on=date, report=report)
        else:
            now = timezone.now()
            fetches = []
            for name in [source] if source else settings.SOURCES:
                fetches.append(ingest.fetch_and_ingest(name, date or now.date(), now=now))
                self.report(fetches[-1])
        self.summarise(fetches, repeated)

    def report(self, fetch: Fetch) -> None:
        """A line for each try, as it ends."""
        named = f"{fetch.source} {fetch.target}"
        if fetch.status == Fetch.Status.FAILED:
            self.stderr.write(f"{named}: failed: {fetch.reason}")
            return
        if fetch.status == Fetch.Status.UNCHANGED:
            self.stdout.write(f"{named}: nothing new since the last time")
            return
        counts = ", ".join(f"{getattr(fetch, name):,} {name}" for name in COUNTED)
        self.stdout.write(f"{named}: {counts}")
        for refusal in fetch.refusals:
            self.stderr.write(f"  refused {refusal['record']}: {refusal['reason']}")
        if fetch.refused > len(fetch.refusals):
            self.stderr.write(f"  and {fetch.refused - len(fetch.refusals):,} more")

    def summarise(self, fetches: list[Fetch], repeated: int) -> None:
        total = Counter({name: sum(getattr(f, name) for f in fetches) for name in COUNTED})
        failed = sum(fetch.status == Fetch.Status.FAILED for fetch in fetches)
        total["merged"] += repeated
        self.stdout.write(
            f"{len(fetches):,} answers, {total['received']:,} records: "
            + ", ".join(f"{total[name]:,} {name}" for name in COUNTED[1:])
            + f"; {Paper.objects.canonical().count():,} papers in all."
        )
        if failed or total["refused"]:
            raise CommandError(
                f"{failed:,} of {len(fetches):,} answers failed, "
                f"{total['refused']:,} records were refused"
            )
