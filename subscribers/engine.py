"""The template engine of letters: it knows their templates and two tag libraries, nothing else.

An operator may put texts of their own in the place of the shipped ones. They cannot read another
file, load a library, switch escaping off, or print what differs from one try to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.template import Engine, Library, Origin
from django.template.loaders.filesystem import Loader
from django.utils._os import safe_join

PREFIX = "letter/"
FOLDER = Path(settings.BASE_DIR) / "templates" / "letter"
LIBRARIES = {"i18n": "django.templatetags.i18n", "letter": "newsletter.templatetags.letter"}
LEFT_OUT = {
    *("autoescape", "csrf_token", "debug", "lorem", "now", "url", "querystring"),
    *("safe", "safeseq", "random", "pprint"),
}
# Around the name of a value that there is none of, in a proof.
UNKNOWN = "\ue002%s\ue003"

Templates = tuple[tuple[str, str], ...]


@lru_cache(maxsize=8)
def of(templates: Templates = (), *, is_proof: bool = False) -> Engine:
    """The engine with these templates before those that ship; a proof's names lines in faults."""
    loaders = [
        ("django.template.loaders.locmem.Loader", dict(templates)),
        "subscribers.engine.Shipped",
    ]
    return LetterEngine(
        loaders=[("django.template.loaders.cached.Loader", loaders)],
        libraries=LIBRARIES,
        debug=is_proof,
        string_if_invalid=UNKNOWN if is_proof else "",
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
    """`letter/…` from the one folder."""

    def get_template_sources(self, template_name: str) -> Iterator[Origin]:
        if not template_name.startswith(PREFIX):
            return
        try:
            path: Any = safe_join(FOLDER, template_name.removeprefix(PREFIX))
        except SuspiciousFileOperation:
            return
        yield Origin(name=path, template_name=template_name, loader=self)
