"""What numbers a text becomes: weighted words (TF-IDF, BM25) and a latent vector (LSA)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.utils.extmath import randomized_svd

from papers.words import content, stems

Floats = NDArray[np.float32]

LATENT = 256  # dimensions of the latent vectors
VOCABULARY = 60_000  # most frequent words and pairs of words kept
LATENT_VOCABULARY = 20_000  # of these, the ones the latent vectors are made from
K1, B = (
    1.2,
    0.75,
)  # BM25 as in Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework"
BREAK = "|"  # between title and abstract: no phrase runs over it


@dataclass(frozen=True)
class Document:
    title: str
    abstract: str = ""
    categories: tuple[str, ...] = ()  # the primary one first


@dataclass(frozen=True)
class Documents:
    """Texts as numbers, a row each; made by `Features.read`."""

    words: csr_matrix  # TF-IDF, rows of length 1
    matches: csr_matrix  # BM25 weight of each word in each text
    latent: Floats  # rows of length 1, or 0 where no word is known
    texts: Sequence[Sequence[str]]  # stems in order: title, title again, abstract
    categories: Sequence[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> Documents:
        index = np.asarray(rows, dtype=np.int64)
        return Documents(
            self.words[index],
            self.matches[index],
            self.latent[index],
            [self.texts[row] for row in rows],
            [self.categories[row] for row in rows],
        )


@dataclass(frozen=True)
class Features:
    """A fitted vocabulary with its weights; reads any text without changing."""

    vocabulary: Sequence[str]
    frequency: NDArray[np.float32]  # share of the texts that hold the word
    length: float  # mean number of words in a text
    latent: Floats  # vocabulary × dimensions; rows of words left out are 0
    column: dict[str, int] = field(repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.column.update((word, n) for n, word in enumerate(self.vocabulary))

    @cached_property
    def rarity(self) -> Floats:
        """Inverse document frequency, always above 0 (Lucene's form)."""
        share = self.frequency.astype(np.float64)
        return np.log(1 + (1 - share) / (share + 1e-5)).astype(np.float32)

    def read(self, documents: Iterable[Document]) -> Documents:
        listed = list(documents)
        texts = [stemmed(document) for document in listed]
        counts = self.count(texts)
        words = self.weigh(counts)
        return Documents(
            words, self._bm25(counts), self.place(words), texts, [d.categories for d in listed]
        )

    def count(self, texts: Sequence[Sequence[str]]) -> csr_matrix:
        """How often each known word and pair stands in each text."""
        starts = [0]
        columns: list[int] = []
        values: list[int] = []
        for text in texts:
            counted = Counter(
                column for term in terms(text) if (column := self.column.get(term)) is not None
            )
            columns.extend(counted.keys())
            values.extend(counted.values())
            starts.append(len(columns))
        shape = (len(texts), len(self.vocabulary))
        matrix = csr_matrix((np.asarray(values, np.float32), columns, starts), shape=shape)
        matrix.sort_indices()
        return matrix

    def weigh(self, counts: csr_matrix) -> csr_matrix:
        """TF-IDF with logarithmic counts, rows of length 1."""
        weighed = counts.copy()
        weighed.data = 1 + np.log(weighed.data)
        weighed = weighed @ diags(self.rarity)
        return _unit_rows(weighed.tocsr().astype(np.float32))

    def place(self, words: csr_matrix) -> Floats:
        """The latent vectors of texts given as TF-IDF rows."""
        placed = np.asarray(words @ self.latent, dtype=np.float32)
        lengths = np.maximum(np.linalg.norm(placed, axis=1, keepdims=True), 1e-9)
        return np.asarray(placed / lengths, dtype=np.float32)

    def _bm25(self, counts: csr_matrix) -> csr_matrix:
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        norm = K1 * (1 - B + B * lengths / max(self.length, 1))
        scored = counts.copy()
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        scored.data = scored.data * (K1 + 1) / (scored.data + norm[rows])
        return (scored @ diags(self.rarity)).tocsr().astype(np.float32)


def fit(documents: Iterable[Document], *, latent: int = LATENT, least: int = 3) -> Features:
    """Learn words, weights and latent space from texts; any number of them, even none.

    `least`: a word must stand in as many texts. With few texts it falls to 1, so that the first
    day's papers are enough to begin with.
    """
    texts = [stemmed(document) for document in documents]
    least = least if len(texts) >= 200 else 1
    frequency = Counter(term for text in texts for term in set(terms(text)))
    kept = sorted(
        ((n, term) for term, n in frequency.items() if n >= least and n <= max(len(texts) / 2, 1)),
        key=lambda pair: (-pair[0], pair[1]),
    )[:VOCABULARY]
    vocabulary = [term for _, term in kept]
    share = np.array([n / len(texts) for n, _ in kept], dtype=np.float32)
    bare = Features(vocabulary, share, 1.0, np.zeros((len(vocabulary), 0), np.float32))
    counts = bare.count(texts)
    length = float(counts.sum() / max(len(texts), 1))
    words = bare.weigh(counts)
    return Features(vocabulary, share, length, _latent_space(words, latent))


def stemmed(document: Document) -> list[str]:
    title = stems(document.title)
    return [*title, BREAK, *title, BREAK, *stems(document.abstract)]


def terms(text: Sequence[str]) -> list[str]:
    """The words of a stemmed text that carry meaning, and the pairs of neighbours among them."""
    words = content(word for word in text if word != BREAK)
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def _latent_space(words: csr_matrix, dimensions: int) -> Floats:
    """Directions of most variation (LSA), by a seeded randomised SVD: the same input, the same."""
    columns = min(words.shape[1], LATENT_VOCABULARY)
    dimensions = min(dimensions, columns - 1, words.shape[0] - 1)
    space = np.zeros((words.shape[1], max(dimensions, 0)), np.float32)
    if dimensions > 0:
        _, _, directions = randomized_svd(
            words[:, :columns], n_components=dimensions, n_iter=3, random_state=0
        )
        space[:columns] = directions.T
    return space


def _unit_rows(matrix: csr_matrix) -> csr_matrix:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (diags(1 / np.maximum(lengths, 1e-9)) @ matrix).tocsr().astype(np.float32)
