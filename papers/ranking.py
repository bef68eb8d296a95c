"""Which papers a reader gets, and why: pure functions over a pool and a batch of readers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from papers.candidates import (
    Bools,
    Choice,
    Floats,
    Interests,
    Ints,
    Pick,
    Pool,
    Readers,
    Reason,
    Seen,
)
from papers.explanation import Explainer
from papers.relevance import TRENDING, Scores, score, sent_matrix
from papers.selection import Shortlist, select, shortlist

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
        listed = shortlist(scores.final)
        chosen = select(
            listed, _main_interest(scores, readers, listed), pool.alike,
            np.full(len(rows), ENTRIES),
        )  # fmt: skip
        outside = _outside(pool, readers, scores)
        for n, reader in enumerate(rows):
            papers = listed.papers[n, chosen[n][chosen[n] >= 0]]
            picks = _letter(explainer, scores, reader, papers, int(outside[n]))
            belonging = int((scores.final[n] > 0).sum())
            shown = sum(pick.section != "outside" for pick in picks)
            yield Choice(int(readers.ids[reader]), picks, len(pool), belonging - shown)


def _letter(
    explainer: Explainer, scores: Scores, reader: int, papers: Ints, outside: int
) -> tuple[Pick, ...]:
    """Lay the chosen papers out in the sections of a letter."""
    if not len(papers):
        return ()
    row = reader - scores.readers.start
    top = papers[np.argmax(scores.final[row, papers])]
    rest = [int(paper) for paper in papers if paper != top]
    limit = int(explainer.readers.limits[reader])
    followed = [p for p in rest if scores.followed[row, p]][: min(FOLLOWED, limit - 1)]
    others = [p for p in rest if p not in followed]
    more = others[: limit - 1 - len(followed)]
    room = ENTRIES - 1 - len(followed) - len(more) - (outside >= 0)
    also = others[len(more) :][: min(ALSO, room)]
    sections = [("top", [int(top)]), ("followed", followed), ("more", more)]
    sections += [("outside", [outside] if outside >= 0 else []), ("also", also)]
    return tuple(
        Pick(
            int(explainer.pool.paper_ids[paper]),
            section,
            float(scores.final[row, paper]),
            explainer.exploration(paper)
            if section == "outside"
            else explainer.reasons(scores, reader, paper),
        )
        for section, listed in sections
        for paper in listed
    )


def _main_interest(scores: Scores, readers: Readers, listed: Shortlist) -> Ints:
    """Readers × listed: which of the reader's interests each paper is there for, -1 for none."""
    owner = readers.interests.owner[scores.interests.start : scores.interests.stop]
    owner = owner - scores.readers.start
    main = np.full(listed.papers.shape, -1)
    best = np.zeros(listed.papers.shape, np.float32)
    starts = np.searchsorted(owner, np.arange(len(main)))
    number = np.bincount(owner, minlength=len(main))
    for n in range(int(number.max(initial=0))):
        having = np.flatnonzero(number > n)
        rows = starts[having] + n
        worth = scores.by_interest[rows[:, None], listed.papers[having]]
        better = worth > best[having]
        best[having] = np.where(better, worth, best[having])
        main[having] = np.where(better, n, main[having])
    return main


def _outside(pool: Pool, readers: Readers, scores: Scores) -> Ints:
    """The strongest trending paper outside each reader's interests, -1 where there is none."""
    if not len(pool):
        return np.full(len(scores.readers), -1)
    part = slice(scores.readers.start, scores.readers.stop)
    worth: Floats = np.where(pool.trend >= TRENDING, pool.trend * scores.freshness, 0)
    worth = np.where(pool.best_topic >= 0, worth, worth / 2)  # better one that can be followed
    far: Bools = (scores.relevance < 0.5) & ~scores.barred
    offered = np.where(far, worth[None, :], 0)
    best = offered.argmax(axis=1)
    found = (offered.max(axis=1) > 0) & readers.wants_surprise[part]
    return np.where(found, best, -1)
