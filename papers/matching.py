"""How well a paper fits a topic, from the operator's words alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from papers.features import Documents, Features, terms
from papers.words import content, stems

Floats = NDArray[np.float32]

# Weights of the terms, each measured in standard deviations over ordinary papers.
WORDS, PHRASE, LATENT, CATEGORY = 1.0, 0.7, 0.5, 0.3
# Words of the description count less than the name's and the keywords'.
DESCRIPTION = 0.4
LONGEST_PHRASE = 6
FIRST_DAY = 50  # ordinary papers that the assumed spreads are worth
# The spreads assumed, in the units of each term, before any paper is known.
USUAL = {"words": 2.0, "phrase": 0.2, "latent": 0.15, "category": 0.3}
# A score from which a paper belongs to a topic, in standard deviations above ordinary papers.
BELONGS = 4.0


@dataclass(frozen=True)
class TopicText:
    """A topic, a saved search or a reader's free text, in words."""

    name: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    categories: tuple[str, ...] = ()

    def phrases(self) -> list[str]:
        """The keywords (the name where there are none) and what means the same."""
        wanted = list(self.keywords) or [self.name]
        known = {tuple(stems(phrase)) for phrase in [self.name, *wanted]}
        for group in self.synonyms:
            if any(tuple(stems(word)) in known for word in group):
                wanted.extend(group)
        return list(dict.fromkeys(wanted))


@dataclass(frozen=True)
class Matches:
    """Scores of topics (rows) for documents (columns): 1 is where a paper begins to belong."""

    scores: Floats
    phrases: dict[tuple[int, int], str]  # (topic, document): the phrase found, as it was written


def match(
    topics: Sequence[TopicText], documents: Documents, features: Features, ordinary: Documents
) -> Matches:
    """Score each topic for each document; `ordinary` papers say what no match looks like."""
    queries = Queries.of(topics, features)
    found = hits(topics, documents.texts)
    usual = hits(topics, ordinary.texts)
    total = np.zeros((len(topics), len(documents)), np.float32)
    for name, weight, here, there in (
        ("words", WORDS, queries.words(documents), queries.words(ordinary)),
        ("phrase", PHRASE, np.log1p(found.counts), np.log1p(usual.counts)),
        ("latent", LATENT, queries.latent(documents), queries.latent(ordinary)),
        ("category", CATEGORY, queries.category(documents), queries.category(ordinary)),
    ):
        total += weight * standardise(here, there, USUAL[name])
    return Matches(total / BELONGS, found.phrases)


def standardise(values: Floats, ordinary: Floats, usual: float) -> Floats:
    """Each row in standard deviations above the mean of its ordinary values.

    With few ordinary papers (the first day) mean and spread are drawn to 0 and `usual`.
    """
    number = ordinary.shape[1]
    mean = ordinary.sum(axis=1, keepdims=True) / (number + FIRST_DAY)
    squares = ((ordinary - mean) ** 2).sum(axis=1, keepdims=True)
    spread = np.sqrt((squares + FIRST_DAY * usual**2) / (number + FIRST_DAY))
    return np.asarray(np.clip((values - mean) / spread, -10, 10), dtype=np.float32)


@dataclass(frozen=True)
class Queries:
    """Topics as rows of word weights."""

    weights: csr_matrix
    place: Floats
    categories: Sequence[frozenset[str]]

    @classmethod
    def of(cls, topics: Sequence[TopicText], features: Features) -> Queries:
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for row, topic in enumerate(topics):
            for column, weight in _word_weights(topic, features).items():
                rows.append(row)
                columns.append(column)
                values.append(weight)
        shape = (len(topics), len(features.vocabulary))
        weights = csr_matrix((values, (rows, columns)), shape=shape, dtype=np.float32)
        place = features.place(weights.multiply(features.rarity).tocsr())
        return cls(weights, place, [frozenset(topic.categories) for topic in topics])

    def words(self, documents: Documents) -> Floats:
        return np.asarray((self.weights @ documents.matches.T).todense(), dtype=np.float32)

    def latent(self, documents: Documents) -> Floats:
        return np.asarray(self.place @ documents.latent.T, dtype=np.float32)

    def category(self, documents: Documents) -> Floats:
        """1 for the paper's primary category, one half for any other of its categories."""
        fits = np.zeros((len(self.categories), len(documents)), np.float32)
        columns: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for column, codes in enumerate(documents.categories):
            for place, code in enumerate(codes):
                columns[code].append((column, 0.5 if place else 1.0))
        for row, wanted in enumerate(self.categories):
            for code in sorted(wanted):
                for column, fit in columns.get(code, ()):
                    fits[row, column] = max(fits[row, column], fit)
        return fits


@dataclass(frozen=True)
class Hits:
    counts: Floats  # topics × texts; a title counts double
    phrases: dict[tuple[int, int], str]


def hits(topics: Sequence[TopicText], texts: Sequence[Sequence[str]]) -> Hits:
    """Exact phrases of the topics in the texts, whatever their hyphens, plurals and spelling."""
    wanted = _phrase_index(topics)
    counts = np.zeros((len(topics), len(texts)), np.float32)
    phrases: dict[tuple[int, int], str] = {}
    for column, text in enumerate(texts):
        for position, word in enumerate(text):
            for phrase, written, owners in wanted.get(word, ()):
                if tuple(text[position : position + len(phrase)]) == phrase:
                    for row in owners:
                        counts[row, column] += 1
                        phrases.setdefault((row, column), written)
    return Hits(counts, phrases)


Phrase = tuple[tuple[str, ...], str, list[int]]


def _phrase_index(topics: Sequence[TopicText]) -> dict[str, list[Phrase]]:
    """First stem → phrases that begin with it, the longest first, with the topics they are of."""
    known: dict[tuple[str, ...], tuple[str, list[int]]] = {}
    for row, topic in enumerate(topics):
        for written in topic.phrases():
            phrase = tuple(stems(written))[:LONGEST_PHRASE]
            if not content(phrase):
                continue  # only stop words: it would match everything
            owners = known.setdefault(phrase, (written, []))[1]
            if row not in owners:
                owners.append(row)
    index: dict[str, list[Phrase]] = defaultdict(list)
    for phrase, (written, owners) in sorted(known.items(), key=lambda item: -len(item[0])):
        index[phrase[0]].append((phrase, written, owners))
    return dict(index)


def _word_weights(topic: TopicText, features: Features) -> dict[int, float]:
    weights: dict[int, float] = {}
    parts: Iterable[tuple[str, float]] = [
        (topic.name, 1.0),
        *((phrase, 1.0) for phrase in topic.phrases()),
        (topic.description, DESCRIPTION),
    ]
    for text, weight in parts:
        for term in terms(stems(text)):
            column = features.column.get(term)
            if column is not None:
                # A word repeated through the operator's text says more, though less each time.
                weights[column] = max(weights.get(column, 0.0), weight)
    return weights
