"""What the text parts of letters need: paragraphs of 72 columns, labels before addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from django import template

register = template.Library()

COLUMNS = 72
WIDE = "\u2e80-\u2fff\u3040-\u9fff\uf900-\ufaff"
# A word; or one character of a script without spaces with the closing marks that follow it.
UNIT = re.compile(rf"(\s*)([{WIDE}][\u3001-\u3011\uff01-\uff0f\uff1a-\uff20]*|[^\s{WIDE}]+)")


@register.filter
def wrap(words: str, indent: int = 0) -> str:
    """`words` in lines of 72 columns, all but the first indented; no word is ever broken.

    A script without spaces breaks between its characters, which count for two columns.
    """
    return ("\n" + " " * indent).join(_lines(str(words), COLUMNS - indent))


@register.filter
def indented(words: str, indent: int = 3) -> str:
    """The same with the first line indented too."""
    return " " * indent + wrap(words, indent)


@register.filter
def numbered(words: str) -> str:
    """The same behind a number such as `12. `."""
    return "\n   ".join(_lines(str(words), COLUMNS - 4))


def _lines(words: str, room: int) -> Iterator[str]:
    line, width = "", 0
    for space, unit in UNIT.findall(words.strip()):
        columns = len(unit) if unit.isascii() else sum(map(_columns, unit))
        if line and width + bool(space) + columns > room:
            yield line
            line, width = unit, columns
        else:
            line += " " + unit if line and space else unit
            width += bool(space) + columns
    if line:
        yield line


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
