from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from newsletter import status


class Command(BaseCommand):
    help = (
        "Say how the service is doing: clock, sources, letters, what waits and why."
        " Exit status 1 where something is red."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        sections = status.overview(timezone.now())
        for section in sections:
            self.stdout.write(f"\n{section.title}")
            for line in section.lines:
                facts = f" — {line.facts}" if line.facts else ""
                self.stdout.write(f"  [{line.colour.name.lower()}] {line.name}: {line.word}{facts}")
        if status.worst(sections) == status.Colour.RED:
            sys.exit(1)
