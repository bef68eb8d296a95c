"""What ranking reads (a pool, a batch of readers) and what it returns (choices with reasons)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from papers.features import Documents, Features, exact
from papers.likeness import Likeness
from papers.matching import Encode
from papers.readings import Rise

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
BELONGS = 1.0  # score from which a paper belongs to a topic
SAMPLE = 1024  # ordinary papers that a profile is measured against
# (subscriber id, paper id), as pairs or as two parallel arrays.
Seen = Iterable[tuple[int, int]] | tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class Reason:
    """A fact of the score; `weight` is by how much relevance falls without it."""

    kind: str
    weight: float
    facts: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.facts}


@dataclass(frozen=True, slots=True)
class Shape:
    """How many papers a letter has room for, beside the reader's own limit of full ones."""

    entries: int = 12  # all sections together
    short: int = 6  # rising, outside and also together
    also: int = 5
    rising: int = 0  # those whose votes grew most over the week


DAILY = Shape()
WEEKLY = Shape(entries=16, short=8, also=8, rising=3)
SHAPES = {"daily": DAILY, "weekly": WEEKLY}  # by cadence


@dataclass(frozen=True, slots=True)
class Pick:
    paper_id: int
    section: str  # a value of newsletter.models.Entry.Section
    score: float
    reasons: tuple[Reason, ...]  # strongest first


@dataclass(frozen=True, slots=True)
class Choice:
    subscriber_id: int
    picks: tuple[Pick, ...]  # in the order of the letter
    pool_size: int  # papers chosen from
    held_back: int  # that belonged too, but found no room


@dataclass(frozen=True)
class Pool:
    """The candidates of an edition, n papers; rows are papers unless said otherwise."""

    paper_ids: Ints
    published: NDArray[np.float64]  # seconds since 1970
    trend: Floats  # 0..1
    trend_facts: Sequence[Mapping[str, Any] | None]  # what the trend is made of, where it is shown
    topic_ids: Ints
    topic_names: Sequence[str]
    topic_scores: Floats  # papers × topics
    phrases: Mapping[tuple[int, int], str]  # (paper, topic) by position: the phrase found
    author_ids: Ints
    author_names: Sequence[str]
    authorship: csr_matrix  # papers × authors, 1 where the person wrote it
    features: Features
    documents: Documents
    ordinary: Documents  # papers of the last weeks: what no match looks like
    likeness: Likeness
    encode: Encode = None  # of a sentence model, for searches
    rises: Mapping[int, Rise] = field(default_factory=dict)  # by paper id, of those that rose

    def __len__(self) -> int:
        return len(self.paper_ids)

    @cached_property
    def position(self) -> dict[int, int]:
        return {int(paper_id): n for n, paper_id in enumerate(self.paper_ids)}

    @cached_property
    def scores_by_topic(self) -> Floats:
        """Topics × papers, laid out for reading whole topics."""
        return np.ascontiguousarray(self.topic_scores.T)

    @cached_property
    def members(self) -> Bools:
        """Topics × papers: whether the paper belongs. Scores below are of near misses."""
        return self.scores_by_topic >= BELONGS

    @cached_property
    def alike(self) -> Floats:
        """Papers × papers, cosine of the latent vectors."""
        return exact(self.documents.latent, self.documents.latent)

    # Rows that the last batches of readers asked for; papers/readers.py keeps them.

    @cached_property
    def searched(self) -> dict[str, Floats]:
        """Scores of searches for every paper."""
        return {}

    @cached_property
    def held(self) -> dict[str, Floats]:
        """Which papers hold a keyword."""
        return {}

    @cached_property
    def near(self) -> dict[int, Floats]:
        """Nearness of liked papers to the pool's and to ordinary ones."""
        return {}

    @cached_property
    def sample(self) -> Documents:
        """The ordinary papers that profiles are measured against."""
        step = max(len(self.ordinary) // SAMPLE, 1)
        return self.ordinary.take(range(0, len(self.ordinary), step)[:SAMPLE])

    @cached_property
    def grown(self) -> Ints:
        """By how many votes each paper rose over the week, 0 where it did not."""
        none = Rise(0, 0)
        return np.array([self.rises.get(int(pk), none).gained for pk in self.paper_ids], np.int64)

    @cached_property
    def best_topic(self) -> Ints:
        """Of the topics that each paper belongs to the column it fits best, -1 without any."""
        if not len(self.topic_ids):
            return np.full(len(self), -1)
        return np.where(self.members.any(axis=0), self.topic_scores.argmax(axis=1), -1)


@dataclass(frozen=True)
class Interests:
    """Everything the batch's readers care about, a row each, in the order of their readers."""

    owner: Ints  # position of the reader in the batch, ascending
    topic: Ints  # column in Pool.topic_scores, or -1
    search: Ints  # row in Readers.search_scores, or -1
    weight: Floats  # 1 is normal
    likes: csr_matrix  # interests × Readers.liked_*: weight of each like; below 0: "less of this"
    liked_on: Ints  # day of each like (date.toordinal), parallel to likes.data

    def __len__(self) -> int:
        return len(self.owner)


@dataclass(frozen=True)
class Readers:
    """A batch of m readers with their interests."""

    ids: Ints
    limits: Ints  # full items in a letter, 3 to 8
    wants_surprise: Bools
    interests: Interests
    follows: csr_matrix  # readers × Pool.author_ids
    muted_authors: csr_matrix
    doubted_authors: csr_matrix  # of papers marked "not these people"
    wanted: csr_matrix  # readers × keywords
    muted: csr_matrix  # readers × keywords
    keywords: Sequence[str]
    keyword_hits: csr_matrix  # keywords × papers
    searches: Sequence[str]
    search_kinds: Sequence[str]  # search or interest
    search_scores: Floats  # searches × papers
    liked_ids: Ints
    liked_titles: Sequence[str]
    liked_near: Floats  # liked × (papers, then Pool.sample): see `nearness`
    known: csr_matrix  # readers × papers they have answered to, whatever the answer

    def __len__(self) -> int:
        return len(self.ids)


def nearness(pool: Pool, liked: Documents) -> Floats:
    """How alike liked papers are to the pool's, and to ordinary ones."""
    return np.hstack(
        [pool.likeness.between(liked, pool.documents), pool.likeness.between(liked, pool.sample)]
    )
