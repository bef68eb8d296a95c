"""Ingest a file or folder twice: time and memory of each run, and what the second one changed.

python -m benchmarks.ingest [PATH] [--papers 15637] [--postgres URL]

Without a path, invented papers of ordinary size are written to a file and read from it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from benchmarks import scratch
from benchmarks.build import WORDS

NOW = datetime(2026, 3, 31, 7, tzinfo=UTC)


def invented(papers: int, seed: int = 7) -> Path:
    """A file of arXiv metadata as JSON lines: seven authors and 170 words a paper."""
    chance = random.Random(seed)
    people = [f"{chance.choice(WORDS).title()} {chance.choice(WORDS).title()}son {n}"
              for n in range(papers * 3)]  # fmt: skip
    path = Path(tempfile.mkdtemp(prefix="paper-round-bench-")) / "papers.jsonl"
    with path.open("w") as file:
        for n in range(papers):
            day = NOW - timedelta(days=n % 50)
            line = {
                "id": f"26{1 + n // 99_999:02}.{n % 99_999 + 1:05}",
                "title": " ".join(chance.choices(WORDS, k=10)),
                "abstract": ". ".join(
                    " ".join(chance.choices(WORDS, k=17)).capitalize() for _ in range(10)
                ),
                "authors": chance.sample(people, 7),
                "categories": ["cs.LG", "stat.ML"],
                "primary_category": "cs.LG",
                "published_at": day.isoformat(),
                "listed": day.date().isoformat(),
                "comment": None,
            }
            file.write(json.dumps(line) + "\n")
    return path


def rows() -> dict[str, str]:
    """Every row that ingest writes, but the ledger."""
    from papers.models import Author, Authorship, Engagement, Mention, Paper, PaperKey, PaperTopic

    found = {}
    for model in (Paper, Author, Authorship, Mention, Engagement, PaperKey, PaperTopic):
        digest = hashlib.sha256()
        for row in model.objects.order_by("pk").values_list().iterator():
            digest.update(repr(row).encode())
        found[model.__name__] = digest.hexdigest()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--papers", type=int, default=15_637, help="invented ones, without PATH")
    parser.add_argument("--postgres", default="", help="URL of a database that may be emptied")
    options = parser.parse_args()
    path = options.path or invented(options.papers)
    scratch.use(postgres=options.postgres)
    from django.core.management import call_command

    from papers import ingest

    call_command("load_topics", stdout=StringIO())
    took, found = [], []
    for run in ("first", "second"):
        began, cpu = time.perf_counter(), time.process_time()
        fetches = ingest.ingest_path(path, now=NOW)
        took.append(time.perf_counter() - began)
        cpu = time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found.append(rows())
        total = {
            name: sum(getattr(fetch, name) for fetch in fetches)
            for name in ("received", "new", "changed", "merged", "unchanged", "refused")
        }
        counts = ", ".join(f"{number:,} {name}" for name, number in total.items())
        spent = f"{took[-1]:.1f} s, {cpu:.1f} s of CPU, peak {peak:.0f} MB"
        print(f"{run} run: {spent}; {len(fetches)} files: {counts}")
    changed = [name for name in found[0] if found[0][name] != found[1][name]]
    print(
        f"second against first: {took[0] / took[1]:.1f} times faster; "
        f"tables changed by it: {', '.join(changed) or 'none'}"
    )


if __name__ == "__main__":
    main()
