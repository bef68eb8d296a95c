"""Exact phrases in stemmed texts, whatever their hyphens, plurals and spelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from papers.encoded import Encoded
from papers.words import content, stems

LONGEST = 6  # words of a phrase that are compared

# A phrase in stems, as it was written, and the rows it is of.
_Phrase = tuple[tuple[str, ...], str, list[int]]


@dataclass(frozen=True)
class Hits:
    counts: NDArray[np.float32]  # rows × texts; a text that repeats its title counts it double
    phrases: dict[tuple[int, int], str]  # (row, text): the first phrase found, as it was written


def hits(wanted: Sequence[Sequence[str]], texts: Sequence[Sequence[str]]) -> Hits:
    """How often the phrases of each row stand in each stemmed text."""
    index = _index(wanted)
    counts = np.zeros((len(wanted), len(texts)), np.float32)
    phrases: dict[tuple[int, int], str] = {}
    for column, following in _beginnings(texts, index):
        for phrase, written, owners in index[following[0]]:
            if tuple(following[: len(phrase)]) == phrase:
                for row in owners:
                    counts[row, column] += 1
                    phrases.setdefault((row, column), written)
    return Hits(counts, phrases)


def _beginnings(
    texts: Sequence[Sequence[str]], words: Collection[str]
) -> Iterator[tuple[int, Sequence[str]]]:
    """Where a phrase may begin: the text, and the stems from there on."""
    if isinstance(texts, Encoded):
        yield from texts.beginning_with(words, LONGEST)
        return
    for column, text in enumerate(texts):
        for position, word in enumerate(text):
            if word in words:
                yield column, text[position : position + LONGEST]


def _index(wanted: Sequence[Sequence[str]]) -> dict[str, list[_Phrase]]:
    """First stem → phrases that begin with it, the longest first."""
    known: dict[tuple[str, ...], tuple[str, list[int]]] = {}
    for row, listed in enumerate(wanted):
        for written in listed:
            phrase = tuple(stems(written))[:LONGEST]
            if not content(phrase):
                continue  # only stop words: it would be found everywhere
            owners = known.setdefault(phrase, (written, []))[1]
            if row not in owners:
                owners.append(row)
    index: dict[str, list[_Phrase]] = defaultdict(list)
    for phrase, (written, owners) in sorted(known.items(), key=lambda item: (-len(item[0]), item)):
        index[phrase[0]].append((phrase, written, owners))
    return dict(index)
