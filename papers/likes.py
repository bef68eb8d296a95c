"""What liked papers say of others: nearness to their weighted mean, and what each like adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from papers.matching import FIRST_DAY, FURTHEST

BELONGS = 4.5  # of the likeness to a profile, in deviations above ordinary papers
ASSUMED_SPREAD = 1.6  # of that likeness, on the first day
TRUST = 0.25  # likes' worth of doubt: one like counts 4/5 of what many that agree would
BLOCK = 1024  # likes at a time: bounds the memory

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Profiles:
    """The likes of some interests, a row each, with their nearness to every paper.

    The score is closed form: the mean nearness to the likes ("less like this" below 0), in
    deviations above ordinary papers, and the more the more likes there are.
    """

    likes: csr_matrix  # rows × liked papers
    near: Floats  # liked papers × (papers, then ordinary ones)
    papers: int
    total: Floats  # rows × (papers, then ordinary ones): sum over the likes
    mass: Doubles  # rows: sum of the likes' weights without their sign
    wanted: Ints  # rows: how many of the likes are above 0

    @classmethod
    def of(cls, likes: csr_matrix, near: Floats, papers: int) -> Profiles:
        # Comparing a sparse matrix would sort it in place, and with it the order of the likes.
        row = np.repeat(np.arange(likes.shape[0]), np.diff(likes.indptr))
        mass = np.bincount(row, np.abs(likes.data), minlength=likes.shape[0]).astype(np.float64)
        wanted = np.bincount(row[likes.data > 0], minlength=likes.shape[0])
        total = np.asarray(likes @ near, dtype=np.float32)
        return cls(likes, near, papers, total, mass, wanted)

    def scores(self) -> Floats:
        """Rows × papers: 1 is where a paper begins to belong."""
        ordinary = self.total[:, self.papers :].astype(np.float64)
        mean, spread = _usual(
            ordinary.sum(axis=1), (ordinary**2).sum(axis=1), ordinary.shape[1], self.mass
        )
        slope, shift = self._line(mean, spread, self.mass)
        raw = self.total[:, : self.papers] * slope.astype(np.float32)[:, None]
        most = (FURTHEST / BELONGS * _trust(self.mass)).astype(np.float32)[:, None]
        scores: Floats = np.clip(raw + shift.astype(np.float32)[:, None], -most, most)
        return scores

    def without(self, rows: Ints, papers: Ints) -> tuple[Ints, Ints, Doubles]:
        """For pairs of a row and a paper, the score that each like's absence would leave.

        Returns, for every like of every pair: which pair, which like (as in likes.data), score.
        """
        number = np.diff(self.likes.indptr)[rows]
        pair = np.repeat(np.arange(len(rows)), number)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(number) - number, number)
        like = self.likes.indptr[rows][pair] + within
        slope, shift, most = self._lines_without()
        weight, column = self.likes.data[like], self.likes.indices[like]
        at = papers[pair]
        left = self.total[rows[pair], at] - weight * self.near[column, at]
        return pair, like, np.clip(slope[like] * left + shift[like], -most[like], most[like])

    def _lines_without(self) -> tuple[Doubles, Doubles, Doubles]:
        """For each like: the score of its row without it is slope × sum + shift, within ± most."""
        row = np.repeat(np.arange(len(self.mass)), np.diff(self.likes.indptr))
        sums, squares = np.zeros(len(row)), np.zeros(len(row))
        for start in range(0, len(row), BLOCK):
            part = slice(start, start + BLOCK)
            own = self.near[self.likes.indices[part], self.papers :]
            left = self.total[row[part], self.papers :].astype(np.float64)
            left -= self.likes.data[part, None] * own
            sums[part] = left.sum(axis=1)
            squares[part] = (left * left).sum(axis=1)
        mass = self.mass[row] - np.abs(self.likes.data)
        mean, spread = _usual(sums, squares, self.near.shape[1] - self.papers, mass)
        slope, shift = self._line(mean, spread, mass)
        return slope, shift, FURTHEST / BELONGS * _trust(mass)

    def _line(self, mean: Doubles, spread: Doubles, mass: Doubles) -> tuple[Doubles, Doubles]:
        scale = _trust(mass) / (spread * BELONGS)
        return scale / np.maximum(mass, 1e-9), -scale * mean


def _trust(mass: Doubles) -> Doubles:
    return mass / (mass + TRUST)


def _usual(sums: Doubles, squares: Doubles, number: int, mass: Doubles) -> tuple[Doubles, Doubles]:
    """Mean and spread of a profile's nearness to ordinary papers, drawn to 0 and the assumed."""
    divisor = np.maximum(mass, 1e-9)
    sums, squares = sums / divisor, squares / divisor**2
    mean = sums / (number + FIRST_DAY)
    around = np.maximum(squares - 2 * mean * sums + number * mean**2, 0)
    spread = np.sqrt((around + FIRST_DAY * ASSUMED_SPREAD**2) / (number + FIRST_DAY))
    return mean, spread
