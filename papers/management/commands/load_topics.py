"""Bring the shipped topics, or another file's, into the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from papers import scoring, topics


class Command(BaseCommand):
    help = (
        "Add and refresh topics from a YAML file (the shipped one by default). Safe to run at any "
        "time: a topic that an operator edited, switched off or merged stays as it is. A broken "
        "entry is named and left out, and the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, default=topics.SHIPPED, help="YAML file to read")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            texts, refused = topics.read(file)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        except ValueError as error:
            raise CommandError(str(error)) from None

        loaded = topics.load(texts, dry_run=dry_run)
        scoring.refresh_topics(loaded.changed)

        for slug in loaded.new:
            self.stdout.write(f"new      {slug}")
        for slug in loaded.updated:
            self.stdout.write(f"updated  {slug}")
        for slug in loaded.kept:
            self.stdout.write(f"kept     {slug} (edited, switched off or merged here)")
        refused += loaded.refused
        for entry in refused:
            self.stderr.write(f"refused  {entry.name}: {entry.reason}")
        self.stdout.write(
            f"{'Would load' if dry_run else 'Loaded'} {len(texts)} topics: {len(loaded.new)} new, "
            f"{len(loaded.updated)} updated, {len(loaded.unchanged)} unchanged, "
            f"{len(loaded.kept)} kept, {len(refused)} refused."
        )
        if refused:
            raise CommandError(f"{len(refused)} topics were refused")
