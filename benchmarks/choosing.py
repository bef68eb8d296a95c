"""Choose for many readers: CPU a reader to load interests, score, select and explain, and memory.

python -m benchmarks.choosing --readers 100000 --papers 1000 [--processes 2] [--postgres URL]

Readers are shared out among processes, each of which loads the pool and streams its part of them
in batches, as workers do. The baseline does the same one reader at a time, for BASELINE of them.
Then, once each: the nightly fit of the vectors, one tap to a changed choice, and the preview of a
topic that is being edited.

Every third reader has liked ten papers, every fourth follows an author and wants a keyword. Writing
is not measured here but in benchmarks.build.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

from benchmarks import build, scratch

BATCH = 2_000
BASELINE = 50  # readers


def add_likes(seed: int = 8) -> None:
    """Likes, followed authors and keywords for the readers of `build.fill`."""
    from papers.models import Author, Authorship, Paper
    from subscribers.models import Feedback, Follow, Rule, Subscriber

    chance = random.Random(seed)
    papers = list(Paper.objects.values_list("pk", flat=True))
    authors = Author.objects.bulk_create(
        Author(key=f"author {n}", name=f"Author {n}") for n in range(len(papers))
    )
    Authorship.objects.bulk_create(
        Authorship(paper_id=paper, author=author, position=1)
        for paper, author in zip(papers, authors, strict=True)
    )
    readers = list(Subscriber.objects.order_by("id").values_list("pk", flat=True))
    for start in range(0, len(readers), BATCH):
        part = readers[start : start + BATCH]
        Feedback.objects.bulk_create(
            Feedback(
                subscriber_id=reader, paper_id=paper, kind="more",
                given_at=build.NOW - timedelta(days=n),
            )
            for reader in part[::3]
            for n, paper in enumerate(chance.sample(papers, 10))
        )  # fmt: skip
        Follow.objects.bulk_create(
            Follow(subscriber_id=reader, author=chance.choice(authors)) for reader in part[::4]
        )
        Rule.objects.bulk_create(
            Rule(subscriber_id=reader, kind="want", text=chance.choice(build.WORDS))
            for reader in part[::4]
        )


def once(reader: int, candidates: Any) -> Iterator[tuple[str, float]]:
    """What somebody waits for, or the night does; seconds of CPU each."""
    from papers import ranking, topic_trial, vectors
    from papers.models import Paper, Topic
    from subscribers import interests
    from subscribers.models import Feedback

    began = time.process_time()
    vectors.fit(build.NOW)
    yield f"Fit on {Paper.objects.count()} papers", time.process_time() - began
    topic = Topic(name="Diffusion for molecules", keywords=["molecule", "diffusion"])
    began = time.process_time()
    topic_trial.back_test(topic, now=build.NOW)
    yield "First preview of a topic, which reads the papers", time.process_time() - began
    began = time.process_time()
    topic.keywords = ["molecule design", "diffusion"]
    topic_trial.back_test(topic, now=build.NOW)
    yield "Preview of an edited topic", time.process_time() - began
    began = time.process_time()
    Feedback.objects.update_or_create(
        subscriber_id=reader,
        paper_id=int(candidates.paper_ids[0]),
        defaults={"kind": "more", "given_at": build.NOW},
    )
    loaded = interests.load([reader], candidates)
    list(ranking.choose(candidates, loaded, seen=[], now=build.NOW))
    yield "One tap to a changed choice", time.process_time() - began


@dataclass(frozen=True)
class Part:
    """What one process did."""

    readers: int
    picks: int
    load: float  # seconds of CPU
    choose: float
    wall: float  # seconds from the first batch to the last
    peak: float  # MB


def run_part(keys: tuple[int, int]) -> Part:
    """Choose for the readers of one process: those after the first key, up to the second."""
    import django

    django.setup()
    from papers import pool, ranking
    from subscribers import interests
    from subscribers.models import Subscriber

    after, last = keys
    candidates = pool.load(build.NOW.date(), now=build.NOW)
    load = choose = 0.0
    count, picks, wall = 0, 0, time.perf_counter()
    some = Subscriber.objects.filter(pk__lte=last).order_by("id").values_list("pk", flat=True)
    while ids := list(some.filter(pk__gt=after)[:BATCH]):
        after, count = ids[-1], count + len(ids)
        began = time.process_time()
        readers = interests.load(ids, candidates)
        loaded = time.process_time()
        for choice in ranking.choose(candidates, readers, seen=[], now=build.NOW):
            picks += len(choice.picks)
        load += loaded - began
        choose += time.process_time() - loaded
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Part(count, picks, load, choose, time.perf_counter() - wall, peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--postgres", default="", help="URL of a database that may be emptied")
    options = parser.parse_args()
    folder = scratch.use(postgres=options.postgres)
    try:
        measure(options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(options: argparse.Namespace) -> None:
    from papers import pool, ranking
    from subscribers import interests
    from subscribers.models import Subscriber

    build.fill(options.readers, options.papers)
    add_likes()
    last = Subscriber.objects.order_by("id").last()
    edges = [last.pk * n // options.processes if last else 0 for n in range(options.processes + 1)]
    places = list(pairwise(edges))
    # New processes: what filling took does not count.
    with get_context("spawn").Pool(options.processes, maxtasksperchild=1) as workers:
        parts = workers.map(run_part, places, chunksize=1)
    busy = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    number = sum(part.readers for part in parts)
    batched = sum(part.load + part.choose for part in parts) / number
    print(
        f"{number} readers × {options.papers} papers, {sum(part.picks for part in parts)} chosen: "
        f"{max(part.wall for part in parts):.0f} s in {len(parts)} processes "
        f"(load average {busy})"
    )
    for part in parts:
        print(
            f"  {part.readers} readers: {part.load + part.choose:.0f} s of CPU, a reader "
            f"{part.load / part.readers * 1e6:.0f} µs to load and "
            f"{part.choose / part.readers * 1e6:.0f} µs to choose; peak {part.peak:.0f} MB"
        )
    candidates = pool.load(build.NOW.date(), now=build.NOW)
    ids = list(Subscriber.objects.order_by("id").values_list("pk", flat=True)[:BASELINE])
    began = time.process_time()
    for reader in ids:
        alone = interests.load([reader], candidates)
        list(ranking.choose(candidates, alone, seen=[], now=build.NOW))
    naive = (time.process_time() - began) / len(ids)
    print(
        f"One reader at a time: {naive * 1e6:.0f} µs a reader; in batches {naive / batched:.0f} "
        "times quicker"
    )
    for name, seconds in once(ids[0], candidates):
        print(f"{name}: {seconds:.2f} s of CPU")


if __name__ == "__main__":
    main()
