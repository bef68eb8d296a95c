"""How alike two papers are: in words, in rare words shared, in latent place, in subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from papers.features import Documents, Floats, exact
from papers.sentence_terms import near

# The weight of each kind of likeness, in spreads between ordinary papers. Measured on likes of
# curated lists and on researchers' own papers: docs/ranking.md.
WEIGHTS = {"words": 1.0, "shared": 0.5, "latent": 1.0, "subjects": 0.5, "sentences": 1.0}
# The spreads assumed where too few papers are known to measure them.
ASSUMED = {"words": 0.011, "shared": 10.0, "latent": 0.068, "subjects": 0.83, "sentences": 0.1}
SENTENCES = "sentences"  # of the model that an operator may install: papers/sentence_terms.py
MEASURED_ON = 128  # ordinary papers on each side of the comparison


@dataclass(frozen=True)
class Likeness:
    """A weighted sum of four inner products: the likeness to a mean of papers is the mean of the
    likenesses, which makes profiles a closed form and lets each liked paper answer for its part."""

    spreads: dict[str, float]

    @classmethod
    def of(cls, ordinary: Documents) -> Likeness:
        if len(ordinary) < 2 * MEASURED_ON:
            read = ordinary.sentences is not None
            return cls(
                {name: value for name, value in ASSUMED.items() if read or name != SENTENCES}
            )
        here = ordinary.take(range(MEASURED_ON))
        there = ordinary.take(range(MEASURED_ON, 2 * MEASURED_ON))
        measured = {
            name: float(values.std(axis=1).mean()) for name, values in _terms(here, there).items()
        }
        return cls({name: value or ASSUMED[name] for name, value in measured.items()})

    def between(self, some: Documents, others: Documents) -> Floats:
        """some × others."""
        total = np.zeros((len(some), len(others)), np.float32)
        for name, values in _terms(some, others).items():
            if name not in self.spreads:  # the ordinary papers were read without sentence model
                continue
            total += values * np.float32(WEIGHTS[name] / self.spreads[name])
        return total


def _terms(some: Documents, others: Documents) -> dict[str, Floats]:
    holds = some.words.copy()
    holds.data = np.ones_like(holds.data)
    return {
        "words": _dense(some.words @ others.words.T),
        "shared": _dense(holds @ others.matches.T),
        "latent": exact(some.latent, others.latent),
        "subjects": exact(some.subjects, others.subjects),
        **near(SENTENCES, some.sentences, others),
    }


def _dense(matrix: csr_matrix) -> Floats:
    return np.asarray(matrix.toarray(), dtype=np.float32)
