"""What is said of the paper from outside a reader's topics is true of it."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import reasons
from papers import ranking
from papers.readers import Reader, arrays
from papers.relevance import score, sent_matrix
from tests.papers.crowds import NOW, make_liked, make_pool, make_readers

SEEDS = st.integers(0, 10_000)


def surprises(pool, readers, seen=()):
    """Row of the reader, position of the paper, facts of the reason."""
    for row, choice in enumerate(ranking.choose(pool, readers, seen=seen, now=NOW)):
        for pick in choice.picks:
            if pick.section == "outside":
                yield row, pool.position[pick.paper_id], pick.reasons[0].facts


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_a_surprise_leads_where_it_is_said_to_lead(seed):
    pool, liked = make_pool(seed), make_liked(seed)
    people = [replace(reader, wants_surprise=True) for reader in make_readers(12, seed)]
    readers = arrays(people, pool, liked)
    seen = [(reader.id, 100 + (seed + reader.id) % len(pool)) for reader in people]
    sent = sent_matrix(pool, readers, seen)
    scores = score(pool, readers, range(len(people)), now=NOW, sent=sent)

    found = list(surprises(pool, readers, seen))

    for row, paper, facts in found:
        rivals = ~scores.barred[row]
        if facts["topic"]:
            column = pool.topic_names.index(facts["topic"])
            assert pool.topic_scores[paper, column] >= 1, "it belongs there"
            assert pool.topic_ids[column] not in people[row].topics, "and they do not follow it"
            rivals &= pool.topic_scores[:, column] >= 1
        else:
            assert pool.topic_scores[paper].max() < 1
            rivals &= ~scores.belongs[row]
        assert not facts["leads"] or pool.trend[paper] >= pool.trend[rivals].max()


def test_all_that_may_be_said_is_said_of_some_paper():
    said = set()
    for seed in range(60):
        pool, liked = make_pool(seed), make_liked(seed)
        people = [replace(reader, wants_surprise=True) for reader in make_readers(12, seed)]
        found = surprises(pool, arrays(people, pool, liked))
        said |= {(bool(facts["topic"]), facts["leads"]) for _, _, facts in found}

    assert said == {(True, True), (True, False), (False, True), (False, False)}


def pool_of(*papers):
    """Papers given as (trend, scores for topics 1 and 2), each of this morning."""
    pool = make_pool(papers=len(papers))
    scores = np.zeros_like(pool.topic_scores)
    scores[:, :2] = [topics for _, topics in papers]
    return replace(
        pool,
        trend=np.array([trend for trend, _ in papers], dtype=np.float32),
        published=np.full(len(papers), NOW.timestamp()),
        topic_scores=scores,
        authorship=pool.authorship * 0,
    )


def surprise_of(pool):
    reader = Reader(1, limit=6, wants_surprise=True, topics={1: 1.0})
    [(_, paper, facts)] = surprises(pool, arrays([reader], pool, make_liked()))
    return paper, facts


def test_a_topic_it_nearly_belongs_to_is_neither_named_nor_offered():
    pool = pool_of((0.1, (2, 0)), (0.9, (0, 0.9)))

    paper, facts = surprise_of(pool)

    assert paper == 1
    assert facts == {"topic": "", "leads": True}
    line = reasons.sentence([{"kind": "exploration", **facts}])
    assert line == "it leads the papers outside your topics."


def test_it_does_not_lead_where_a_paper_of_the_readers_own_topics_is_stronger():
    pool = pool_of((0.95, (2, 1.5)), (0.9, (0, 1.2)))

    paper, facts = surprise_of(pool)

    assert paper == 1
    assert facts == {"topic": "Topic 1", "leads": False}
    assert reasons.sentence([{"kind": "exploration", **facts}]) == ""
