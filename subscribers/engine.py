"""The template engine of letters: it knows their templates and two tag libraries, nothing else.

An operator may put texts of their own in the place of the shipped ones. They cannot read another
file, load a library, switch escaping off, or print what differs from one try to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.template import Engine, Library, Origin
from django.template.loaders.filesystem import Loader
from django.utils import translation
from django.utils._os import safe_join
from django.utils.html import escape
from django.utils.translation import gettext, pgettext

from subscribers.look import SHIPPED, Look, styles

PREFIX = "letter/"
FOLDER = Path(settings.BASE_DIR) / "templates" / "letter"
LIBRARIES = {"i18n": "django.templatetags.i18n", "letter": "newsletter.templatetags.letter"}
LEFT_OUT = {
    *("autoescape", "csrf_token", "debug", "lorem", "now", "url", "querystring"),
    *("safe", "safeseq", "random", "pprint"),
}
# Around the name of a value that there is none of, in a proof.
UNKNOWN = "\ue002%s\ue003"

# What is the same in every letter of one look and language: {{ css.link }}, {% translate "PDF" %}.
FIXED = re.compile(
    r"\{\{ (?P<name>(?:css|dark)\.[a-z0-9_]+) \}\}"
    r'|\{% translate "(?P<words>[^"{}]*)"(?: context "(?P<context>[^"{}]*)")? %\}'
)


def of(look: Look = SHIPPED) -> Engine:
    """The engine of letters in this look and the language that is switched on."""
    return _engine(look, translation.get_language() or "en")


@lru_cache(maxsize=32)
def _engine(look: Look, language: str) -> Engine:
    """A proof names lines in faults, and nothing in its templates is printed beforehand."""
    loaders = [
        ("django.template.loaders.locmem.Loader", dict(look.templates)),
        ("subscribers.engine.Shipped", None if look.is_proof else look),
    ]
    return LetterEngine(
        loaders=[("django.template.loaders.cached.Loader", loaders)],
        libraries=LIBRARIES,
        debug=look.is_proof,
        string_if_invalid=UNKNOWN if look.is_proof else "",
    )


def shipped() -> dict[str, str]:
    """Every template that ships, `item.html` → its text."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(FOLDER.iterdir())}


class LetterEngine(Engine):
    def get_template_builtins(self, builtins: list[str]) -> list[Library]:
        return [_without(library) for library in super().get_template_builtins(builtins)]


def _without(library: Library) -> Library:
    left = Library()
    left.tags = {name: tag for name, tag in library.tags.items() if name not in LEFT_OUT}
    left.filters = {name: f for name, f in library.filters.items() if name not in LEFT_OUT}
    return left


class Shipped(Loader):
    """`letter/…` from the one folder, with what is fixed in a look already printed."""

    def __init__(self, engine: Engine, look: Look | None = None) -> None:
        super().__init__(engine)
        self.look = look

    def get_contents(self, origin: Origin) -> str:
        contents: str = super().get_contents(origin)
        return contents if self.look is None else with_fixed(contents, self.look)

    def get_template_sources(self, template_name: str) -> Iterator[Origin]:
        if not template_name.startswith(PREFIX):
            return
        try:
            path: Any = safe_join(FOLDER, template_name.removeprefix(PREFIX))
        except SuspiciousFileOperation:
            return
        yield Origin(name=path, template_name=template_name, loader=self)


def with_fixed(contents: str, look: Look) -> str:
    """A template's text with styles, colours and words in the place of the tags that print them."""
    direction = "rtl" if translation.get_language_bidi() else "ltr"
    values = {f"css.{name}": style for name, style in styles(direction, look.light).items()}
    values |= {f"dark.{name}": str(colour) for name, colour in vars(look.dark).items()}

    def printed(match: re.Match[str]) -> str:
        if match["name"]:
            return str(escape(values[match["name"]])) if match["name"] in values else match[0]
        words = match["words"].replace("%", "%%")
        said = pgettext(match["context"], words) if match["context"] else gettext(words)
        return match[0] if "{" in said else said.replace("%%", "%")

    return FIXED.sub(printed, contents)
