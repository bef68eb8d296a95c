"""Build an edition: digests and entries a second, and memory, from database to database.

python -m benchmarks.build --readers 100000 --papers 1000 [--postgres URL]
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

from benchmarks import scratch

NOW = datetime(2026, 2, 20, 7, tzinfo=UTC)
WORDS = [
    "agent",
    "attention",
    "bayesian",
    "benchmark",
    "causal",
    "cell",
    "climate",
    "code",
    "contrastive",
    "control",
    "data",
    "decoding",
    "diffusion",
    "dynamics",
    "embedding",
    "energy",
    "estimation",
    "flow",
    "gene",
    "gradient",
    "graph",
    "inference",
    "kernel",
    "language",
    "latent",
    "learning",
    "memory",
    "model",
    "molecule",
    "noise",
    "optimisation",
    "planning",
    "policy",
    "protein",
    "quantum",
    "reasoning",
    "retrieval",
    "reward",
    "robot",
    "sampling",
    "scaling",
    "search",
    "sequence",
    "simulation",
    "sparse",
    "speech",
    "structure",
    "time",
    "token",
    "training",
    "video",
]


def fill(readers: int, papers: int, seed: int = 7, now: datetime = NOW) -> None:
    """Papers about random words, the shipped topics, readers with one to four of them.

    All are due in the hour of `now`.
    """
    from django.core.management import call_command

    from papers import scoring
    from papers.models import Fetch, Paper, Topic
    from subscribers.models import Subscriber, TopicPreference

    chance = random.Random(seed)
    call_command("load_topics", stdout=StringIO())
    topics = list(Topic.objects.active())
    phrases = [phrase for topic in topics for phrase in topic.keywords]
    Fetch.objects.create(
        source="hf", target="bench", status="done", started_at=now, finished_at=now
    )
    Paper.objects.bulk_create(
        Paper(
            arxiv_id=f"2602.{n:05d}",
            title=f"{chance.choice(phrases)} with {' '.join(chance.sample(WORDS, 4))}",
            title_key=f"paper {n}",
            abstract=" ".join(chance.choices([*WORDS, *phrases], k=120)),
            summary="A summary.",
            first_mentioned_on=now.date() - timedelta(days=n % 7),
            published_at=now - timedelta(days=n % 7),
            upvotes=chance.randrange(60),
        )
        for n in range(papers)
    )
    scoring.refresh(list(Paper.objects.values_list("pk", flat=True)), now=now)
    for start in range(0, readers, 10_000):
        batch = Subscriber.objects.bulk_create(
            Subscriber(
                email=f"bench{n}@mail.example.net",
                status="active",
                confirmed_at=now - timedelta(days=30),
                rhythm_since=now - timedelta(hours=1),
                hour=now.hour,
            )
            for n in range(start, min(start + 10_000, readers))
        )
        TopicPreference.objects.bulk_create(
            TopicPreference(subscriber=reader, topic=topic)
            for reader in batch
            for topic in chance.sample(topics, chance.randint(1, 4))
        )


def fill_apart(readers: int, papers: int) -> None:
    """As fill(), in a process of its own, so that its memory does not count."""
    code = "import django; django.setup(); from benchmarks import build"
    code += f"; build.fill({readers}, {papers})"
    subprocess.run([sys.executable, "-c", code], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--postgres", default="", help="URL of a database that may be emptied")
    options = parser.parse_args()
    scratch.use(postgres=options.postgres)
    from newsletter import digests
    from newsletter.models import Entry

    fill_apart(options.readers, options.papers)
    wall, cpu = time.perf_counter(), time.process_time()
    counts = digests.build_due(NOW)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{sum(counts.values())} digests with {Entry.objects.count()} entries over"
        f" {options.papers} papers: {wall:.1f} s, {cpu:.1f} s of CPU, peak {peak:.0f} MB;"
        f" {cpu / max(1, sum(counts.values())) * 1e6:.0f} µs of CPU a digest"
    )


if __name__ == "__main__":
    main()
