"""Texts that were read once, as plain arrays: whoever loads them takes no text apart again."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from papers.encoded import Encoded, join, take
from papers.features import Document, Documents, Features, stemmed

Arrays = dict[str, NDArray]


@dataclass(frozen=True)
class Texts:
    """Stemmed texts with the words of a model's vocabulary counted in them; a row each."""

    stems: Sequence[Sequence[str]]
    counts: csr_matrix
    categories: Sequence[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.stems)

    @classmethod
    def of(
        cls,
        documents: Sequence[Document],
        features: Features,
        stems: Sequence[Sequence[str]] | None = None,
    ) -> Texts:
        """`stems`: the documents by `stemmed`, where known."""
        stems = stems or [stemmed(document) for document in documents]
        return cls(stems, features.count(stems), [document.categories for document in documents])

    def take(self, rows: Sequence[int]) -> Texts:
        return Texts(
            take(self.stems, rows),
            self.counts[np.asarray(rows, dtype=np.int64)],
            [self.categories[row] for row in rows],
        )

    @classmethod
    def join(cls, parts: Sequence[Texts]) -> Texts:
        """The rows of all, in their order; of one vocabulary."""
        return cls(
            join([part.stems for part in parts]),
            vstack([part.counts for part in parts], format="csr"),
            [categories for part in parts for categories in part.categories],
        )

    def read(self, features: Features) -> Documents:
        return features.read_counted(self.counts, self.stems, self.categories)


def arrays(texts: Texts) -> Arrays:
    """Plain arrays, by name; stems and words as numbers no wider than they need."""
    stems = texts.stems if isinstance(texts.stems, Encoded) else Encoded.of(texts.stems)
    counts = texts.counts
    return {
        "stems": np.array("\n".join(stems.names)),
        "text": stems.numbers,
        "ends": stems.ends,
        "columns": counts.indices.astype(np.min_scalar_type(counts.shape[1])),
        "counts": np.minimum(counts.data, 65_535).astype(np.uint16),
        "starts": counts.indptr.astype(np.uint32),
        "categories": np.array("\n".join(" ".join(codes) for codes in texts.categories)),
    }


def texts_of(stored: Mapping[str, NDArray], vocabulary: int) -> Texts:
    """What `arrays` was given; `vocabulary` is the number of words that were counted."""
    stems = Encoded(lines(stored["stems"]), stored["text"], stored["ends"])
    number = len(stems)
    counts = csr_matrix(
        (
            stored["counts"].astype(np.float32),
            stored["columns"].astype(np.int32),
            stored["starts"].astype(np.int32),
        ),
        shape=(number, vocabulary),
    )
    counts.has_sorted_indices = True
    codes = str(stored["categories"]).split("\n") if number else []
    return Texts(
        stems,
        counts,
        [tuple(listed.split()) for listed in codes],
    )


def packed(named: Arrays) -> bytes:
    """An npz, not compressed: nothing in it can run, and it is read in no time."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **named)
    return buffer.getvalue()


def unpacked(payload: bytes | memoryview) -> Arrays:
    with np.load(io.BytesIO(payload), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def lines(stored: NDArray) -> list[str]:
    text = str(stored)
    return text.split("\n") if text else []
