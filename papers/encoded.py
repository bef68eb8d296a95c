"""Stemmed texts as numbers: kept for months of papers, decoded only where somebody looks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Stems = Sequence[str]
Texts = Sequence[Stems]


@dataclass(frozen=True, eq=False)
class Encoded(Sequence[Stems]):
    """Reads as a list of lists of stems."""

    names: Sequence[str]  # each stem once
    numbers: NDArray[np.unsignedinteger[Any]]  # places in `names`, text after text
    ends: NDArray[np.int64]  # where the texts end in `numbers`, with a 0 before the first

    @classmethod
    def of(cls, texts: Texts) -> Encoded:
        known: dict[str, int] = {}
        numbers = [known.setdefault(stem, len(known)) for text in texts for stem in text]
        lengths = [0, *(len(text) for text in texts)]
        narrow = np.min_scalar_type(len(known))
        return cls(list(known), np.array(numbers, dtype=narrow), np.cumsum(lengths))

    def __len__(self) -> int:
        return len(self.ends) - 1

    @overload
    def __getitem__(self, row: int) -> Stems: ...
    @overload
    def __getitem__(self, row: slice) -> Texts: ...
    def __getitem__(self, row: int | slice) -> Stems | Texts:
        if isinstance(row, slice):
            return self.take(range(len(self))[row])
        row = range(len(self))[row]
        return self._decoded(int(self.ends[row]), int(self.ends[row + 1]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def take(self, rows: Sequence[int]) -> Encoded:
        index = np.asarray(rows, dtype=np.int64)
        lengths = np.diff(self.ends)[index]
        ends = np.r_[0, np.cumsum(lengths)]
        at = np.arange(ends[-1]) + np.repeat(self.ends[index] - ends[:-1], lengths)
        return Encoded(self.names, self.numbers[at], ends)

    def beginning_with(self, words: Collection[str], most: int) -> Iterator[tuple[int, Stems]]:
        """Where one of the words stands: the row, and up to `most` stems from there on."""
        wanted = np.zeros(len(self.names) + 1, np.bool_)
        wanted[[self._place[word] for word in words if word in self._place]] = True
        starts = np.flatnonzero(wanted[self.numbers])
        rows = np.searchsorted(self.ends, starts, side="right") - 1
        stops = np.minimum(starts + most, self.ends[rows + 1])
        for row, start, stop in zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True):
            yield row, self._decoded(start, stop)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: n for n, name in enumerate(self.names)}

    def _decoded(self, start: int, stop: int) -> list[str]:
        return [self.names[number] for number in self.numbers[start:stop].tolist()]


def take(texts: Texts, rows: Sequence[int]) -> Texts:
    """These rows, encoded where `texts` are."""
    return texts.take(rows) if isinstance(texts, Encoded) else [texts[row] for row in rows]


def join(parts: Sequence[Texts]) -> Texts:
    """The rows of all; encoded where one part is."""
    if not any(isinstance(part, Encoded) for part in parts):
        return [text for part in parts for text in part]
    encoded = [part if isinstance(part, Encoded) else Encoded.of(part) for part in parts]
    known: dict[str, int] = {}
    numbers = [
        np.array([known.setdefault(name, len(known)) for name in part.names], np.uint32)[
            part.numbers
        ]
        for part in encoded
    ]
    lengths = np.concatenate([np.diff(part.ends) for part in encoded])
    narrow = np.concatenate(numbers).astype(np.min_scalar_type(len(known)))
    return Encoded(list(known), narrow, np.r_[0, np.cumsum(lengths)])
