from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter import preflight


class Command(BaseCommand):
    help = "Say what must still be set right before letters may go out; exit status 1 if anything."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-connect", action="store_true", help="do not call the mail relay and Redis"
        )

    def handle(self, *args: Any, no_connect: bool, **options: Any) -> None:
        findings = list(preflight.check(connect=not no_connect))
        for finding in findings:
            word = "must" if finding.stops else "should"
            self.stdout.write(f"{word} be set right: {finding.name} {finding.what}")
        stopping = sum(finding.stops for finding in findings)
        if stopping:
            raise CommandError(f"{stopping} things stand in the way of letters.")
        self.stdout.write("Letters may go out.")
