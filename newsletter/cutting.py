"""Rendered templates cut where stand-ins came out: what is the same for all readers, and what not.

Encoding works line by line (wire.py), so an encoded letter is the sum of its encoded lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString

from newsletter.templatetags.letter import SLOT, Slot, wrapped
from subscribers import wire

# Bytes as they are, or what makes them of a letter.
Part = bytes | Callable[[Any], bytes]
PLAIN_MOST = 72  # characters of an address that need no soft break
KEPT = 20_000  # lines that readers share: the same name, topics, subject


class PressError(Exception):
    """A template that cannot be cut; the message is for whoever edits it."""


def html_bytes(raw: str) -> bytes:
    """Whole lines of HTML as they travel."""
    return wire.stuffed(wire.ascii_html(raw).replace("\n", "\r\n").encode("ascii"))


def text_bytes(raw: str) -> bytes:
    """Whole lines of text as they travel."""
    return wire.stuffed(wire.quoted_printable(raw))


def text_start(raw: str) -> bytes:
    """Text up to a number that follows on the same line."""
    data = text_bytes(raw)
    return data if data.endswith(b"\r\n") or not data else data + b"=\r\n"


def cut_html(raw: str, addresses: Mapping[str, str]) -> list[Part]:
    """`raw` in parts; `addresses`: stand-in → the attribute of a letter that it stands for."""
    parts: list[Part] = []
    for has_words, group in groupby(raw.splitlines(keepends=True), key=has_slot):
        if has_words:
            parts += [HtmlLine(*_slot_line(line.strip(), addresses)) for line in group]
            continue
        lines = "".join(group)
        pieces = _split(html_bytes(lines).decode("ascii"), addresses)
        if len(pieces) != len(_split(lines, addresses)):
            raise PressError("a line of the letter breaks in the middle of an address")
        parts += [
            partial(_address, name=addresses[piece]) if piece in addresses else piece.encode()
            for piece in pieces
        ]
    return parts


def cut_text(raw: str, addresses: Mapping[str, str], *, goes_on: bool = False) -> list[Part]:
    """The same for text, which may go on a line behind something of the reader's own.

    An address begins and ends at a soft line break, which nobody sees.
    """
    parts: list[Part] = []
    for has_words, group in groupby(raw.splitlines(keepends=True), key=has_slot):
        if has_words:
            parts += [TextLine(*_slot_line(line.rstrip("\n"), addresses)) for line in group]
            goes_on = False
            continue
        for piece in _split("".join(group), addresses):
            if piece in addresses:
                parts.append(partial(_text_address, name=addresses[piece]))
                goes_on = True
                continue
            data = text_bytes(piece)
            if goes_on and not piece.startswith("\n"):
                data = b"=\r\n" + data
            if not piece.endswith("\n"):
                data += b"=\r\n"
            parts.append(data)
            goes_on = False
    return parts


def has_slot(line: str) -> bool:
    return SLOT.search(line) is not None


def _split(raw: str, addresses: Mapping[str, str]) -> list[str]:
    if not addresses:
        return [raw]
    pattern = "|".join(map(re.escape, addresses))
    return [piece for piece in re.split(f"({pattern})", raw) if piece]


def _slot_line(line: str, addresses: Mapping[str, str]) -> tuple[str, Slot, str]:
    slots = list(SLOT.finditer(line))
    if len(slots) != 1 or len(_split(line, addresses)) != 1:
        raise PressError("two things of the reader's own stand on one line of the letter")
    (slot,) = slots
    return line[: slot.start()], Slot.found(slot), line[slot.end() :]


def _address(letter: Any, *, name: str) -> bytes:
    address: str = getattr(letter, name)
    return address.encode("ascii")


def _text_address(letter: Any, *, name: str) -> bytes:
    address: str = getattr(letter, name)
    if len(address) <= PLAIN_MOST and "=" not in address and address.isascii():
        return address.encode("ascii")
    return wire.quoted_printable(address)


@dataclass(frozen=True, slots=True)
class HtmlLine:
    before: str
    slot: Slot
    after: str

    def __call__(self, letter: Any) -> bytes:
        words = getattr(letter, self.slot.name)
        return _html_line(self.before, words, self.after, isinstance(words, SafeString))


@lru_cache(maxsize=KEPT)
def _html_line(before: str, words: str, after: str, is_safe: bool) -> bytes:
    line = f"{before}{words if is_safe else escape(words)}{after}"
    if line.isascii() and line.isprintable() and 0 < len(line) <= wire.LINE_LONGEST:
        line = line.strip()
        return f"{'.' if line.startswith('.') else ''}{line}\r\n".encode("ascii")
    return html_bytes(f"{line}\n")


@dataclass(frozen=True, slots=True)
class TextLine:
    before: str
    slot: Slot
    after: str

    def __call__(self, letter: Any) -> bytes:
        return _text_line(self.before, getattr(letter, self.slot.name), self.after, self.slot)


@lru_cache(maxsize=KEPT)
def _text_line(before: str, words: str, after: str, slot: Slot) -> bytes:
    if slot.room:
        words = wrapped(words, slot.indent, slot.room)
    return text_bytes(f"{before}{words}{after}\n")
