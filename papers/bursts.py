"""How much more a topic is talked about lately than is usual for it: cold papers borrow from it.

Two things are looked at, over the last RECENT days against those before, up to SPAN:

    listed   (n + STEADY) / (e + STEADY): n of its papers were listed, where e would be usual. e is
             the topic's usual share of each source's list times the length of that list lately, so
             that a source which fell silent, or is new, neither makes a burst nor ends one
    voted    exp(S / (k + STEADY)): S sums, over its k voted papers, by how much the logarithm of
             votes exceeds the topic's usual. No paper adds more than FURTHEST
    burst    voted · √listed, within 1 / MOST and MOST

1 is the usual, and what a topic of which little is known has. Listings count by their root: they
foretold no votes where that was measured (docs/ranking.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, sqrt

RECENT = 14  # days that are lately
SPAN = 60  # days looked at
STEADY = 10.0  # papers' worth of doubt
USUAL_STEADY = 20.0  # papers' worth of trust in the mean over all topics
FURTHEST = 1.5  # in the logarithm of votes: some four and a half times the usual
MOST = 2.0


@dataclass(frozen=True, slots=True)
class Listed:
    """Papers of one source's lists, of one topic or of all."""

    lately: int
    before: int


@dataclass(frozen=True, slots=True)
class Voted:
    """A paper with votes."""

    topics: tuple[int, ...]
    votes: float  # the logarithm of one more than it will have in the end
    is_recent: bool


@dataclass(frozen=True, slots=True)
class Burst:
    """A topic's, with what it is made of."""

    listed: int = 0
    usual: float = 0.0  # listed papers that would be usual
    excess: float = 0.0
    voted: int = 0

    @property
    def value(self) -> float:
        listed = (self.listed + STEADY) / (self.usual + STEADY)
        voted = exp(self.excess / (self.voted + STEADY))
        return min(max(voted * sqrt(listed), 1 / MOST), MOST)


@dataclass
class _Votes:
    lately: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)


def of_topics(
    lists: Mapping[str, Listed],
    of_topic: Mapping[int, Mapping[str, Listed]],
    papers: Iterable[Voted],
) -> dict[int, Burst]:
    """`lists`: of each source; `of_topic`: the same for the papers of each topic."""
    votes, overall = _votes(papers)
    bursts = {}
    for topic in {*of_topic, *votes}:
        theirs = of_topic.get(topic, {})
        # Without a past there is no usual share: the list says nothing.
        known = {name: one for name, one in theirs.items() if lists[name].before}
        usual = sum(
            one.before / lists[name].before * lists[name].lately for name, one in known.items()
        )
        listed = sum(one.lately for one in known.values())
        lately, excess = _excess(votes[topic], overall) if topic in votes else (0, 0.0)
        bursts[topic] = Burst(listed, usual, excess, lately)
    return bursts


def _votes(papers: Iterable[Voted]) -> tuple[dict[int, _Votes], float]:
    """Of each topic, and the mean over all papers from before."""
    found: dict[int, _Votes] = defaultdict(_Votes)
    before = []
    for paper in papers:
        if not paper.is_recent:
            before.append(paper.votes)
        for topic in paper.topics:
            (found[topic].lately if paper.is_recent else found[topic].before).append(paper.votes)
    return found, sum(before) / len(before) if before else 0.0


def _excess(votes: _Votes, overall: float) -> tuple[int, float]:
    """How many papers won votes lately, and how much more than usual together."""
    if not votes.before:
        return 0, 0.0
    number = len(votes.before) + USUAL_STEADY
    usual = (sum(votes.before) + USUAL_STEADY * overall) / number
    above = [min(max(value - usual, -FURTHEST), FURTHEST) for value in votes.lately]
    return len(above), sum(above)
