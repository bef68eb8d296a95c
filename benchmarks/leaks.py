"""What two tasks of the labelled data give to who reads their answers: a warning, not a ranker.

python -m benchmarks.leaks --data FOLDER

t3votes lists each pool in the order that is asked for, so whoever leaves equals as they came copies
it. t3pick names a background that holds most of the papers to be found, with their votes. The same
two rankers, which read neither order nor answer, and then the one or the other.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression, Ridge

from benchmarks import scratch
from benchmarks.peers import Peers
from benchmarks.relevance import Run, interval, ndcg

DOUBT = 3  # papers without votes that a submitter's record begins with
Request = Mapping[str, Any]
Ranker = Callable[[Request, Sequence[str]], Sequence[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    scratch.use()
    print("\n".join(report(options.data)))


def report(data: Path) -> Iterator[str]:
    from papers import offline

    benchmark = offline.load(data / "papers.jsonl.gz", data / "pools.json", data / "signals.jsonl")
    labels = {row["rid"]: row["rel"] for row in offline.lines(data / "labels.jsonl")}
    requests = list(offline.lines(data / "requests.jsonl"))
    records, picks = Records(benchmark), Picks(benchmark)
    yield "| task | ranker | n | nDCG@10 | 95 % |"
    yield "|---|---|---|---|---|"
    for task, name, order, rank in (
        ("t3votes", "submitter's record, pool shuffled", offline.shuffled, records.rank),
        ("t3votes", "the same, pool in the order of the file", list, records.rank),
        ("t3pick", "text of what was picked, without the pool's", offline.shuffled, picks.rank),
        ("t3pick", "the same, taught the pool's own as well", offline.shuffled, picks.rank_taught),
    ):
        run: Run = {}
        for request in requests:
            if request["task"] == task:
                ids = order(p for p in benchmark.pools[request["candidates"]] if p in picks.row)
                best = np.argsort(-np.asarray(rank(request, ids)), kind="stable")
                ranked = [ids[n] for n in best]
                run[request["rid"]] = ndcg(ranked, labels.get(request["rid"], {}))
        low, high = interval(run)
        mean = sum(run.values()) / len(run)
        yield f"| {task} | {name} | {len(run)} | {mean:.3f} | {low:.3f} {high:.3f} |"


class Records:
    """The mean votes of a submitter's papers before the pool's day, drawn to the ordinary."""

    def __init__(self, benchmark: Any) -> None:
        self.signals = benchmark.signals

    def rank(self, request: Request, ids: Sequence[str]) -> list[float]:
        day = min(self.signals[paper_id]["date"] for paper_id in ids)
        votes = defaultdict(list)
        for signal in self.signals.values():
            if signal["upvotes"] is not None and signal["date"] < day:
                votes[signal["submitter"]].append(np.log1p(signal["upvotes"]))
        ordinary = np.mean([vote for given in votes.values() for vote in given])
        return [
            float(sum(given) - len(given) * ordinary) / (len(given) + DOUBT)
            if (submitter := self.signals[paper_id]["submitter"])
            and (given := votes.get(submitter))
            else 0.0
            for paper_id in ids
        ]


class Picks:
    """Whether a paper's text is like those that were picked, and half as much what votes they got.

    Logistic and ridge regression on TF-IDF; not picked are all other papers of the weeks.
    """

    def __init__(self, benchmark: Any) -> None:
        self.pools, self.signals = benchmark.pools, benchmark.signals
        peers = Peers(benchmark)
        self.row, self.words = peers.row, peers.tfidf
        weeks = [ids for name, ids in self.pools.items() if name.startswith("w")]
        self.others = {p for ids in weeks for p in ids if p in self.row} - self.signals.keys()

    def rank(self, request: Request, ids: Sequence[str]) -> Any:
        return self._rank(request, ids, frozenset(ids))

    def rank_taught(self, request: Request, ids: Sequence[str]) -> Any:
        return self._rank(request, ids, frozenset())

    def _rank(self, request: Request, ids: Sequence[str], barred: frozenset[str]) -> Any:
        picked = sorted(set(self.pools[request["background"]]) & self.row.keys() - barred)
        texts = self._texts([*picked, *sorted(self.others - barred)])
        is_picked = np.arange(texts.shape[0]) < len(picked)
        like = LogisticRegression(class_weight="balanced", max_iter=300).fit(texts, is_picked)
        votes = np.log1p([self.signals[paper_id]["upvotes"] or 0 for paper_id in picked])
        liked = Ridge(alpha=1.0).fit(texts[: len(picked)], votes)
        asked = self._texts(ids)
        return _spread(like.decision_function(asked)) + _spread(liked.predict(asked)) / 2

    def _texts(self, ids: Sequence[str]) -> csr_matrix:
        return self.words[[self.row[paper_id] for paper_id in ids]]


def _spread(values: Any) -> Any:
    return (values - values.mean()) / values.std()


if __name__ == "__main__":
    main()
