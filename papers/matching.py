"""How well a paper fits a topic, from the operator's words alone.

Terms, each in standard deviations above ordinary papers, are added with the weights below. Five
read the topic's text: its words (BM25), phrases, latent place, description, categories. Three
listen to the echo of those: the ordinary papers that they find best say which other words, which
part of the latent space and which categories belong to the topic (pseudo-relevance feedback).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from papers.features import (
    Documents,
    Features,
    exact,
    stated_categories,
    steps,
    terms,
    unit_steps,
)
from papers.phrases import hits
from papers.sentence_terms import echoed, near
from papers.words import stems

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats | None] | None

WEIGHTS = {
    "words": 0.3,
    "phrases": 0.7,
    "latent": 0.7,
    "description": 0.3,
    "categories": 0.3,
    "echoed_words": 1.0,
    "echoed_latent": 2.0,
    "echoed_subjects": 2.0,
    # Where a sentence model is installed: papers/sentence_terms.py.
    "sentences": 2.0,
    "echoed_sentences": 2.0,
}
DESCRIPTION = 0.4  # weight of the description's words beside the name's and the keywords'
ECHO = 60  # best ordinary papers that are listened to
LEAST_ECHO = 1_000  # ordinary papers without which there is no echo
FURTHEST = 10.0  # deviations beyond which nothing counts more
# A paper belongs to a topic from this many times what the topic's best ordinary papers score on
# average. So many papers that a broad topic's outweigh a narrow one's few hits: docs/ranking.md.
BELONGS = 1.7
BEST = 0.05
# The first day: what is assumed before ordinary papers are known (the spread of each term in its
# own units, and the score from which a paper belongs), and how many of those it is worth.
FIRST_DAY, FIRST_DAYS = 100, 1_000
FIRST_LEVEL = 4.0
ASSUMED = {
    "words": 2.0,
    "phrases": 0.2,
    "latent": 0.15,
    "description": 0.15,
    "categories": 0.3,
    "echoed_words": 0.05,
    "echoed_latent": 0.15,
    "echoed_subjects": 1.0,
    "sentences": 0.1,
    "echoed_sentences": 0.1,
}


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

    def sentence(self) -> str:
        """Everything in one text, for a sentence model."""
        return ". ".join(filter(None, [self.name, self.description, ", ".join(self.keywords)]))


@dataclass(frozen=True)
class Matches:
    """Scores of topics (rows) for documents (columns): 1 is where a paper begins to belong."""

    scores: Floats
    phrases: dict[tuple[int, int], str]  # (topic, document): the phrase found, as it was written


@dataclass(frozen=True)
class Usual:
    """What a term comes to for ordinary papers; a row for each topic."""

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, values: Floats, assumed: float) -> Usual:
        """With few papers, mean and spread are drawn to 0 and `assumed`."""
        number = values.shape[1]
        mean = values.sum(axis=1, keepdims=True) / (number + FIRST_DAY)
        squares = ((values - mean) ** 2).sum(axis=1, keepdims=True)
        spread = np.sqrt((squares + FIRST_DAY * assumed**2) / (number + FIRST_DAY))
        return cls(mean.astype(np.float32), spread.astype(np.float32))

    def standardise(self, values: Floats) -> Floats:
        deviations = np.clip((values - self.mean) / self.spread, -FURTHEST, FURTHEST)
        return np.asarray(deviations, dtype=np.float32)


@dataclass(frozen=True)
class Echo:
    """What the papers that answer a topic best are like; a row for each topic."""

    words: csr_matrix
    latent: Floats
    subjects: Floats
    sentences: Floats | None = None

    @classmethod
    def of(cls, scores: Floats, ordinary: Documents) -> Echo:
        number = min(ECHO, scores.shape[1])
        best = np.argsort(-scores, axis=1, kind="stable")[:, :number]
        strength = np.maximum(np.take_along_axis(scores, best, axis=1), 0)
        strength /= np.maximum(strength.sum(axis=1, keepdims=True), 1e-9)
        rows = np.repeat(np.arange(len(scores)), number)
        mixing = csr_matrix(
            (strength.ravel(), (rows, best.ravel())), shape=(len(scores), len(ordinary))
        )
        middle = ordinary.latent.mean(axis=0)
        return cls(
            (mixing @ ordinary.words).tocsr(),
            unit_steps(np.asarray(mixing @ ordinary.latent - middle, dtype=np.float32)),
            steps(np.asarray(mixing @ ordinary.subjects, dtype=np.float32)),
            echoed(mixing, ordinary),
        )

    def terms(self, documents: Documents) -> dict[str, Floats]:
        return {
            "echoed_words": _dense(self.words @ documents.words.T),
            "echoed_latent": exact(self.latent, documents.latent),
            "echoed_subjects": exact(self.subjects, documents.subjects),
            **near("echoed_sentences", self.sentences, documents),
        }


@dataclass(frozen=True)
class Queries:
    """Topics as numbers; a row for each."""

    phrases: Sequence[Sequence[str]]
    words: csr_matrix
    latent: Floats
    description: Floats
    codes: Sequence[str]
    categories: Floats  # topics × codes
    sentences: Floats | None = None

    @classmethod
    def of(cls, topics: Sequence[TopicText], features: Features, encode: Encode) -> Queries:
        texts = [[topic.name, *topic.phrases()] for topic in topics]
        named = _mentions(texts, features)
        described = _mentions([[topic.description] for topic in topics], features)
        words = named.maximum(described * np.float32(DESCRIPTION)).tocsr()
        codes = sorted({code for topic in topics for code in topic.categories})
        wanted = stated_categories([topic.categories for topic in topics], codes)
        return cls(
            [topic.phrases() for topic in topics],
            words,
            features.place(words.multiply(features.rarity).tocsr()),
            features.place(described.multiply(features.rarity).tocsr()),
            codes,
            (wanted > 0).astype(np.float32),
            encode([topic.sentence() for topic in topics]) if encode else None,
        )

    def terms(self, documents: Documents) -> tuple[dict[str, Floats], dict[tuple[int, int], str]]:
        found = hits(self.phrases, documents.texts)
        stated = stated_categories(documents.categories, self.codes)
        values = {
            "words": _dense(self.words @ documents.matches.T),
            "phrases": np.log1p(found.counts),
            "latent": exact(self.latent, documents.latent),
            "description": exact(self.description, documents.latent),
            "categories": _best_category(self.categories, stated),
            **near("sentences", self.sentences, documents),
        }
        return values, found.phrases


@dataclass(frozen=True)
class Matcher:
    """Topics made ready: what is usual for them, and their echo, is known."""

    queries: Queries
    usual: dict[str, Usual]
    echo: Echo | None
    level: Floats  # the score from which a paper belongs, a row for each topic

    @classmethod
    def of(
        cls,
        topics: Sequence[TopicText],
        features: Features,
        ordinary: Documents,
        encode: Encode = None,
    ) -> Matcher:
        """`encode` makes sentence vectors of the topics, where the papers have theirs."""
        queries = Queries.of(topics, features, None if ordinary.sentences is None else encode)
        values, _ = queries.terms(ordinary)
        usual = {name: Usual.of(value, ASSUMED[name]) for name, value in values.items()}
        echo = None
        if len(ordinary) >= LEAST_ECHO:
            echo = Echo.of(combine(values, usual), ordinary)
            echoed = echo.terms(ordinary)
            usual |= {name: Usual.of(value, ASSUMED[name]) for name, value in echoed.items()}
            values |= echoed
        return cls(queries, usual, echo, level_of(combine(values, usual)))

    def match(self, documents: Documents) -> Matches:
        values, phrases = self.queries.terms(documents)
        if self.echo is not None:
            values |= self.echo.terms(documents)
        return Matches(combine(values, self.usual) / self.level, phrases)


def _best_category(wanted: Floats, stated: Floats) -> Floats:
    """Topics × papers: 1 for a paper whose primary category is wanted, one half for another."""
    best = np.zeros((len(wanted), len(stated)), np.float32)
    for code in range(wanted.shape[1]):
        best = np.maximum(best, wanted[:, code, None] * stated[None, :, code])
    return best


def combine(values: dict[str, Floats], usual: dict[str, Usual]) -> Floats:
    """The terms, in deviations above ordinary papers, added by their weights."""
    total = np.zeros_like(values["words"])
    for name, value in values.items():
        total += np.float32(WEIGHTS[name]) * usual[name].standardise(value)
    return total


def level_of(ordinary: Floats) -> Floats:
    """From which score on a paper belongs, by how the best of the ordinary ones score."""
    number = ordinary.shape[1]
    best = np.sort(ordinary, axis=1)[:, -max(round(BEST * number), 1) :]
    reached = best.mean(axis=1, keepdims=True) if number else np.zeros((len(ordinary), 1))
    drawn = (number * BELONGS * reached + FIRST_DAYS * FIRST_LEVEL) / (number + FIRST_DAYS)
    return np.asarray(np.maximum(drawn, 1.0), dtype=np.float32)


def _mentions(texts: Sequence[Sequence[str]], features: Features) -> csr_matrix:
    """Rows × vocabulary: 1 for each word and pair that one of the row's texts holds."""
    rows = [
        sorted(
            {features.column[t] for text in row for t in terms(stems(text)) if t in features.column}
        )
        for row in texts
    ]
    starts = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int64)
    ones = np.ones(len(columns), np.float32)
    return csr_matrix((ones, columns, starts), shape=(len(texts), len(features.vocabulary)))


def _dense(matrix: csr_matrix) -> Floats:
    return np.asarray(matrix.toarray(), dtype=np.float32)
