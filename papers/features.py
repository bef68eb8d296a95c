"""What numbers a text becomes: weighted words (TF-IDF, BM25), a latent vector (LSA), subjects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, vstack
from sklearn.utils.extmath import randomized_range_finder

from papers.encoded import join, take
from papers.words import content, stems

Floats = NDArray[np.float32]

LATENT = 256  # dimensions of the latent vectors
VOCABULARY = 60_000  # most frequent words and pairs of words kept
LATENT_VOCABULARY = 20_000  # of these, the ones the latent vectors are made from
PIECE = 2_000  # words turned into directions at once, to keep memory low
K1, B = (
    1.2,
    0.75,
)  # BM25 as in Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework"
LEAST_PAPERS = 15  # of a category, for it to count as a subject
STEPS = 256  # whole steps in 1, of latent vectors and subjects
RIDGE = 5.0  # pulls the guess of a paper's categories to what is usual
BUCKETS = 1 << 23  # for counting terms by hash, a byte each
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
    # Latent vectors, rows of length 1 (or 0 where no word is known), and how much more of each
    # category than usual a text has, stated and guessed. Both in whole steps: see `exact`.
    latent: Floats
    subjects: Floats
    texts: Sequence[Sequence[str]]  # stems in order: title, title again, abstract
    categories: Sequence[tuple[str, ...]]
    # Vectors of a sentence model in whole steps, rows of length 1; None where none is installed.
    sentences: Floats | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> Documents:
        index = np.asarray(rows, dtype=np.int64)
        return Documents(
            self.words[index],
            self.matches[index],
            self.latent[index],
            self.subjects[index],
            take(self.texts, rows),
            [self.categories[row] for row in rows],
            None if self.sentences is None else self.sentences[index],
        )

    @classmethod
    def stack(cls, first: Documents, second: Documents) -> Documents:
        """The rows of both, those of `first` first."""
        return cls(
            vstack([first.words, second.words], format="csr"),
            vstack([first.matches, second.matches], format="csr"),
            np.vstack([first.latent, second.latent]),
            np.vstack([first.subjects, second.subjects]),
            join([first.texts, second.texts]),
            [*first.categories, *second.categories],
            _stacked(first.sentences, second.sentences),
        )


@dataclass(frozen=True)
class Features:
    """A fitted vocabulary with its weights; reads any text without changing."""

    vocabulary: Sequence[str]
    frequency: NDArray[np.float32]  # share of the texts that hold the word
    length: float  # mean number of words in a text
    latent: Floats  # the most frequent words of the vocabulary × dimensions
    middle: Floats  # mean latent vector of the texts
    codes: Sequence[str] = ()  # categories that are subjects
    usual: Floats = field(default_factory=lambda: np.zeros(0, np.float32))  # mean of each
    lean: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # latent × codes
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
        return self.read_stemmed(listed, [stemmed(document) for document in listed])

    def read_stemmed(self, listed: Sequence[Document], texts: Sequence[Sequence[str]]) -> Documents:
        """The same for texts that `stemmed` has been through."""
        categories = [document.categories for document in listed]
        return self.read_counted(self.count(texts), texts, categories)

    def read_counted(
        self,
        counts: csr_matrix,
        texts: Sequence[Sequence[str]],
        categories: Sequence[tuple[str, ...]],
    ) -> Documents:
        """The same for texts whose words `count` has counted."""
        words = self.weigh(counts)
        latent = self.place(words)
        subjects = self._subjects(latent, categories)
        return Documents(words, self._bm25(counts), latent, subjects, texts, categories)

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
        return unit_steps(np.asarray(words[:, : len(self.latent)] @ self.latent, dtype=np.float32))

    def _subjects(self, latent: Floats, categories: Sequence[tuple[str, ...]]) -> Floats:
        """Half what the paper states, half what its words foretell; the latter alone where it
        states nothing. Rare categories weigh more."""
        if not len(self.codes):
            return np.zeros((len(latent), 0), np.float32)
        guessed = np.clip((latent - self.middle) @ self.lean + self.usual, 0, 1)
        stated = stated_categories(categories, self.codes)
        states = np.array([bool(codes) for codes in categories], dtype=bool)[:, None]
        mixed = np.where(states, (guessed + stated) / 2, guessed)
        return steps((mixed - self.usual) / np.sqrt(self.usual + 0.01))

    def _bm25(self, counts: csr_matrix) -> csr_matrix:
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        norm = K1 * (1 - B + B * lengths / max(self.length, 1))
        scored = counts.copy()
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        scored.data = scored.data * (K1 + 1) / (scored.data + norm[rows])
        return (scored @ diags(self.rarity)).tocsr().astype(np.float32)


def fit(
    documents: Iterable[Document],
    *,
    latent: int = LATENT,
    least: int = 3,
    texts: Sequence[Sequence[str]] | None = None,
) -> Features:
    """Learn words, weights and latent space from texts; any number of them, even none.

    `texts`: the documents by `stemmed`, where known. `least`: a word must stand in as many texts.
    With few texts it falls to 1, so that the first day's papers are enough to begin with.
    """
    listed = list(documents)
    texts = texts or [stemmed(document) for document in listed]
    least = least if len(texts) >= 200 else 1
    frequency = _frequencies(texts, least)
    kept = sorted(
        ((n, term) for term, n in frequency.items() if n >= least and n <= max(len(texts) / 2, 1)),
        key=lambda pair: (-pair[0], pair[1]),
    )[:VOCABULARY]
    vocabulary = [term for _, term in kept]
    share = np.array([n / len(texts) for n, _ in kept], dtype=np.float32)
    nothing = np.zeros((len(vocabulary), 0), np.float32)
    bare = Features(vocabulary, share, 1.0, nothing, np.zeros(0, np.float32))
    counts = bare.count(texts)
    length = float(counts.sum() / max(len(texts), 1))
    words = bare.weigh(counts)
    placing = replace(bare, length=length, latent=_latent_space(words, latent), column={})
    placed = placing.place(words)
    middle = placed.mean(axis=0) if len(placed) else np.zeros(placed.shape[1], np.float32)
    codes, usual, lean = _leaning(placed - middle, [document.categories for document in listed])
    return replace(placing, middle=middle, codes=codes, usual=usual, lean=lean, column={})


def _frequencies(texts: Sequence[Sequence[str]], least: int) -> Counter[str]:
    """In how many texts each term stands; terms in fewer than `least` may be left out.

    Most pairs of words stand in one text only: counted first by hash, they never fill a dictionary.
    """
    seen = bytearray(BUCKETS)
    for text in texts:
        for term in set(terms(text)):
            bucket = hash(term) % BUCKETS
            if seen[bucket] < least:
                seen[bucket] += 1
    return Counter(
        term for text in texts for term in set(terms(text)) if seen[hash(term) % BUCKETS] >= least
    )


def _stacked(first: Floats | None, second: Floats | None) -> Floats | None:
    """None where one of them is; no rows fit any other."""
    if first is None or second is None:
        return None
    return np.vstack([part for part in (first, second) if len(part)] or [first])


def stated_categories(categories: Sequence[tuple[str, ...]], codes: Sequence[str]) -> Floats:
    """Papers × codes: 1 for the primary category, one half for the others."""
    column = {code: n for n, code in enumerate(codes)}
    stated = np.zeros((len(categories), len(codes)), np.float32)
    for row, listed in enumerate(categories):
        for place, code in enumerate(listed):
            if code in column:
                stated[row, column[code]] = 0.5 if place else 1.0
    return stated


def _leaning(
    centred: Floats, categories: Sequence[tuple[str, ...]]
) -> tuple[list[str], Floats, Floats]:
    """Guess categories from latent vectors by ridge regression on the papers that state theirs."""
    papers = Counter(code for listed in categories for code in listed)
    codes = sorted(code for code, number in papers.items() if number >= LEAST_PAPERS)
    known = np.array([bool(listed) for listed in categories], dtype=bool)
    if not codes:
        empty = np.zeros(0, np.float32)
        return [], empty, np.zeros((centred.shape[1], 0), np.float32)
    stated = stated_categories([listed for listed in categories if listed], codes)
    usual = stated.mean(axis=0)
    placed = centred[known].astype(np.float64)
    gram = placed.T @ placed + RIDGE * np.eye(placed.shape[1])
    lean = np.linalg.solve(gram, placed.T @ (stated - usual))
    return codes, usual, lean.astype(np.float32)


def steps(values: Floats) -> Floats:
    """Round to whole steps of 1 / STEPS."""
    return np.asarray(np.rint(values * STEPS) / STEPS, dtype=np.float32)


def unit_steps(vectors: Floats) -> Floats:
    """Rows of length 1, rounded to whole steps."""
    return steps(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def exact(some: Floats, others: Floats) -> Floats:
    """Inner products of rows in whole steps, some × others.

    Products of whole numbers this small are exact in float64, in whatever order a BLAS adds them
    up: a reader's scores are the same alone and in any batch.
    """
    products = some.astype(np.float64) @ others.astype(np.float64).T
    return np.asarray(products, dtype=np.float32)


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
    space = np.zeros((columns, max(dimensions, 0)), np.float32)
    if dimensions > 0:
        kept = words[:, :columns]
        wide = randomized_range_finder(
            kept, size=min(dimensions + 10, *kept.shape), n_iter=3, random_state=0
        )
        # The short side's Gram matrix is far quicker to take apart than the long matrix itself.
        short = np.asarray((kept.T @ wide).T, dtype=np.float64)
        strength, sides = np.linalg.eigh(short @ short.T)
        best = np.argsort(-strength, kind="stable")[:dimensions]
        turn = sides[:, best] / np.maximum(np.sqrt(np.maximum(strength[best], 0)), 1e-9)
        for start in range(0, columns, PIECE):
            space[start : start + PIECE] = short[:, start : start + PIECE].T @ turn
    return space


def _unit_rows(matrix: csr_matrix) -> csr_matrix:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (diags(1 / np.maximum(lengths, 1e-9)) @ matrix).tocsr().astype(np.float32)
