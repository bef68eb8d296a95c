"""What letters of the past days would have held: the formula of today's letter, day after day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from papers.candidates import DAILY, Choice, Ints, Pool, Readers, Shape
from papers.ranking import choose
from papers.relevance import TRENDING, score, sent_matrix

POOL_DAYS = 7  # as an edition's


@dataclass(frozen=True, slots=True)
class Past:
    """A letter that was due, or would have been."""

    on: date  # of the edition: the newest papers are of this day
    at: datetime


def run(
    pool: Pool, readers: Readers, letters: Sequence[Past], *, shape: Shape = DAILY
) -> Iterator[list[Choice]]:
    """For each letter, earliest first, what each reader of the batch would have got.

    `pool` holds the papers of all those days, with what is known of them today: their votes are
    today's, and the readers' answers too. Nobody gets a paper twice.
    """
    pool, readers = _within(pool, readers, _eligible(pool, readers))
    seen: list[tuple[int, int]] = []
    for letter in letters:
        rows = _candidates(pool, letter.on)
        part = _within(pool, readers, rows)
        chosen = list(choose(*part, seen=seen, now=letter.at, shape=shape))
        seen += [(one.subscriber_id, pick.paper_id) for one in chosen for pick in one.picks]
        yield chosen


def _eligible(pool: Pool, readers: Readers) -> Ints:
    """Papers that may stand in any letter of theirs; what is left out could be in none."""
    now = datetime.fromtimestamp(float(pool.published.max(initial=0)), UTC)
    sent = sent_matrix(pool, readers, ())
    scores = score(pool, readers, range(len(readers)), now=now, sent=sent)
    return np.flatnonzero(scores.belongs.any(axis=0) | (pool.trend >= TRENDING))


def _candidates(pool: Pool, on: date) -> Ints:
    """The papers first listed in the seven days up to and with `on`."""
    end = datetime.combine(on, time(), UTC) + timedelta(days=1)
    start = end - timedelta(days=POOL_DAYS)
    in_time = (pool.published >= start.timestamp()) & (pool.published < end.timestamp())
    return np.flatnonzero(in_time)


def _within(pool: Pool, readers: Readers, rows: Ints) -> tuple[Pool, Readers]:
    """Only these papers, in their order; the readers stay."""
    place = {int(row): n for n, row in enumerate(rows)}
    near = readers.liked_near
    part = replace(
        pool,
        paper_ids=pool.paper_ids[rows],
        published=pool.published[rows],
        trend=pool.trend[rows],
        trend_facts=[pool.trend_facts[row] for row in rows],
        topic_scores=pool.topic_scores[rows],
        phrases={
            (place[paper], topic): phrase
            for (paper, topic), phrase in pool.phrases.items()
            if paper in place
        },
        authorship=pool.authorship[rows],
        documents=pool.documents.take(rows.tolist()),
    )
    theirs = replace(
        readers,
        keyword_hits=readers.keyword_hits[:, rows],
        search_scores=readers.search_scores[:, rows],
        liked_near=np.hstack([near[:, rows], near[:, len(pool) :]]),
        known=readers.known[:, rows],
    )
    return part, theirs
