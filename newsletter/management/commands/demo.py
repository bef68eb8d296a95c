from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter import demo
from newsletter.models import Digest


class Command(BaseCommand):
    help = (
        "Do the main job for three sample readers: papers (live, else the sample that ships),"
        " today's edition, letters as files. Meant for a database of its own, as `make demo` has."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--live", action="store_true", help="insist on the live source")
        group.add_argument("--sample", action="store_true", help="use the sample in any case")

    def handle(self, *args: Any, live: bool, sample: bool, **options: Any) -> None:
        if settings.EMAIL_URL or settings.MAIL_PROVIDER:
            raise CommandError(
                "The sample readers have no mailbox: unset EMAIL_URL and MAIL_PROVIDER,"
                " or call `make demo`, which does."
            )
        began = time.monotonic()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_topics", verbosity=0)
        use_live = True if live else False if sample else None
        try:
            digests = demo.run(timezone.now(), self.stdout.write, use_live=use_live)
        except RuntimeError as error:
            raise CommandError(str(error)) from None
        sent = sum(digest.status == Digest.Status.SENT for digest in digests)
        if sent < len(demo.READERS):
            raise CommandError(f"only {sent} of {len(demo.READERS)} letters were sent")
        self.stdout.write(
            f"\n{sent} letters in {time.monotonic() - began:.0f} s. Open one in your mail program,"
            f" or the site with `make run`: {settings.SITE_URL}"
        )
