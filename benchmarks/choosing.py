"""Choose for many readers: CPU a reader to load interests, score, select and explain, and memory.

python -m benchmarks.choosing --readers 100000 --papers 1000 [--postgres URL]

Every third reader has liked ten papers, every fourth follows an author and wants a keyword. Writing
is not measured here but in benchmarks.build.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from datetime import timedelta

from benchmarks import build, scratch

BATCH = 2_000


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--postgres", default="", help="URL of a database that may be emptied")
    options = parser.parse_args()
    scratch.use(postgres=options.postgres)
    from papers import pool, ranking
    from subscribers import interests
    from subscribers.models import Subscriber

    build.fill(options.readers, options.papers)
    add_likes()
    candidates = pool.load(build.NOW.date(), now=build.NOW)
    ids = list(Subscriber.objects.order_by("id").values_list("pk", flat=True))
    spent = {"load": 0.0, "choose": 0.0}
    picks = 0
    for start in range(0, len(ids), BATCH):
        began = time.process_time()
        readers = interests.load(ids[start : start + BATCH], candidates)
        loaded = time.process_time()
        for choice in ranking.choose(candidates, readers, seen=[], now=build.NOW):
            picks += len(choice.picks)
        spent["load"] += loaded - began
        spent["choose"] += time.process_time() - loaded
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shares = ", ".join(
        f"{name} {seconds / len(ids) * 1e6:.0f} µs" for name, seconds in spent.items()
    )
    print(f"{len(ids)} readers, {picks} papers chosen: CPU a reader: {shares}; peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
