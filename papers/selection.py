"""Which few of the good papers go into a letter: varied, and fair to each interest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from papers.candidates import Bools, Floats, Ints

CONSIDERED = 50  # best papers of a reader that are weighed against each other
RELEVANT = 0.8  # weight of the score beside being unlike what is already chosen (MMR)
SHARE = 0.4  # of the letter that one interest may take while another has a paper to offer


@dataclass(frozen=True)
class Shortlist:
    """The best papers of each reader, best first; readers × CONSIDERED."""

    papers: Ints  # positions in the pool
    scores: Floats  # 0 where the list is shorter


def shortlist(final: Floats, *, size: int = CONSIDERED) -> Shortlist:
    """Sort the papers of each reader; at equal scores the earlier one in the pool is first."""
    size = min(size, final.shape[1])
    if size < final.shape[1]:
        best = np.argpartition(-final, size - 1, axis=1)[:, :size]
        best.sort(axis=1)
    else:
        best = np.broadcast_to(np.arange(size), (final.shape[0], size))
    scores = np.take_along_axis(final, best, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    return Shortlist(
        np.take_along_axis(best, order, axis=1), np.take_along_axis(scores, order, axis=1)
    )


def select(listed: Shortlist, interest: Ints, likeness: Floats, limits: Ints) -> Ints:
    """Choose up to `limits` papers of each reader, in the order chosen.

    `interest`: which interest each listed paper is there for. Returns columns of the shortlist,
    readers × the largest limit, -1 where nothing is left.
    """
    readers, size = listed.scores.shape
    rounds = int(limits.max(initial=0))
    chosen = np.full((readers, rounds), -1)
    if not size:
        return chosen
    every = np.arange(readers)
    strength = listed.scores / np.maximum(listed.scores[:, :1], 1e-9)
    free = listed.scores > 0
    nearest = np.zeros_like(strength)
    for n in range(rounds):
        full = _is_full(interest, chosen[:, :n], limits)
        worth = RELEVANT * strength - (1 - RELEVANT) * nearest
        # A full interest gives way to the others, yet its papers beat an empty place.
        worth = np.where(free, np.where(full, worth - 10, worth), -np.inf)
        best = worth.argmax(axis=1)
        taken = free[every, best] & (n < limits)
        chosen[taken, n] = best[taken]
        free[every[taken], best[taken]] = False
        papers = listed.papers[every, best]
        near = likeness[listed.papers, papers[:, None]]
        nearest = np.where(taken[:, None], np.maximum(nearest, near), nearest)
    return chosen


def _is_full(interest: Ints, chosen: Ints, limits: Ints) -> Bools:
    """Readers × listed: whether that paper's interest has had its share of the letter."""
    share = np.maximum(np.ceil(SHARE * limits), 1)
    taken = np.zeros(interest.shape, np.int64)
    for column in range(chosen.shape[1]):
        at = np.maximum(chosen[:, column], 0)[:, None]
        theirs = np.take_along_axis(interest, at, axis=1)
        taken += (interest == theirs) & (chosen[:, column, None] >= 0)
    return np.asarray(taken >= share[:, None], dtype=np.bool_)
