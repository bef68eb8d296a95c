"""Which order of papers at hour h foretells the order a week later.

python -m benchmarks.trend --data FOLDER

The folder holds upvote_observations.jsonl.gz: a line per paper with its list days and timed
readings. A pool is what was listed on a day and on the three days before it, so that ages are
mixed. At hour h after the day began each paper stands at its last reading up to then; a formula
orders the pool by votes and age alone. The right order is that of the votes four days or more
later. Prints nDCG@10 (3 for the top three, 2 for the top five, 1 for the top ten), with 95 %
intervals that resample weeks, and the paired difference of ours to each.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import scratch
from benchmarks.relevance import OURS, Run, interval, ndcg

HOURS = (6, 12, 24, 48)
DAYS_BACK = 3
LATER = timedelta(days=4), timedelta(days=40)  # when the outcome was read
LEAST = 20  # papers of a pool
FIRST = date(2024, 6, 1)  # papers listed earlier were not followed from their first day

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Watched:
    id: str
    listed: datetime
    readings: list[tuple[datetime, int]]  # oldest first

    def last(self, after: datetime, until: datetime) -> tuple[datetime, int] | None:
        within = [reading for reading in self.readings if after <= reading[0] <= until]
        return within[-1] if within else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    scratch.use()
    by_day = read(options.data / "upvote_observations.jsonl.gz")
    print("| hour | formula | pools | nDCG@10 | 95 % | ours less it, 95 % |")
    print("|---|---|---|---|---|---|")
    for hour in HOURS:
        for line in report(by_day, hour):
            print(line, flush=True)


def read(path: Path) -> dict[date, list[Watched]]:
    by_day: dict[date, list[Watched]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            day = date.fromisoformat(min(row["list_dates"], default="1970-01-01"))
            if day >= FIRST:
                readings = [
                    (datetime.fromisoformat(one["at"]), one["upvotes"])
                    for one in row["observations"]
                ]
                listed = datetime(day.year, day.month, day.day, tzinfo=UTC)
                by_day[day].append(Watched(row["id"], listed, readings))
    return by_day


def report(by_day: dict[date, list[Watched]], hour: int) -> Iterator[str]:
    runs: dict[str, Run] = defaultdict(dict)
    for day in sorted(by_day):
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)
        found = _standing(_pool(by_day, day), at)
        if found is None:
            continue
        ids, votes, age, later = found
        week = f"{day.isocalendar().year}-{day.isocalendar().week}"
        grades = _grades(ids, later)
        for name, formula in FORMULAS.items():
            order = np.argsort(-formula(votes, age), kind="stable")
            runs[name][f"trend/{week}/{day}"] = ndcg([ids[n] for n in order], grades)
    means = {name: sum(run.values()) / len(run) for name, run in runs.items()}
    for name in sorted(runs, key=means.__getitem__):
        run, low_high = runs[name], interval(runs[name])
        paired = ""
        if name != OURS:
            less, more = interval({rid: runs[OURS][rid] - value for rid, value in run.items()})
            paired = f"{less:+.3f} {more:+.3f}"
        yield (
            f"| {hour} | {name} | {len(run)} | {means[name]:.3f}"
            f" | {low_high[0]:.3f} {low_high[1]:.3f} | {paired} |"
        )


def _pool(by_day: dict[date, list[Watched]], day: date) -> list[Watched]:
    """In an order that says nothing: by id, backwards."""
    days = [day - timedelta(days=n) for n in range(DAYS_BACK + 1)]
    papers = [paper for one in days for paper in by_day.get(one, ())]
    return sorted(papers, key=lambda paper: paper.id[::-1])


def _standing(
    pool: list[Watched], at: datetime
) -> tuple[list[str], Doubles, Doubles, Doubles] | None:
    """Ids, votes, hours of age when they were read, and votes later; None for too few papers."""
    rows = []
    for paper in pool:
        now = paper.last(paper.listed, at)
        later = paper.last(at + LATER[0], at + LATER[1])
        if now and later:
            age = (now[0] - paper.listed).total_seconds() / 3600
            rows.append((paper.id, now[1], age, later[1]))
    if len(rows) < LEAST or len({round(row[2] / 24) for row in rows}) < 2:
        return None
    ids, votes, ages, finals = zip(*rows, strict=True)
    return list(ids), np.array(votes, float), np.array(ages), np.array(finals, float)


def _grades(ids: list[str], later: Doubles) -> dict[str, int]:
    third, fifth, tenth = np.sort(later)[::-1][[2, 4, 9]]
    return {
        paper_id: int(votes >= third) + int(votes >= fifth) + int(votes >= tenth)
        for paper_id, votes in zip(ids, later.tolist(), strict=True)
    }


def _ours(votes: Doubles, age: Doubles) -> Doubles:
    from papers import trend

    ordinary = np.full(len(votes), trend.field_means(votes, age, [""] * len(votes))[""])
    return trend.estimate(votes, age, ordinary, ordinary).trend


FORMULAS: dict[str, Callable[[Doubles, Doubles], Doubles]] = {
    "raw votes": lambda votes, age: votes,
    "votes per hour": lambda votes, age: votes / np.maximum(age, 1),
    "Hacker News": lambda votes, age: np.maximum(votes - 1, 0) ** 0.8 / (age + 2) ** 1.8,
    "Reddit hot": lambda votes, age: np.log10(np.maximum(votes, 1)) - age * 3600 / 45_000,
    "ResearchHub": lambda votes, age: 100 * votes / (age + 24) ** 0.8,
    OURS: _ours,
}


if __name__ == "__main__":
    main()
