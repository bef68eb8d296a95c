"""What a paper will probably get before anybody has voted: the cold start of the trend.

Two ridge regressions on the logarithm of earlier papers' votes, both in closed form:

text     latent place, subjects, and whether the abstract names a link; papers that no community
         listed count as without votes, and all of them together as much as all the listed ones
listed   that text estimate, the records of the submitter and of the authors (the best one's, the
         first one's, the mean), code, project page and the number of authors; known only of papers
         that a community listed

A record is the mean of what somebody's earlier papers got above the ordinary, drawn to 0 as if
RECORD more papers had been ordinary. While the second regression is fitted, each paper's own votes
are left out of the records and of the text estimate that it is given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from papers.features import Documents

Doubles = NDArray[np.float64]

RECORD = 3.0  # papers' worth of doubt in a record
TEXT_RIDGE = 20.0  # pulls the text's weights to 0, in papers
LISTED_RIDGE = 1.0  # the same for the facts
SUBJECTS = 0.2  # scale of the subjects beside latent vectors of length 1
LEAST = 30  # listed papers with votes from which anything is learned
LINKS = frozenset({"http", "https", "github"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a listed paper on its first morning."""

    submitter: str = ""
    authors: tuple[str, ...] = ()
    code: bool = False
    project: bool = False


@dataclass(frozen=True)
class Line:
    """A fitted straight line: level + (x - middle) · slope."""

    level: float
    middle: Doubles
    slope: Doubles

    @classmethod
    def fit(cls, x: Doubles, y: Doubles, ridge: float, weight: Doubles) -> Line:
        share = weight / weight.sum()
        middle, level = share @ x, float(share @ y)
        heavy = (x - middle) * weight[:, None]
        gram = heavy.T @ (x - middle) + ridge * np.eye(x.shape[1])
        return cls(level, middle, np.linalg.solve(gram, heavy.T @ (y - level)))

    def at(self, x: Doubles) -> Doubles:
        values: Doubles = self.level + (x - self.middle) @ self.slope
        return values

    def at_without(self, x: Doubles, y: Doubles, ridge: float, weight: Doubles) -> Doubles:
        """For the papers it was fitted on: what it would say without the paper itself."""
        centred = x - self.middle
        gram = (centred * weight[:, None]).T @ centred + ridge * np.eye(x.shape[1])
        pull = weight * np.einsum("ij,ij->i", centred, np.linalg.solve(gram, centred.T).T)
        pull = np.minimum(pull, 0.9)
        values: Doubles = (self.at(x) - pull * y) / (1 - pull)
        return values


@dataclass(frozen=True)
class Records:
    """What submitters and authors had above the ordinary, and with how many papers."""

    submitters: dict[str, tuple[float, int]] = field(default_factory=dict)
    authors: dict[str, tuple[float, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Sequence[Facts], above: Doubles) -> Records:
        values = above.tolist()
        return cls(
            _sums((fact.submitter, v) for fact, v in zip(facts, values, strict=True)),
            _sums((a, v) for fact, v in zip(facts, values, strict=True) for a in set(fact.authors)),
        )

    def row(self, fact: Facts, text: float, own: float | None = None) -> list[float]:
        """The regression's inputs; `own` is left out of the records."""
        theirs = [_record(self.authors.get(author), own) for author in fact.authors]
        return [
            text,
            _record(self.submitters.get(fact.submitter), own) if fact.submitter else 0.0,
            max(theirs, default=0.0),
            sum(theirs) / max(len(theirs), 1),
            theirs[0] if theirs else 0.0,
            float(fact.code),
            float(fact.project),
            float(np.log1p(len(fact.authors))),
        ]


@dataclass(frozen=True)
class Prospects:
    text: Line | None = None
    listed: Line | None = None
    records: Records = field(default_factory=Records)

    @classmethod
    def fit(
        cls, documents: Documents, votes: Doubles, facts: Sequence[Facts | None] = ()
    ) -> Prospects:
        """`votes`: final ones of each document, NaN where no community listed it.

        `facts`: of each document, None or left out where not known. With fewer than LEAST papers
        listed nothing is learned, and every paper has the same prospects.
        """
        known = ~np.isnan(votes)
        if known.sum() < LEAST or known.all():
            return cls()
        x, y = inputs(documents), np.log1p(np.nan_to_num(votes))
        weight = np.where(known, (~known).sum() / known.sum(), 1.0)
        text = Line.fit(x, y, TEXT_RIDGE, weight)
        rows = [n for n in np.flatnonzero(known).tolist() if n < len(facts) and facts[n]]
        if len(rows) < LEAST:
            return cls(text)
        told = [fact for n in rows if (fact := facts[n])]
        guess = text.at_without(x[rows], y[rows], TEXT_RIDGE, weight[rows])
        return cls(text, *_fit_listed(told, y[rows], guess))

    def votes(self, documents: Documents, facts: Sequence[Facts | None]) -> Doubles | None:
        """Expected final votes and one more, above 0; None where nothing was learned."""
        if self.text is None:
            return None
        guess = self.text.at(inputs(documents))
        if self.listed is not None:
            for n, fact in enumerate(facts):
                if fact:
                    row = self.records.row(fact, guess[n])
                    guess[n] = self.listed.at(np.array([row]))[0]
        return np.asarray(np.exp(np.clip(guess, -4, 8)), dtype=np.float64)


def inputs(documents: Documents) -> Doubles:
    links = [[float(not LINKS.isdisjoint(text))] for text in documents.texts]
    columns = [documents.latent, documents.subjects * SUBJECTS, np.reshape(links, (-1, 1))]
    return np.hstack(columns).astype(np.float64)


def _fit_listed(facts: Sequence[Facts], y: Doubles, guess: Doubles) -> tuple[Line, Records]:
    above = y - y.mean()
    records = Records.of(facts, above)
    rows = [
        records.row(fact, text, own)
        for fact, text, own in zip(facts, guess.tolist(), above.tolist(), strict=True)
    ]
    return Line.fit(np.array(rows), y, LISTED_RIDGE, np.ones(len(y))), records


def _record(known: tuple[float, int] | None, own: float | None) -> float:
    total, number = known or (0.0, 0)
    if own is not None:
        total, number = total - own, number - 1
    return total / (number + RECORD)


def _sums(pairs: Iterable[tuple[str, float]]) -> dict[str, tuple[float, int]]:
    total: dict[str, float] = defaultdict(float)
    number: Counter[str] = Counter()
    for name, value in pairs:
        if name:
            total[name] += value
            number[name] += 1
    return {name: (total[name], number[name]) for name in total}
