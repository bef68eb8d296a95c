"""How alike two papers are: in words, in rare words shared, in latent place, in subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from papers.features import Documents, Floats, exact, unit_steps
from papers.sentence_terms import near

# The weight of each kind of likeness, in spreads between ordinary papers. Measured on likes of
# curated lists and on researchers' own papers: docs/ranking.md.
WEIGHTS = {"words": 1.0, "shared": 0.5, "latent": 1.0, "subjects": 0.5, "sentences": 1.0}
# The spreads assumed where too few papers are known to measure them.
ASSUMED = {"words": 0.011, "shared": 10.0, "latent": 0.068, "subjects": 0.83, "sentences": 0.1}
SENTENCES = "sentences"  # of the model that an operator may install: papers/sentence_terms.py
LEAST_SPREAD = 1e-3  # of a latent dimension that no ordinary paper has anything in
MEASURED_ON = 128  # ordinary papers on each side of the comparison


@dataclass(frozen=True)
class Likeness:
    """A weighted sum of four inner products: the likeness to a mean of papers is the mean of the
    likenesses, which makes profiles a closed form and lets each liked paper answer for its part.

    Latent places are seen from the middle of the ordinary papers: what all papers share says
    nothing of two of them. Each dimension is divided by the root of its spread there, half the way
    to whitening: else the few that tell the great fields apart would say almost everything.
    """

    spreads: dict[str, float]
    middle: Floats | float = 0.0  # mean latent vector of ordinary papers
    scale: Floats | float = 1.0  # root of each dimension's spread among them

    @classmethod
    def of(cls, ordinary: Documents) -> Likeness:
        if len(ordinary) < 2 * MEASURED_ON:
            read = ordinary.sentences is not None
            return cls(
                {name: value for name, value in ASSUMED.items() if read or name != SENTENCES}
            )
        middle = ordinary.latent.mean(axis=0)
        scale = np.sqrt(np.maximum(ordinary.latent.std(axis=0), LEAST_SPREAD))
        here = ordinary.take(range(MEASURED_ON))
        there = ordinary.take(range(MEASURED_ON, 2 * MEASURED_ON))
        terms = cls(ASSUMED, middle, scale).terms(here, there)
        measured = {name: float(values.std(axis=1).mean()) for name, values in terms.items()}
        return cls(
            {name: value or ASSUMED[name] for name, value in measured.items()}, middle, scale
        )

    def between(self, some: Documents, others: Documents) -> Floats:
        """some × others."""
        total = np.zeros((len(some), len(others)), np.float32)
        for name, values in self.terms(some, others).items():
            if name not in self.spreads:  # the ordinary papers were read without sentence model
                continue
            total += values * np.float32(WEIGHTS[name] / self.spreads[name])
        return total

    def terms(self, some: Documents, others: Documents) -> dict[str, Floats]:
        """Each some × others, in its own units."""
        holds = some.words.copy()
        holds.data = np.ones_like(holds.data)
        return {
            "words": _dense(some.words @ others.words.T),
            "shared": _dense(holds @ others.matches.T),
            "latent": exact(self._place(some), self._place(others)),
            "subjects": exact(some.subjects, others.subjects),
            **near(SENTENCES, some.sentences, others),
        }

    def _place(self, papers: Documents) -> Floats:
        return unit_steps((papers.latent - self.middle) / self.scale)


def _dense(matrix: csr_matrix) -> Floats:
    return np.asarray(matrix.toarray(), dtype=np.float32)
