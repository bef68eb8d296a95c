"""How well papers are chosen, against other rankers, on labelled data in the same run.

python -m benchmarks.relevance --data FOLDER [--task NAME] [--out docs/ranking-results.md]
    [--vectors FILE]

The folder holds papers.jsonl.gz, pools.json, requests.jsonl, labels.jsonl and signals.jsonl. Prints
one table: nDCG@10 with a 95 % interval, the paired difference of ours to each, seconds per 1,000
requests. Intervals resample whole topics, users or days. With EMBEDDINGS_MODEL set there is a row
more, ours with sentence vectors, which are kept in the file of --vectors.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import scratch
from benchmarks.embedded import Kept

OURS = "ours"
WITH_SENTENCES = "ours with sentence vectors"
Run = dict[str, float]  # request → nDCG@10


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], first: int = 10) -> float:
    gained = sum(
        (2 ** grades.get(paper_id, 0) - 1) / math.log2(place + 2)
        for place, paper_id in enumerate(ranked[:first])
    )
    best = sorted(grades.values(), reverse=True)[:first]
    ideal = sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(best))
    return gained / ideal if ideal else 0.0


def interval(values: Run, rounds: int = 1000) -> tuple[float, float]:
    """2.5 and 97.5 percentiles of the mean, resampling whole clusters (2nd part of the rid)."""
    clusters = defaultdict(list)
    for rid, value in values.items():
        clusters[rid.split("/")[1]].append(value)
    chance, groups, means = random.Random(7), list(clusters.values()), []
    for _ in range(rounds):
        drawn = [value for _ in groups for value in chance.choice(groups)]
        means.append(sum(drawn) / len(drawn))
    means.sort()
    return means[int(0.025 * rounds)], means[int(0.975 * rounds)]


def f1(accepted: Mapping[str, Sequence[str]], labels: Mapping[str, Mapping[str, int]]) -> float:
    """Of the papers accepted in all these requests together, against all that belong."""
    right = chosen = belonging = 0
    for rid, papers in accepted.items():
        belong = {paper_id for paper_id, grade in labels.get(rid, {}).items() if grade > 0}
        right += len(belong.intersection(papers))
        chosen += len(papers)
        belonging += len(belong)
    return 2 * right / max(chosen + belonging, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", action="append")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--vectors", type=Path, help="npz of sentence vectors, read and written")
    options = parser.parse_args()
    scratch.use()
    table = "\n".join(report(options.data, options.task, options.vectors))
    print(table)
    if options.out:
        options.out.write_text(table + "\n", encoding="utf-8")


def report(data: Path, tasks: Sequence[str] | None, vectors: Path | None = None) -> Iterator[str]:
    from papers import offline, sentences

    benchmark = offline.load(data / "papers.jsonl.gz", data / "pools.json", data / "signals.jsonl")
    labels = {row["rid"]: row["rel"] for row in offline.lines(data / "labels.jsonl")}
    requests = [
        request
        for request in offline.lines(data / "requests.jsonl")
        if not tasks or request["task"] in tasks
    ]
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    runs: dict[tuple[str, str], Run] = defaultdict(dict)
    accepted: dict[str, dict[str, list[str]]] = defaultdict(dict)
    fitted = _ours(benchmark, requests, labels, runs, seconds, accepted)
    if encode := sentences.encode_unstored():
        kept = Kept(encode, vectors)
        reading = replace(benchmark, encode=kept)
        _ours(reading, requests, labels, runs, seconds, defaultdict(dict), WITH_SENTENCES)
        kept.save()
    _peers(benchmark, requests, labels, runs, seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield from _table(runs, seconds)
    yield ""
    for task in sorted(accepted):
        yield f"F1 of what ours accepts, {task}: {f1(accepted[task], labels):.3f}"
    yield f"Vectors: {fitted:.1f} s of CPU a pool. Peak memory of the whole run: {peak:.0f} MB."


def _ours(
    benchmark: Any,
    requests: Any,
    labels: Any,
    runs: Any,
    seconds: Any,
    accepted: Any,
    name: str = OURS,
) -> float:
    from papers import offline

    fitting, pools, began = 0.0, 0, time.process_time()
    for known, asked in offline.by_pool(benchmark, requests):
        fitting += time.process_time() - began
        pools += 1
        for request in asked:
            began = time.process_time()
            answer = offline.answer(benchmark, known, request)
            key = request["task"], name
            seconds[key] += time.process_time() - began
            runs[key][request["rid"]] = ndcg(answer["ranked"], labels.get(request["rid"], {}))
            if request["task"].startswith("t1"):
                accepted[request["task"]][request["rid"]] = answer["accepted"]
        began = time.process_time()
    return fitting / max(pools, 1)


def _peers(benchmark: Any, requests: Any, labels: Any, runs: Any, seconds: Any) -> None:
    from benchmarks.peers import Peers, rankers
    from papers.offline import shuffled

    peers = Peers(benchmark)
    for request in requests:
        barred = set(request["liked"])
        candidates = [
            paper_id
            for paper_id in shuffled(benchmark.pools[request["candidates"]])
            if paper_id in peers.row and paper_id not in barred
        ]
        for name, rank in rankers(peers).items():
            began = time.process_time()
            scores = rank(request, candidates)
            if scores is None:
                continue
            key = request["task"], name
            seconds[key] += time.process_time() - began
            ranked = [candidates[n] for n in np.argsort(-scores, kind="stable")]
            runs[key][request["rid"]] = ndcg(ranked, labels.get(request["rid"], {}))


def _table(runs: Mapping[tuple[str, str], Run], seconds: Mapping[Any, float]) -> Iterator[str]:
    yield "| task | ranker | n | nDCG@10 | 95 % | ours less it, 95 % | s / 1,000 |"
    yield "|---|---|---|---|---|---|---|"
    means = {key: sum(run.values()) / len(run) for key, run in runs.items()}
    for task, name in sorted(runs, key=lambda key: (key[0], means[key])):
        run, ours = runs[task, name], runs[task, OURS]
        low, high = interval(run)
        paired = ""
        if name != OURS:
            less, more = interval({rid: ours[rid] - value for rid, value in run.items()})
            paired = f"{less:+.3f} {more:+.3f}"
        yield (
            f"| {task} | {name} | {len(run)} | {means[task, name]:.3f} | {low:.3f} {high:.3f}"
            f" | {paired} | {1000 * seconds[task, name] / len(run):.1f} |"
        )


if __name__ == "__main__":
    main()
