"""Which papers a reader gets, and why: pure functions over a pool and a batch of readers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from papers.candidates import (
    DAILY,
    SHAPES,
    Choice,
    Interests,
    Ints,
    Pick,
    Pool,
    Readers,
    Reason,
    Seen,
    Shape,
)
from papers.explanation import Explainer, best_interest
from papers.relevance import Scores, score, sent_matrix
from papers.selection import select, shortlist
from papers.surprise import Surprises, surprises

CHUNK = 512  # readers at a time: bounds the memory
FOLLOWED = 3  # most papers of this section; one is on top

__all__ = [
    "SHAPES", "Choice", "Interests", "Pick", "Pool", "Readers", "Reason", "Shape",
    "choose", "score",
]  # fmt: skip


def choose(
    pool: Pool, readers: Readers, *, seen: Seen, now: datetime, shape: Shape = DAILY
) -> Iterator[Choice]:
    """Each reader's papers, in the order of `readers`; without picks where nothing is good enough.

    `seen` holds what readers already got; pairs of others do no harm. The answer for a reader is
    the same whoever else is in the batch. `shape` is that of a day's or of a week's letter.
    """
    sent = sent_matrix(pool, readers, seen)
    explainer = Explainer(pool, readers)
    for start in range(0, len(readers), CHUNK):
        rows = range(start, min(start + CHUNK, len(readers)))
        scores = score(pool, readers, rows, now=now, sent=sent)
        outside = surprises(pool, readers, scores)
        letters = _letters(pool, readers, scores, outside.paper, shape)
        reasons = _explain(explainer, scores, letters, outside)
        belonging = np.count_nonzero(scores.final, axis=1).tolist()
        for reader, letter, belong in zip(rows, letters, belonging, strict=True):
            worth = scores.final[reader - start, [paper for _, paper in letter]].tolist()
            picks = tuple(
                Pick(int(pool.paper_ids[paper]), section, value, next(reasons))
                for (section, paper), value in zip(letter, worth, strict=True)
            )
            shown = sum(section != "outside" for section, _ in letter)
            yield Choice(int(readers.ids[reader]), picks, len(pool), belong - shown)


# A section and a position in the pool, in the order of the letter.
_Letter = list[tuple[str, int]]


def _letters(
    pool: Pool, readers: Readers, scores: Scores, surprises: Ints, shape: Shape
) -> list[_Letter]:
    """What each reader of the chunk gets."""
    listed = shortlist(scores.final)
    size = listed.papers.shape[1]
    every = np.repeat(np.arange(len(scores.readers)), size)
    interest, _ = best_interest(scores, readers, every, listed.papers.ravel())
    limits = np.full(len(scores.readers), shape.entries)
    chosen = select(listed, interest.reshape(listed.papers.shape), pool.alike, limits)
    outside = surprises.tolist()
    part = slice(scores.readers.start, scores.readers.stop)
    letters: list[_Letter] = []
    for n, limit in enumerate(readers.limits[part].tolist()):
        columns = chosen[n][chosen[n] >= 0]
        papers = listed.papers[n, columns]
        if not len(papers):
            letters.append([])
            continue
        # The shortlist is sorted: its first column is the best.
        top = int(columns.argmin())
        followed = scores.followed[n, papers].tolist()
        grown = pool.grown[papers].tolist() if shape.rising else []
        letters.append(_lay_out(papers.tolist(), top, followed, limit, outside[n], shape, grown))
    return letters


def _lay_out(
    papers: list[int],
    top: int,
    followed: list[bool],
    limit: int,
    outside: int,
    shape: Shape,
    grown: list[int],
) -> _Letter:
    """The chosen papers in the sections of a letter; `grown` by how many votes, where it counts."""
    rest = [n for n in range(len(papers)) if n != top]
    theirs = [n for n in rest if followed[n]][: min(FOLLOWED, limit - 1)]
    others = [n for n in rest if n not in theirs]
    more = others[: limit - 1 - len(theirs)]
    left = others[len(more) :]
    rising = _strongest(left, grown, shape.rising) if shape.rising else []
    short = len(rising) + (outside >= 0)
    room = min(shape.entries - 1 - len(theirs) - len(more), shape.short) - short
    also = [n for n in left if n not in rising][: min(shape.also, room)]
    letter = [("top", papers[top])]
    letter += [("followed", papers[n]) for n in theirs]
    letter += [("more", papers[n]) for n in more]
    letter += [("rising", papers[n]) for n in rising]
    letter += [("outside", outside)] if outside >= 0 else []
    letter += [("also", papers[n]) for n in also]
    return letter


def _strongest(left: list[int], grown: list[int], most: int) -> list[int]:
    """Of the papers without a place those that rose most; at equal rises the better one first."""
    return sorted((n for n in left if grown[n]), key=lambda n: -grown[n])[:most]


def _explain(
    explainer: Explainer, scores: Scores, letters: list[_Letter], outside: Surprises
) -> Iterator[tuple[Reason, ...]]:
    """The reasons of all papers of all letters, in their order."""
    within = [
        (row, paper)
        for row, letter in enumerate(letters)
        for section, paper in letter
        if section != "outside"
    ]
    pairs = np.array(within, dtype=np.int64).reshape(-1, 2)
    explained = iter(explainer.explain(scores, pairs[:, 0], pairs[:, 1]))
    told = zip(outside.topic.tolist(), outside.leads.tolist(), strict=True)
    for letter, (topic, leads) in zip(letters, told, strict=True):
        for section, paper in letter:
            if section == "outside":
                yield explainer.exploration(paper, topic, leads=leads)
            elif section == "rising":
                yield (*next(explained), explainer.rising(paper))
            else:
                yield next(explained)
