"""BibTeX as people really keep it: entries and their fields, each broken one on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# An entry begins a line, so that one whose braces never close takes nothing of the next.
START = re.compile(r"^[ \t]*@[ \t]*(\w{1,40})[ \t]*[{(]", re.M)
KEY = re.compile(r"\s*([^,\s=]{0,200})\s*,")
FIELD = re.compile(r"[\s,]*([A-Za-z][\w:.+-]{0,60})\s*=\s*")
BARE = re.compile(r"[^\s,#{}\"]+")
JOIN = re.compile(r"\s*#\s*")
SPECIAL = {"comment", "preamble"}


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    line: int  # where it begins, from 1
    fields: Mapping[str, str]  # names in small letters; values as written, braces inside kept


def is_bibtex(text: str) -> bool:
    return START.search(text) is not None


def entries(text: str) -> Iterator[Entry]:
    """Every entry of a file, in its order; time grows with the length of the file alone."""
    macros: dict[str, str] = {}
    starts = list(START.finditer(text))
    line, counted = 1, 0
    for n, start in enumerate(starts):
        line += text.count("\n", counted, start.end())
        counted = start.end()
        end = starts[n + 1].start() if n + 1 < len(starts) else len(text)
        kind = start[1].lower()
        if kind == "string":
            macros |= _fields(text[start.end() : end], macros)
        elif kind not in SPECIAL:
            body = text[start.end() : end]
            key = KEY.match(body)
            rest = body[key.end() :] if key else body
            yield Entry(key[1] if key else "", line, _fields(rest, macros))


def _fields(body: str, macros: Mapping[str, str]) -> dict[str, str]:
    """The fields up to the first thing that is none; of a repeated one the first counts."""
    found: dict[str, str] = {}
    at = 0
    while match := FIELD.match(body, at):
        value, at = _value(body, match.end(), macros)
        found.setdefault(match[1].lower(), value)
    return found


def _value(body: str, at: int, macros: Mapping[str, str]) -> tuple[str, int]:
    """A value, joined of its parts by #, and where it ends."""
    parts = []
    while True:
        part, at = _part(body, at, macros)
        parts.append(part)
        join = JOIN.match(body, at)
        if join is None:
            return "".join(parts), at
        at = join.end()


def _part(body: str, at: int, macros: Mapping[str, str]) -> tuple[str, int]:
    mark = body[at : at + 1]
    if mark in ("{", '"') and mark:
        end = _closing(body, at, "}" if mark == "{" else '"')
        if end is not None:
            return body[at + 1 : end], end + 1
        line_end = body.find("\n", at) if "\n" in body[at:] else len(body)
        return body[at + 1 : line_end].rstrip(' ,}"'), line_end
    bare = BARE.match(body, at)
    if bare is None:
        return "", at
    return macros.get(bare[0].lower(), bare[0]), bare.end()


def _closing(body: str, at: int, mark: str) -> int | None:
    """Where the value that opens at `at` closes; None where it takes the entry's own end for it."""
    depth = 0
    for found in re.finditer(r'[{}"]', body[at + 1 :]):
        sign = found[0]
        end = at + 1 + found.start()
        if sign == mark and depth == 0:
            return end if body[end + 1 :].strip() else None
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return None
    return None
