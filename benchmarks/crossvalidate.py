"""Whether the weights of topics hold for topics and weeks that they were not chosen on.

python -m benchmarks.crossvalidate --data FOLDER

Each weight of papers/matching.py is halved or doubled, one at a time, and the level from which a
paper belongs is moved. Leaving out one topic (or one week) after the other, the setting that is
best on the rest is used for the one left out. The mean of those is the cross-validated figure: as
high as the fitted one where the weights do not hang on the data.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import scratch
from benchmarks.relevance import f1, ndcg

TASK = "t1list"
FACTORS = (0.5, 2.0)
LEVELS = (0.85, 0.93, 1.0, 1.07, 1.15)
AS_IS = "as it is"
Runs = Mapping[str, Mapping[str, Any]]  # setting → request → what came out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    scratch.use()
    for line in report(options.data):
        print(line, flush=True)


def report(data: Path) -> Iterator[str]:
    from papers import offline

    benchmark = offline.load(data / "papers.jsonl.gz", data / "pools.json")
    labels = {row["rid"]: row["rel"] for row in offline.lines(data / "labels.jsonl")}
    by_pool = defaultdict(list)
    for request in offline.lines(data / "requests.jsonl"):
        if request["task"] == TASK:
            by_pool[request["candidates"]].append(request)
    gained: dict[str, dict[str, float]] = defaultdict(dict)
    accepted: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for pool, asked in by_pool.items():
        known = offline.learn(benchmark, pool)
        for request in asked:
            rid = request["rid"]
            for name, scores in _scores(known, request):
                order = np.argsort(-scores, kind="stable")
                ranked = [known.ids[n] for n in order]
                gained[name][rid] = ndcg(ranked, labels.get(rid, {}))
                for level in LEVELS if name == AS_IS else ():
                    moved = AS_IS if level == 1 else f"level × {level:g}"
                    accepted[moved][rid] = [known.ids[n] for n in order if scores[n] >= level]
    yield "| measure | as it is | topic left out | week left out | best setting | worst |"
    yield "|---|---|---|---|---|---|"
    yield _line("nDCG@10", gained, lambda run: sum(run.values()) / max(len(run), 1))
    yield _line("F1 of what is accepted", accepted, lambda run: f1(run, labels))


def _scores(known: Any, request: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The topic's score of each candidate, by each setting of the weights."""
    from papers import matching, offline

    topic = offline.topic_of(request["topic"])
    assert topic, "every request of the task has a topic"
    matcher = matching.Matcher.of([topic], known.features, known.ordinary)
    found = []
    for documents in (known.documents, known.ordinary):
        values, _ = matcher.queries.terms(documents)
        if matcher.echo is not None:
            values |= matcher.echo.terms(documents)
        found.append(values)
    changes: list[tuple[str, dict[str, float]]] = [(AS_IS, {})]
    changes += [
        (f"{term} × {factor:g}", {term: weight * factor})
        for term, weight in matching.WEIGHTS.items()
        for factor in FACTORS
    ]
    for name, change in changes:
        with patch.dict(matching.WEIGHTS, change):
            candidates, ordinary = (matching.combine(values, matcher.usual) for values in found)
        yield name, candidates[0] / matching.level_of(ordinary)[0]


def left_out(runs: Runs, part: int, score: Callable[[Any], float]) -> float:
    """The score of each group of requests by the setting that is best on all the others.

    Groups share the `part` of the request's id: 1 the topic, 2 the week.
    """
    together: dict[str, Any] = {}
    rids = list(runs[AS_IS])
    for group in sorted({rid.split("/")[part] for rid in rids}):
        ours = [rid for rid in rids if rid.split("/")[part] == group]
        rest = [rid for rid in rids if rid.split("/")[part] != group]
        best = max(runs, key=lambda name: score({rid: runs[name][rid] for rid in rest}))
        together |= {rid: runs[best][rid] for rid in ours}
    return score(together)


def _line(measure: str, runs: Runs, score: Callable[[Any], float]) -> str:
    figures = {name: score(run) for name, run in runs.items()}
    best, worst = max(figures, key=figures.__getitem__), min(figures, key=figures.__getitem__)
    return (
        f"| {measure} | {figures[AS_IS]:.3f} | {left_out(runs, 1, score):.3f}"
        f" | {left_out(runs, 2, score):.3f} | {best}: {figures[best]:.3f}"
        f" | {worst}: {figures[worst]:.3f} |"
    )


if __name__ == "__main__":
    main()
