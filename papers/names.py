"""Of several spellings of one author's name, which is shown."""

from __future__ import annotations

import re
import unicodedata

PART = re.compile(r"[^\W\d_]+")
# A hyphen or an apostrophe belongs between letters, a full stop behind an initial or behind Jr.
STRAY = re.compile(r"(?<!\w)['-]|['-](?!\w)|(?<=[^\W\d_]{3})\.|[^\w\s.'-]")
INNER = re.compile(r"\b(?:Mc|Mac|Fitz)[A-Z]")
# Of European names, right as they are in the middle of one.
PARTICLES = frozenset(
    ["van", "von", "der", "den", "de", "del", "della", "dos", "das", "la", "ter", "zu", "zur"]
)


def better_name(one: str, other: str) -> str:
    """Of two spellings with the same key, the better one, in whatever order they come."""
    return max(one, other, key=rank)


def rank(name: str) -> tuple[int, int, int, int, int, str]:
    """Higher for the better spelling of a name, which is composed (NFC); no two are equal.

    Most accents, most letters, fewest stray signs, most parts with the capital that they should
    have, McKeown before Mckeown; then what sorts last, which is Yifan before YiFan.
    """
    parts = PART.findall(name)
    cased = sum(map(is_cased, parts)) + sum(part in PARTICLES for part in parts[1:-1])
    letters = sum(map(len, parts))
    return (
        accents(name), letters, -strays(name), cased, len(INNER.findall(name)), name
    )  # fmt: skip


def is_cased(part: str) -> bool:
    """Whether it begins with a capital and is not all in capitals, unless an initial."""
    return part[0].isupper() and (len(part) == 1 or not part.isupper())


def strays(name: str) -> int:
    """Signs that are no part of a name, and letters in another shape (wide, bold, joined)."""
    shapes = sum(unicodedata.normalize("NFKC", sign) != sign for sign in name)
    return shapes + len(STRAY.findall(name))


def accents(name: str) -> int:
    """Letters that ASCII does not have; its own in wide or bold shapes are none."""
    return sum(
        unicodedata.category(letter) in ("Lu", "Ll", "Lt", "Lo") and not letter.isascii()
        for letter in unicodedata.normalize("NFKC", name)
    )
