"""Single values as sources write them, read strictly: a wrong one is a ValueError or left out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from papers.text import UNPRINTABLE

# Both schemes: 2602.13515v2 since 2007, quant-ph/0201082v1 or math.AG/0309136 before.
ARXIV_ID = re.compile(
    r"(?:arxiv:)?(?:(?P<id>\d{4}\.\d{4,5})|(?P<archive>[a-z][a-z-]{1,15})(?:\.[A-Z]{2})?/(?P<number>\d{7}))"
    r"(?:v(?P<version>\d{1,3}))?",
    re.I | re.A,
)
# https://www.doi.org/the-identifier/resources/handbook; arXiv's own DOIs are arXiv ids.
DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.[0-9]{4,9}/[!-~]{1,180})", re.I)
ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)", re.I)
# No name before the host, no space, control character, quote, bracket or private character.
ADDRESS = re.compile(
    r"https?://(?![^/]*@)[^\x00-\x20\x7f-\xa0\"<>\\^`{}|\ud800-\uf8ff\ufdd0-\ufdef\ufff0-\uffff]+",
    re.I,
)
# arxiv.org/category_taxonomy: an archive, and a subject below it where the archive has any. The
# last two lines are closed archives, whose old papers keep their categories.
CATEGORY = re.compile(
    r"(?:cs|econ|eess|math|nlin|q-bio|q-fin|stat)\.[A-Z]{2}"
    r"|astro-ph(?:\.[A-Z]{2})?|physics\.[a-z]+(?:-[a-z]+)*|cond-mat(?:\.[a-z]+(?:-[a-z]+)*)?"
    r"|gr-qc|hep-(?:ex|lat|ph|th)|math-ph|nucl-(?:ex|th)|quant-ph"
    r"|acc-phys|adap-org|alg-geom|ao-sci|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|dg-ga"
    r"|funct-an|mtrl-th|patt-sol|plasm-ph|q-alg|solv-int|supr-con",
    re.A,
)
MOST = 2_147_483_647  # what an integer column holds
ETAG_LONGEST, LAST_MODIFIED_LONGEST = 300, 100  # characters that their columns hold


def text(value: Any) -> str:
    """A string, or nothing; any other kind is refused."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} stands where a text should")
    return value


def listed(value: Any) -> list[Any]:
    """A list, or nothing; any other kind is refused: a text would be taken letter by letter."""
    if not value:
        return []
    if not isinstance(value, list):
        raise ValueError(f"a {type(value).__name__} stands where a list should")
    return value


def title(value: Any) -> str:
    found = text(value)
    if not found.strip():
        raise ValueError("has no title")
    return found


def count(value: Any) -> int | None:
    """A counter: a whole number from 0; None where it is absent or nonsense."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= MOST else None


def moment(value: Any) -> datetime | None:
    """An instant in UTC from ISO 8601; one without a zone is taken as UTC, nonsense as None."""
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    try:
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None
    return found if 1900 <= found.year <= 2200 else None


def day(value: Any) -> date | None:
    found = moment(value)
    return found.date() if found else None


def arxiv_identity(value: Any) -> tuple[str, int | None]:
    """Id and version of `2602.13515v2`, `arXiv:…` or an address of arXiv; ("", None) for others."""
    if not isinstance(value, str):
        return "", None
    tail = re.sub(r"^https?://(?:\w+\.)?arxiv\.org/(?:abs|pdf|html)/", "", value.strip())
    match = ARXIV_ID.fullmatch(tail.removesuffix(".pdf"))
    if match is None:
        return "", None
    version = int(match["version"]) if match["version"] else None
    # math.AG/0309136 and math/0309136 are one paper.
    own = match["id"] or f"{match['archive'].lower()}/{match['number']}"
    return own, version or None


def doi(value: Any) -> tuple[str, str]:
    """DOI in lower case, and the arXiv id where the DOI is arXiv's own (then without the DOI)."""
    match = DOI.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return "", ""
    found = match[1].rstrip(".,;").lower()
    if own := ARXIV_DOI.fullmatch(found):
        return "", arxiv_identity(own[1])[0]
    return found, ""


def web_address(value: Any) -> str:
    """An http(s) address fit for a link; anything else is left out."""
    if not isinstance(value, str) or len(value) > 500:
        return ""
    value = value.strip()
    # Direction marks and invisible characters would show another address than the link's.
    if not ADDRESS.fullmatch(value) or UNPRINTABLE.search(value):
        return ""
    try:
        host = urlsplit(value).hostname
    except ValueError:
        return ""
    return value if host else ""


def validator(value: str, longest: int) -> str:
    """An ETag or a Last-Modified to be sent back as it came; "" where no header can carry it.

    One that would have to be cut is another one (RFC 9110, 8.8).
    """
    fits = len(value) <= longest and value.isascii() and value.isprintable()
    return value if fits and value == value.strip() else ""


def is_category(value: str) -> bool:
    """Whether it is a code of arXiv's: cs.CL, q-bio.BM, quant-ph, cond-mat.mtrl-sci, cmp-lg."""
    return CATEGORY.fullmatch(value) is not None and len(value) <= 32


def words(value: Any) -> tuple[str, ...]:
    """The strings of a list; anything that is not one is left out."""
    if not isinstance(value, list | tuple):
        return ()
    return tuple(item for item in value if isinstance(item, str) and item.strip())
