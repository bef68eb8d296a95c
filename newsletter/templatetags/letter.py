"""What the text parts of letters need: paragraphs of 72 columns, labels before addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from newsletter import wording

register = template.Library()

COLUMNS = 72
# Without the full stop or bracket that ends the sentence around it.
ADDRESS = re.compile(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])")
WIDE = "\u2e80-\u2fff\u3040-\u9fff\uf900-\ufaff"
BREAK = " \\t-\\r\\x1c-\\x1f\x85\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
NO_BREAK = "\u00a0\u2007\u202f"
OPENING = "\u201c\u2018\u3008\u300a\u300c\u300e\u3010\u3014\uff08\uff3b"
CLOSING = (
    "\u201d\u2019\u2026\u3001\u3002\u3009\u300b\u300d\u300f\u3011\u3015"
    "\uff01\uff05\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3d"
)
# A word, or one character of a script without spaces.
PIECE = f"(?:[{WIDE}\uff01-\uff60]|[^{BREAK}{WIDE}\uff01-\uff60]+)"
# What no line parts: pieces with a no-break space between them, or with a bracket's inner side.
TOGETHER = f"(?:(?<=[{NO_BREAK}{OPENING}])|(?=[{NO_BREAK}{CLOSING}]))"
UNIT = re.compile(f"([{BREAK}]*)({PIECE}(?:{TOGETHER}{PIECE})*)")
ORDINARY = str.maketrans(dict.fromkeys(NO_BREAK, " "))
# Latin, Greek and Cyrillic with the usual signs: one column each, broken at spaces alone.
SIMPLE = re.compile(
    "[ -~\u00a1-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u2070-\u209c\u2100-\u22ff]*"
)


SLOT = re.compile("\ue000([a-z_]+):([0-9]+):([0-9]+)\ue001")


class Slot(str):
    """Stands in for words of a reader's own until a letter is joined; remembers how to wrap them.

    Private characters mark it, which no outside text has: papers/text.py drops them.
    """

    name: str
    indent: int
    room: int  # columns; 0: not wrapped

    def __new__(cls, name: str, indent: int = 0, room: int = 0) -> Slot:
        slot = super().__new__(cls, f"\ue000{name}:{indent}:{room}\ue001")
        slot.name, slot.indent, slot.room = name, indent, room
        return slot

    @classmethod
    def found(cls, match: re.Match[str]) -> Slot:
        return cls(match[1], int(match[2]), int(match[3]))


@register.filter
def wrap(words: str, indent: int = 0) -> str:
    """`words` in lines of 72 columns, all but the first indented; no word is ever broken.

    Lines end at ordinary spaces only: a no-break space stays what it is. A script without spaces
    breaks between its characters, which count for two columns.
    """
    return wrapped(words, indent, COLUMNS - indent)


@register.filter
def indented(words: str, indent: int = 3) -> str:
    """The same with the first line indented too."""
    return " " * indent + wrap(words, indent)


@register.filter
def numbered(words: str) -> str:
    """The same behind a number such as `12. `."""
    return wrapped(words, 3, COLUMNS - 4)


@register.filter
def labelled(label: str, named: str = "") -> str:
    """A label before an address, a title; without one, the label on a line of its own."""
    return wording.labelled(label, named)


@register.filter
def text_lines(words: str) -> str:
    """Every line of an operator's text in lines of 72 columns."""
    return "\n".join(wrapped(line, 0, COLUMNS) for line in words.splitlines())


@register.filter
def html_lines(words: str, link_style: str) -> SafeString:
    """An operator's text in HTML: escaped, its lines kept, its web addresses links."""
    html = []
    for line in words.splitlines():
        parts = [conditional_escape(part) for part in ADDRESS.split(line)]
        for place in range(1, len(parts), 2):
            parts[place] = format_html(
                '<a href="{0}" class="acc" style="{1}">{0}</a>', parts[place], link_style
            )
        html.append("".join(parts))
    return mark_safe("<br>\n".join(html))  # noqa: S308 - escaped above


def wrapped(words: str, indent: int, room: int) -> str:
    if isinstance(words, Slot):
        return Slot(words.name, indent, room)
    return ("\n" + " " * indent).join(_lines(str(words), room))


def _lines(words: str, room: int) -> Iterator[str]:
    if words.isascii() or SIMPLE.fullmatch(words):
        yield from _simple_lines(words, room)
    else:
        yield from _any_lines(words, room)


def _any_lines(words: str, room: int) -> Iterator[str]:
    line, width = "", 0
    for space, unit, columns in _units(words, room):
        if line and width + bool(space) + columns > room:
            yield line
            line, width = unit, columns
        else:
            line += " " + unit if line and space else unit
            width += bool(space) + columns
    if line:
        yield line


def _units(words: str, room: int) -> Iterator[tuple[str, str, int]]:
    """(space before it, what stays together, its columns); what fits no line is parted anyhow."""
    for space, unit in UNIT.findall(words):
        columns = len(unit) if unit.isascii() else sum(map(_columns, unit))
        parted = unit.translate(ORDINARY) if columns > room else unit
        if parted != unit:
            yield from _units(space + parted, room)
        else:
            yield space, unit, columns


def _simple_lines(words: str, room: int) -> Iterator[str]:
    """The same for most of the words there are, in a third of the time."""
    first, *rest = words.split() or [""]
    line = first
    for word in rest:
        if len(line) + len(word) >= room:
            yield line
            line = word
        else:
            line = f"{line} {word}"
    if line:
        yield line


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
