"""Whether a topic's burst tells anything of the votes that its next papers get.

python -m benchmarks.bursts --data FOLDER

The folder holds papers.jsonl.gz, pools.json and signals.jsonl, as for benchmarks.relevance. Papers
that a community listed are matched with the topics that ship. On each day the bursts are those of
the days before; a paper's excess is the logarithm of its votes less what is usual for its topic.
Prints the correlation of the two with one standard error.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from math import log, log1p, sqrt
from pathlib import Path

import numpy as np

from benchmarks import scratch

FITTED_ON = 8_000  # papers, the oldest
LEAST_BEFORE, LEAST_LATELY = 100, 15  # listed papers without which nothing is said of a day


@dataclass(frozen=True)
class Listed:
    day: int
    votes: float  # the logarithm of one more
    topics: tuple[int, ...]  # the one it fits best first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    scratch.use()
    papers = read(options.data)
    rows = [row for day in sorted({paper.day for paper in papers}) for row in measure(papers, day)]
    print("| part of the burst | papers | correlation with the excess |")
    print("|---|---|---|")
    excess = [row[-1] for row in rows]
    for column, name in enumerate(("voted", "listed", "burst")):
        found = np.corrcoef([row[column] for row in rows], excess)[0, 1]
        print(f"| {name} | {len(rows)} | {found:+.2f} ± {1 / sqrt(len(rows)):.2f} |")


def read(data: Path) -> list[Listed]:
    from papers import offline, topics
    from papers.features import fit
    from papers.matching import Matcher, TopicText

    benchmark = offline.load(data / "papers.jsonl.gz", data / "pools.json", data / "signals.jsonl")
    voted = [s for s in benchmark.signals.values() if s["upvotes"] is not None]
    voted = [signal for signal in voted if signal["id"] in benchmark.papers]
    documents, texts = benchmark.texts(sorted(benchmark.papers)[:FITTED_ON])
    features = fit(documents, texts=texts)
    shipped = [
        TopicText(text.name, text.description, text.keywords, text.synonyms, text.categories)
        for text in topics.read(topics.SHIPPED)[0]
    ]
    matcher = Matcher.of(shipped, features, features.read_stemmed(documents, texts))
    scores = matcher.match(benchmark.read(features, [s["id"] for s in voted])).scores
    return [
        Listed(
            date.fromisoformat(signal["date"]).toordinal(),
            log1p(signal["upvotes"]),
            tuple(int(n) for n in np.argsort(-own, kind="stable") if own[n] >= 1),
        )
        for signal, own in zip(voted, scores.T, strict=True)
    ]


def measure(papers: list[Listed], day: int) -> Iterator[tuple[float, float, float, float]]:
    """For each paper of the day: its topic's voted part, listed part and burst, and its excess."""
    from papers import bursts

    known = [paper for paper in papers if day - bursts.SPAN <= paper.day < day]
    lately = [paper.day >= day - bursts.RECENT for paper in known]
    if sum(lately) < LEAST_LATELY or len(known) - sum(lately) < LEAST_BEFORE:
        return
    everything = bursts.Listed(sum(lately), len(known) - sum(lately))
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for paper, recent in zip(known, lately, strict=True):
        for topic in paper.topics:
            counts[topic][0 if recent else 1] += 1
    found = bursts.of_topics(
        {"": everything},
        {topic: {"": bursts.Listed(*pair)} for topic, pair in counts.items()},
        [
            bursts.Voted(paper.topics, paper.votes, recent)
            for paper, recent in zip(known, lately, strict=True)
        ],
    )
    before = [paper for paper, recent in zip(known, lately, strict=True) if not recent]
    overall = sum(paper.votes for paper in before) / len(before)
    for paper in papers:
        if paper.day == day and paper.topics and paper.topics[0] in found:
            topic = paper.topics[0]
            theirs = [one.votes for one in before if topic in one.topics]
            number = len(theirs) + bursts.USUAL_STEADY
            usual = (sum(theirs) + bursts.USUAL_STEADY * overall) / number
            burst = found[topic]
            voted = replace(burst, listed=0, usual=0.0)
            listed = replace(burst, excess=0.0, voted=0)
            yield log(voted.value), log(listed.value), log(burst.value), paper.votes - usual


if __name__ == "__main__":
    main()
