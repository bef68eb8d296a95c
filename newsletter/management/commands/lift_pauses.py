from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter import throttle


class Command(BaseCommand):
    help = (
        "Send again at once by what is paused, all of it or only what is named: when the relay or"
        " provider is well again and the pause would still last. The next fault pauses it anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "keys", nargs="*", metavar="KEY", help="as `status` names it: relay, provider:NAME"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what is paused")

    def handle(self, *args: Any, keys: list[str], dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        paused = throttle.paused(now=now)
        if unknown := sorted(set(keys) - {state.key for state in paused}):
            raise CommandError(f"not paused: {', '.join(unknown)}")
        for state in paused:
            if keys and state.key not in keys:
                continue
            if not dry_run:
                throttle.resume(state.key)
            done = "is paused" if dry_run else "sends again"
            self.stdout.write(
                f"{state.key} {done} (until {state.paused_until:%Y-%m-%d %H:%M} UTC:"
                f" {state.reason})"
            )
        if not paused:
            self.stdout.write("nothing is paused")
