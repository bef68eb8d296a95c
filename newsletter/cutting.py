"""Rendered templates cut where stand-ins came out: what is the same for all readers, and what not.

Encoding works line by line (wire.py), so an encoded letter is the sum of its encoded lines.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString

from newsletter.sentences import ADDRESS
from newsletter.templatetags.letter import SLOT, Slot, wrapped
from subscribers import wire

PLAIN_MOST = 72  # characters of an address that need no soft break
KEPT = 4096  # of each line: readers share names, topics, subjects
# Needs no escape in HTML or in quoted-printable, and never begins a line with a dot.
PLAIN = re.compile("[A-Za-z0-9][A-Za-z0-9.@_+-]*")
# What makes a line of the words of one letter: of its words, or of a sentence and an address.
Line = Callable[[Any], bytes]


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


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a letter in pieces, empty where something of one reader's own stands."""

    pieces: tuple[bytes, ...]
    addresses: tuple[tuple[int, str], ...]  # (which piece, the name of the address)
    # (which piece, what of the letter it is made of, how)
    lines: tuple[tuple[int, Callable[[Any], Any], Line], ...] = ()

    def filled(self, letter: Any, addresses: Mapping[str, bytes]) -> list[bytes]:
        pieces = list(self.pieces)
        for place, name in self.addresses:
            pieces[place] = addresses[name]
        for place, words_of, line in self.lines:
            pieces[place] = line(words_of(letter))
        return pieces

    @property
    def between(self) -> list[bytes]:
        """What stands between its addresses, which are all the same one."""
        parts = [b""]
        places = {place for place, _ in self.addresses}
        for place, piece in enumerate(self.pieces):
            if place in places:
                parts.append(b"")
            else:
                parts[-1] += piece
        return parts


@dataclass(slots=True)
class Cutting:
    """A part of a letter while it is cut."""

    stand_ins: Mapping[str, str]  # → the name of the address in whose place it comes out
    pieces: list[bytes] = field(default_factory=list)
    addresses: list[tuple[int, str]] = field(default_factory=list)
    lines: list[tuple[int, Callable[[Any], Any], Line]] = field(default_factory=list)

    def add(self, data: bytes) -> None:
        self.pieces.append(data)

    def add_address(self, stand_in: str) -> None:
        self.addresses.append((len(self.pieces), self.stand_ins[stand_in]))
        self.pieces.append(b"")

    def add_line(self, line: str, make: Callable[..., bytes]) -> None:
        """A line of the letter around the words that stand where its slot is."""
        slots = list(SLOT.finditer(line))
        if len(slots) != 1 or len(_split(line, self.stand_ins)) != 1:
            raise PressError("two things of the reader's own stand on one line of the letter")
        (match,) = slots
        slot = Slot.found(match)
        made = partial(make, slot, line[: match.start()], line[match.end() :])
        if slot.name == "why":
            self.lines.append((len(self.pieces), attrgetter("why", "address"), Addressed(made)))
        else:
            self.lines.append((len(self.pieces), attrgetter(slot.name), lru_cache(KEPT)(made)))
        self.pieces.append(b"")

    def done(self) -> Cut:
        return Cut(tuple(self.pieces), tuple(self.addresses), tuple(self.lines))


def cut_html(raw: str, stand_ins: Mapping[str, str]) -> Cut:
    cutting = Cutting(stand_ins)
    for has_words, group in groupby(raw.splitlines(keepends=True), key=has_slot):
        if has_words:
            for line in group:
                cutting.add_line(line.strip(), _html_line)
            continue
        lines = "".join(group)
        pieces = _split(html_bytes(lines).decode("ascii"), stand_ins)
        if len(pieces) != len(_split(lines, stand_ins)):
            raise PressError("a line of the letter breaks in the middle of an address")
        for piece in pieces:
            if piece in stand_ins:
                cutting.add_address(piece)
            else:
                cutting.add(piece.encode("ascii"))
    return cutting.done()


def cut_text(raw: str, stand_ins: Mapping[str, str], *, goes_on: bool = False) -> Cut:
    """The same for text, which may go on a line behind something of the reader's own.

    An address begins and ends at a soft line break, which nobody sees.
    """
    cutting = Cutting(stand_ins)
    for has_words, group in groupby(raw.splitlines(keepends=True), key=has_slot):
        if has_words:
            for line in group:
                cutting.add_line(line.rstrip("\n"), _text_line)
            goes_on = False
            continue
        for piece in _split("".join(group), stand_ins):
            if piece in stand_ins:
                cutting.add_address(piece)
                goes_on = True
                continue
            data = text_bytes(piece)
            if goes_on and not piece.startswith("\n"):
                data = b"=\r\n" + data
            if not piece.endswith("\n"):
                data += b"=\r\n"
            cutting.add(data)
            goes_on = False
    return cutting.done()


def text_address(address: bytes) -> bytes:
    """An address as it travels in the text, between two soft line breaks."""
    if len(address) <= PLAIN_MOST and b"=" not in address:
        return address
    return wire.quoted_printable(address.decode("ascii"))


def has_slot(line: str) -> bool:
    return SLOT.search(line) is not None


def _split(raw: str, addresses: Mapping[str, str]) -> list[str]:
    if not addresses:
        return [raw]
    pattern = "|".join(map(re.escape, addresses))
    return [piece for piece in re.split(f"({pattern})", raw) if piece]


class Addressed:
    """A line with a reader's address: made once for all addresses of one length."""

    def __init__(self, made: Callable[[str], bytes]) -> None:
        self.made = made
        self.around = lru_cache(KEPT)(self._around)

    def __call__(self, own: tuple[str, str]) -> bytes:
        words, address = own
        if PLAIN.fullmatch(address) and (around := self.around(words, len(address))):
            before, after = around
            return before + address.encode("ascii") + after
        return self.made(words.replace(ADDRESS, address))

    def _around(self, words: str, length: int) -> tuple[bytes, bytes] | None:
        """What stands before and behind an address so long; None where it does not stay whole."""
        stand_in = secrets.token_hex(length)[:length]
        around = self.made(words.replace(ADDRESS, stand_in)).split(stand_in.encode())
        return (around[0], around[1]) if len(around) == 2 else None


def _html_line(slot: Slot, before: str, after: str, words: str) -> bytes:
    line = f"{before}{words if isinstance(words, SafeString) else escape(words)}{after}"
    if line.isascii() and line.isprintable() and 0 < len(line) <= wire.LINE_LONGEST:
        line = line.strip()
        return f"{'.' if line.startswith('.') else ''}{line}\r\n".encode("ascii")
    return html_bytes(f"{line}\n")


def _text_line(slot: Slot, before: str, after: str, words: str) -> bytes:
    if slot.room:
        words = wrapped(words, slot.indent, slot.room)
    return text_bytes(f"{before}{words}{after}\n")
