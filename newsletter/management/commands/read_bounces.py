from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter import bounces, inbox, tracking

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Reads mail that came back (bounces, complaints, requests to unsubscribe) from files, "
        "folders, Maildirs, mboxes, or from standard input with -, and acts on what is proved to "
        "be about our letters. Safe to run again over the same mail. In a mail server's alias: "
        '"|/path/to/python manage.py read_bounces -"'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--dry-run", action="store_true", help="only say what each kind counts")
        parser.add_argument("--each", action="store_true", help="print a line for every mail")

    def handle(self, *args: Any, **options: Any) -> None:
        kinds: Counter[str] = Counter()
        ours = unread = 0
        now = timezone.now()
        for path in options["paths"]:
            if str(path) != "-" and not path.exists():
                raise CommandError(f"{path} is not there")
            for name, raw in inbox.mails(path):
                try:
                    returned = bounces.read(raw)
                    ours += not options["dry_run"] and inbox.take_in(raw, now=now)
                except Exception as error:  # those behind it are read all the same
                    logger.exception("a returned mail could not be taken in")
                    self.stderr.write(f"{name}: not taken in ({type(error).__name__})")
                    unread += 1
                    continue
                kinds[returned.kind.value] += 1
                if options["each"]:
                    said = f"{returned.status} {returned.words}".strip()
                    self.stdout.write(f"{name}: {returned.kind.value} {said}"[:200])
        if not options["dry_run"]:
            tracking.apply_open(now)
        counts = ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items())) or "nothing"
        self.stdout.write(f"{sum(kinds.values())} mails: {counts}; about our letters: {ours}")
        if unread:
            raise CommandError(f"{unread} mails were not taken in; the others were")
