"""English that is left where another language was asked for.

Everything that comes from outside is Greek in the tests that use this, and the languages asked for
are Arabic and Chinese: a Latin word is one that nobody translated, or a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

FOREIGN = ["ar", "zh-hans"]
WORD = re.compile(r"[A-Za-z]{2,}")
ADDRESS = re.compile(r"https?://\S+|\S+@\S+|/[a-z]\S*")
READ_ALOUD = ("aria-label", "title", "placeholder", "alt", "data-failed", "data-none", "label")
# Names are the same everywhere: formats, services, categories, functions of mathematics.
NAMES = {
    *("PDF", "DOI", "JSON", "BibTeX", "RIS", "CSL", "Zotero", "arXiv", "Hugging", "Face"),
    *("UTC", "MB", "Cookie", "exp", "cs", "LG", "university", "edu"),
}


def english(document: Any) -> Iterator[str]:
    """Latin words that a reader would see or hear, but for names."""
    for element in document.iter():
        if not isinstance(element.tag, str) or element.tag in {"script", "style"}:
            continue
        # A language calls itself by its own name; places have but one in the time zone database.
        is_named = any(
            select.get("name") in {"language", "timezone"} for select in element.iterancestors()
        )
        said = [] if is_named else [element.text]
        said += [element.tail, *(element.get(name) for name in READ_ALOUD)]
        if element.get("name") == "description":
            said.append(element.get("content"))
        yield from left_of(" ".join(filter(None, said)))


def left_of(words: str) -> set[str]:
    return set(WORD.findall(ADDRESS.sub(" ", words))) - NAMES
