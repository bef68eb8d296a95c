"""Rank the requests of a relevance benchmark with the code that chooses for readers."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from papers import offline, sentences


class Command(BaseCommand):
    help = (
        "Answer the requests of a relevance benchmark: one JSON line per request with the ranked"
        " candidates, their scores and those that belong. Reads and writes files only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name in ("papers", "pools", "requests"):
            parser.add_argument(f"--{name}", type=Path, required=True, metavar="F")
        parser.add_argument("--signals", type=Path, metavar="F", help="votes known beforehand")
        parser.add_argument("--task", action="append", help="only requests of this task")
        parser.add_argument("--out", type=Path, required=True, metavar="F")

    def handle(self, **options: Any) -> None:
        try:
            benchmark = offline.load(
                options["papers"],
                options["pools"],
                options["signals"],
                encode=sentences.encode_unstored(),
            )
            requests = [
                request
                for request in offline.lines(options["requests"])
                if not options["task"] or request["task"] in options["task"]
            ]
            written = self._write(benchmark, requests, options["out"])
        except (OSError, ValueError) as error:
            raise CommandError(f"cannot rank: {error}") from error
        except KeyError as error:
            raise CommandError(f"cannot rank: {error} is missing") from error
        self.stdout.write(f"{written} requests answered in {options['out']}")

    def _write(self, benchmark: offline.Benchmark, requests: list[Any], out: Path) -> int:
        written = 0
        with out.open("w", encoding="utf-8") as file:
            for answer in offline.answers(benchmark, requests):
                file.write(json.dumps(answer) + "\n")
                written += 1
        return written
