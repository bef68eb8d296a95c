"""Pools and readers of random numbers: no database, no texts worth reading."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
from scipy.sparse import csr_matrix

from papers.candidates import Pool
from papers.features import Document, Documents, fit, steps, unit_steps
from papers.likeness import Likeness
from papers.readers import DISLIKE, Liked, Opinion, Reader

NOW = datetime(2026, 2, 20, 7, tzinfo=UTC)
TOPICS, AUTHORS, LIKED, WORDS = 6, 12, 20, ("bee", "code", "gene", "robot", "star")


FEATURES = fit([Document("bee code gene"), Document("robot star gene")])


def make_documents(number: int, chance: np.random.Generator) -> Documents:
    width = len(FEATURES.vocabulary)
    values = chance.random((number, width)) * (chance.random((number, width)) < 0.4)
    held = csr_matrix(values, dtype="f4")
    texts = [[WORDS[n] for n in chance.integers(0, len(WORDS), 2)] for _ in range(number)]
    return Documents(
        held,
        held * 2,
        unit_steps(chance.normal(size=(number, FEATURES.latent.shape[1])).astype(np.float32)),
        steps(chance.normal(size=(number, len(FEATURES.codes))).astype(np.float32)),
        texts,
        [()] * number,
    )


def make_pool(seed: int = 0, papers: int = 40) -> Pool:
    chance = np.random.default_rng(seed)
    scores = chance.uniform(-1, 3, (papers, TOPICS)) * (chance.random((papers, TOPICS)) < 0.4)
    authorship = csr_matrix((chance.random((papers, AUTHORS)) < 0.1).astype(np.float32))
    return Pool(
        paper_ids=np.arange(100, 100 + papers),
        published=NOW.timestamp() - chance.uniform(0, 7, papers) * 86_400,
        trend=chance.random(papers).astype(np.float32),
        trend_facts=[{"field": "", "upvotes": 3, "hours": 5}] * papers,
        topic_ids=np.arange(TOPICS) + 1,
        topic_names=[f"Topic {n}" for n in range(TOPICS)],
        topic_scores=np.maximum(scores, 0).astype(np.float32),
        phrases={},
        author_ids=np.arange(AUTHORS) + 1,
        author_names=[f"Author {n}" for n in range(AUTHORS)],
        authorship=authorship,
        features=FEATURES,
        documents=make_documents(papers, chance),
        ordinary=make_documents(60, chance),
        likeness=Likeness.of(make_documents(0, chance)),
    )


def make_liked(seed: int = 0) -> Liked:
    chance = np.random.default_rng(seed + 1)
    scores = chance.uniform(0, 2, (LIKED, TOPICS)).astype(np.float32)
    ids = list(range(1, LIKED + 1))
    return Liked(ids, [f"Liked {n}" for n in ids], make_documents(LIKED, chance), scores)


def make_readers(number: int, seed: int = 0) -> list[Reader]:
    """Readers of every kind, also such as said nothing."""
    chance = np.random.default_rng(seed + 2)

    def some(population: int, most: int) -> list[int]:
        return (chance.permutation(population)[: chance.integers(0, most + 1)] + 1).tolist()

    return [
        Reader(
            n + 1,
            limit=int(chance.integers(3, 9)),
            wants_surprise=bool(chance.random() < 0.5),
            topics={pk: float(chance.choice([0.7, 1.0, 1.3])) for pk in some(TOPICS, 3)},
            follows=some(AUTHORS, 2),
            muted_authors=some(AUTHORS, 1),
            doubted_authors=some(AUTHORS, 1),
            wanted=[WORDS[pk - 1] for pk in some(len(WORDS), 1)],
            muted=[WORDS[pk - 1] for pk in some(len(WORDS), 1)],
            opinions=[
                Opinion(pk, date(2026, 2, 1), float(chance.choice([1.0, 1.0, DISLIKE])))
                for pk in some(LIKED, 6)
            ],
            known=[99 + pk for pk in some(40, 3)],
        )
        for n in range(number)
    ]
