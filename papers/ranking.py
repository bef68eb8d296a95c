"""Which papers a reader gets, and why: pure functions over a pool and a batch of readers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from papers.candidates import (
    Choice,
    Interests,
    Pick,
    Pool,
    Readers,
    Reason,
    Seen,
)
from papers.explanation import Explainer, best_interest
from papers.relevance import Scores, score, sent_matrix
from papers.selection import select, shortlist
from papers.surprise import Surprises, surprises

CHUNK = 512  # readers at a time: bounds the memory
ENTRIES = 12  # papers in a letter, all sections together
FOLLOWED, ALSO = 3, 5  # most papers of these sections; one is on top, one outside

__all__ = ["Choice", "Interests", "Pick", "Pool", "Readers", "Reason", "choose", "score"]


def choose(pool: Pool, readers: Readers, *, seen: Seen, now: datetime) -> Iterator[Choice]:
    """Each reader's papers, in the order of `readers`; without picks where nothing is good enough.

    `seen` holds what readers already got; pairs of others do no harm. The answer for a reader is
    the same whoever else is in the batch.
    """
    sent = sent_matrix(pool, readers, seen)
    explainer = Explainer(pool, readers)
    for start in range(0, len(readers), CHUNK):
        rows = range(start, min(start + CHUNK, len(readers)))
        scores = score(pool, readers, rows, now=now, sent=sent)
        outside = surprises(pool, readers, scores)
        letters = _letters(pool, readers, scores, outside)
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


def _letters(pool: Pool, readers: Readers, scores: Scores, surprises: Surprises) -> list[_Letter]:
    """What each reader of the chunk gets."""
    listed = shortlist(scores.final)
    size = listed.papers.shape[1]
    every = np.repeat(np.arange(len(scores.readers)), size)
    interest, _ = best_interest(scores, readers, every, listed.papers.ravel())
    limits = np.full(len(scores.readers), ENTRIES)
    chosen = select(listed, interest.reshape(listed.papers.shape), pool.alike, limits)
    outside = surprises.paper.tolist()
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
        letters.append(_lay_out(papers.tolist(), top, followed, limit, outside[n]))
    return letters


def _lay_out(
    papers: list[int], top: int, followed: list[bool], limit: int, outside: int
) -> _Letter:
    """The chosen papers in the sections of a letter."""
    rest = [n for n in range(len(papers)) if n != top]
    theirs = [n for n in rest if followed[n]][: min(FOLLOWED, limit - 1)]
    others = [n for n in rest if n not in theirs]
    more = others[: limit - 1 - len(theirs)]
    room = ENTRIES - 1 - len(theirs) - len(more) - (outside >= 0)
    also = others[len(more) :][: min(ALSO, room)]
    letter = [("top", papers[top])]
    letter += [("followed", papers[n]) for n in theirs]
    letter += [("more", papers[n]) for n in more]
    letter += [("outside", outside)] if outside >= 0 else []
    letter += [("also", papers[n]) for n in also]
    return letter


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
            else:
                yield next(explained)
