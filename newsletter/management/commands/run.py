from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter import preflight, service


class Command(BaseCommand):
    help = (
        "Run the whole service: the site, the clock, the sender and the fetcher as one process"
        " tree; with REDIS_URL the site, a Celery worker and beat. Ctrl-C stops it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bind", default="127.0.0.1:8000", help="address the site listens on (%(default)s)"
        )
        parser.add_argument("--part", choices=sorted(service.PARTS), help="run one part only")
        parser.add_argument("--lifeline", type=int, help="for the service's own use")

    def handle(
        self,
        *args: Any,
        bind: str,
        part: str | None,
        lifeline: int | None,
        **options: Any,
    ) -> None:
        found = re.fullmatch(r"unix:\S+|\S+:(?P<port>\d{1,5})", bind, re.ASCII)
        if not found or (found["port"] and int(found["port"]) not in range(1, 65_536)):
            raise CommandError(f"--bind must look like 127.0.0.1:8000, not {bind!r}")
        if part:
            service.play(part, bind, lifeline=lifeline)
            return
        if reason := service.refusal(bind):
            raise CommandError(f"cannot listen on {bind}: {reason}")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_topics", verbosity=0)
        findings = list(preflight.check(connect=False))
        for finding in findings:
            self.stderr.write(f"{finding.name}: {finding.what}")
        if any(finding.stops for finding in findings):
            raise CommandError("Not started; what stands above must be set right first.")
        self.stdout.write(
            f"{settings.SITE_NAME} on {settings.SITE_URL} (listening on {bind}):"
            f" {', '.join(service.parts())}. Ctrl-C stops it."
        )
        service.Keeper(bind, service.parts()).run()
