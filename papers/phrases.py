"""Exact phrases in stemmed texts, whatever their hyphens, plurals and spelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    for column, text in enumerate(texts):
        for position, word in enumerate(text):
            if word not in index:
                continue
            for phrase, written, owners in index[word]:
                if tuple(text[position : position + len(phrase)]) == phrase:
                    for row in owners:
                        counts[row, column] += 1
                        phrases.setdefault((row, column), written)
    return Hits(counts, phrases)


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
