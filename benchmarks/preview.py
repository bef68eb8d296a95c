"""The preview of a topic in a process that has just started, and in one that is warm.

python -m benchmarks.preview --data FOLDER [--papers 7290]

The folder holds papers.jsonl.gz, of which the newest are spread over the days that a trial looks
back on. Prints seconds of CPU, each in a new process: with what the nightly fit stored, and
without it.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from benchmarks import build, scratch

TEXTS = [("molecule", "diffusion"), ("molecule design", "diffusion")]  # typed one after the other


def fill(data: Path, number: int) -> None:
    """Real papers over the last days, their topics, and one nightly fit."""
    from django.core.management import call_command

    from papers import offline, paper_vectors, scoring, vectors
    from papers.models import Paper

    call_command("load_topics", stdout=StringIO())
    days = paper_vectors.SPAN.days
    papers = sorted(offline.lines(data / "papers.jsonl.gz"), key=lambda paper: paper["date"])
    Paper.objects.bulk_create(
        Paper(
            arxiv_id=f"2602.{n:05d}",
            title=paper["title"][:500],
            title_key=f"paper {n}",
            abstract=paper["abstract"],
            categories=paper["categories"],
            primary_category=(paper["categories"] or [""])[0],
            first_mentioned_on=build.NOW.date() - timedelta(days=days - 1 - n * days // number),
        )
        for n, paper in enumerate(islice(reversed(papers), number))
    )
    scoring.refresh(list(Paper.objects.values_list("pk", flat=True)), now=build.NOW)
    began = time.process_time()
    vectors.fit(build.NOW)
    print(f"Fit and stored: {time.process_time() - began:.1f} s of CPU")


def try_topic(is_stored: bool) -> Iterator[tuple[str, float]]:
    import django

    django.setup()
    from papers import paper_vectors, topic_trial, vectors
    from papers.models import Topic

    if not is_stored:
        paper_vectors.WORTH_LOADING = 10**9
    began = time.process_time()
    vectors.current(build.NOW)
    yield "model", time.process_time() - began
    for name, keywords in zip(("first preview", "after an edit"), TEXTS, strict=True):
        began = time.process_time()
        topic_trial.back_test(
            Topic(name="Molecules by diffusion", keywords=list(keywords)), now=build.NOW
        )
        yield name, time.process_time() - began


def measured(is_stored: bool) -> list[tuple[str, float]]:
    return list(try_topic(is_stored))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--papers", type=int, default=7_290)
    options = parser.parse_args()
    folder = scratch.use()
    try:
        fill(options.data, options.papers)
        with get_context("spawn").Pool(1, maxtasksperchild=1) as workers:
            for is_stored in (True, False):
                [times] = workers.map(measured, [is_stored], chunksize=1)
                told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times)
                print(f"{'With' if is_stored else 'Without'} stored papers: {told}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
