"""What a reader brings along: arXiv ids, links, titles, BibTeX, RIS, CSL-JSON, Zotero's CSV.

Everything here comes from outside and may be broken on purpose: what cannot be read is refused by
its name, and the rest goes on.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from papers import bibtex, latex, text
from papers.sources import values
from papers.sources.base import Refusal

MOST_BYTES = 5_000_000
MOST_REFERENCES = 3_000
LONGEST_VALUE = 2_000  # characters of a field that are looked at
LEAST_TITLE = 12  # letters of a line that may be a title

ARXIV = re.compile(
    r"arxiv(?:\.org/(?:abs|pdf|html)/|\s*preprint\s+arxiv:|[:\s.]\s*)"
    r"(\d{4}\.\d{4,5}|[a-z][a-z-]{1,15}(?:\.[A-Z]{2})?/\d{7})(?!\d)",
    re.I | re.A,
)
DOI = re.compile(r"\b10\.[0-9]{4,9}/[^\s\"<>{}|\\^`]{1,180}", re.A)
ADDRESS = re.compile(r"\b(?:https?://|www\.)", re.I)
RIS_LINE = re.compile(r"([A-Z][A-Z0-9]) {1,2}- ?(.*)")
RIS = re.compile(r"^\ufeff?\s*TY {1,2}- ", re.M)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A paper as somebody else names it; at least an id or a title is known."""

    name: str  # how a report calls it: its key, or its line
    title: str = ""
    author: str = ""  # the first
    year: int = 0
    arxiv_id: str = ""
    doi: str = ""


@dataclass(frozen=True, slots=True)
class Pasted:
    references: tuple[Reference, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def total(self) -> int:
        return len(self.references) + len(self.refusals)


def decode(data: bytes) -> str:
    """The text of a file. Raises ValueError, with a reason for the reader, where it is none."""
    if len(data) > MOST_BYTES:
        raise ValueError(_("The file is larger than %d MB.") % (MOST_BYTES // 1_000_000))
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        found = data.decode(encoding)
    except UnicodeDecodeError:
        found = data.decode("cp1252", errors="replace")
    if "\0" in found:
        raise ValueError(
            _("This is not a text file. Export your library as BibTeX, RIS or CSL JSON.")
        )
    return found


def read(pasted: str) -> Pasted:
    """The references in a text of whatever kind, each paper once; no more than MOST_REFERENCES."""
    found: dict[Reference, None] = {}
    refusals: list[Refusal] = []
    known: set[str] = set()
    for item in _items(pasted):
        if isinstance(item, Refusal):
            refusals.append(item)
        elif not _is_known(item, known):
            found[item] = None
        if len(found) + len(refusals) >= MOST_REFERENCES:
            most = number_format(MOST_REFERENCES, force_grouping=True)
            refusals.append(Refusal(_("the rest"), _("only %s papers at a time") % most))
            break
    return Pasted(tuple(found), tuple(refusals))


def _is_known(reference: Reference, known: set[str]) -> bool:
    """Whether one of its ids, or without any its title, came before; remembers them."""
    keys = {key for key in (reference.arxiv_id, reference.doi) if key}
    keys = keys or {text.folded(reference.title)}
    if keys & known:
        return True
    known |= keys
    return False


def _items(pasted: str) -> Iterator[Reference | Refusal]:
    start = pasted.lstrip("\ufeff \t\r\n")
    if bibtex.is_bibtex(pasted):
        yield from _of_bibtex(pasted)
    elif RIS.search(pasted):
        yield from _of_ris(pasted)
    elif start[:1] in ("[", "{"):
        yield from _of_json(start)
    elif _is_csv(start):
        yield from _of_csv(start)
    else:
        yield from _of_lines(pasted)


def _of_bibtex(pasted: str) -> Iterator[Reference | Refusal]:
    for entry in bibtex.entries(pasted):
        fields = entry.fields
        name = entry.key or _line(entry.line)
        yield _reference(
            name,
            title=_plain(fields.get("title", "")),
            author=_plain(re.split(r"\s+and\s+", fields.get("author", "")[:400])[0]),
            year=fields.get("year", "") or fields.get("date", ""),
            ids=[fields.get("eprint", ""), fields.get("doi", "")],
            prose=[
                fields.get(field, "")
                for field in ("url", "journal", "number", "note", "howpublished")
            ],
        )


def _plain(value: str) -> str:
    """Without LaTeX and the braces that keep capital letters."""
    return latex.to_text(value[:LONGEST_VALUE]).replace("{", "").replace("}", "")


def _of_ris(pasted: str) -> Iterator[Reference | Refusal]:
    fields: dict[str, str] = {}
    began = tag = ""
    for number, line in enumerate(pasted.splitlines(), start=1):
        match = RIS_LINE.match(line.lstrip("\ufeff"))
        if match is None:
            if tag and line.strip():
                fields[tag] = f"{fields[tag]} {line.strip()}"[:LONGEST_VALUE]
            continue
        tag = match[1]
        if tag == "TY":
            if began:
                yield _of_ris_fields(began, fields)
            began, fields = _line(number), {}
        fields.setdefault(tag, match[2].strip()[:LONGEST_VALUE])
        if tag == "ER" and began:
            yield _of_ris_fields(began, fields)
            began = tag = ""
            fields = {}
    if began:
        yield _of_ris_fields(began, fields)


def _of_ris_fields(name: str, fields: Mapping[str, str]) -> Reference | Refusal:
    return _reference(
        name,
        title=fields.get("TI") or fields.get("T1") or fields.get("CT", ""),
        author=fields.get("AU") or fields.get("A1", ""),
        year=fields.get("PY") or fields.get("Y1") or fields.get("DA", ""),
        ids=[fields.get("DO", "")],
        prose=[fields.get(tag, "") for tag in ("UR", "L1", "L2", "M1", "M3", "AN", "N1", "C1")],
    )


def _of_json(pasted: str) -> Iterator[Reference | Refusal]:
    """CSL-JSON, as Zotero, Mendeley and Crossref write it."""
    try:
        data = json.loads(pasted)
    except (ValueError, RecursionError):
        yield Refusal(_("the file"), _("looks like JSON, but cannot be read"))
        return
    items = data.get("items", [data]) if isinstance(data, dict) else data
    if not isinstance(items, list):
        yield Refusal(_("the file"), _("is JSON, but no list of papers"))
        return
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            yield Refusal(_("entry %d") % number, _("is no paper"))
            continue
        fields = {str(key).lower(): value for key, value in item.items()}
        yield _reference(
            _word(fields.get("id"))[:80] or _("entry %d") % number,
            title=_word(fields.get("title")),
            author=_csl_author(fields.get("author")),
            year=_csl_year(fields.get("issued")),
            ids=[_word(fields.get("doi"))],
            prose=[_word(fields.get(key)) for key in ("url", "number", "note", "archive_location")],
        )


def _word(value: Any) -> str:
    """A field as text; Crossref writes a title as a list of one."""
    if isinstance(value, list) and value:
        value = value[0]
    return value[:LONGEST_VALUE] if isinstance(value, str) else ""


def _csl_author(value: Any) -> str:
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, dict):
        return ""
    family, given = _word(first.get("family")), _word(first.get("given"))
    return f"{family}, {given}" if family and given else family or _word(first.get("literal"))


def _csl_year(value: Any) -> str:
    parts = value.get("date-parts") if isinstance(value, dict) else None
    first = parts[0] if isinstance(parts, list) and parts else None
    year = first[0] if isinstance(first, list) and first else ""
    return str(year)[:10] if isinstance(year, int | str) and not isinstance(year, bool) else ""


def _is_csv(start: str) -> bool:
    """By its first line, as Zotero writes it."""
    head = start.partition("\n")[0].lower()
    return "title" in head and head.count(",") >= 2 and ("doi" in head or "item type" in head)


def _of_csv(pasted: str) -> Iterator[Reference | Refusal]:
    rows = csv.reader(io.StringIO(pasted, newline=""))
    names: list[str] = []
    try:
        for row in rows:
            if not names:
                names = [name.strip().lower() for name in row]
                continue
            fields = dict(zip(names, row, strict=False))
            if any(fields.values()):
                yield _of_csv_fields(_line(rows.line_num), fields)
    except csv.Error:
        yield Refusal(_line(rows.line_num), _("is no line of a table; the rest was not read"))


def _of_csv_fields(name: str, fields: Mapping[str, str]) -> Reference | Refusal:
    return _reference(
        name,
        title=fields.get("title", ""),
        author=fields.get("author", "")[:400].split(";")[0],
        year=fields.get("publication year", "") or fields.get("date", ""),
        ids=[fields.get("doi", "")],
        prose=[fields.get(key, "") for key in ("url", "number", "archive location", "extra")],
    )


def _of_lines(pasted: str) -> Iterator[Reference | Refusal]:
    """Ids and links, several to a line; or a line that is a title."""
    for number, line in enumerate(pasted.splitlines(), start=1):
        line = line.strip().lstrip("-*•").strip()
        if not line:
            continue
        shown = text.shortened(text.clean(line), 60)
        name = f"{_line(number)}: {shown}" if shown else _line(number)
        words = [word.strip("()<>[]\"'.") for word in re.split(r"[\s,;]+", line[:LONGEST_VALUE])]
        ids = [_reference(name, ids=[word], prose=[word]) for word in words if word]
        if ids and all(isinstance(found, Reference) for found in ids):
            yield from ids
            continue
        found = _reference(name, prose=[line])
        is_title = len(text.folded(text.clean(line))) >= LEAST_TITLE and not ADDRESS.search(line)
        if isinstance(found, Refusal) and is_title:
            found = _reference(name, title=line)
        if isinstance(found, Refusal):
            found = Refusal(name, _("is neither an arXiv id, a DOI, a link to one nor a title"))
        yield found


def _line(number: int) -> str:
    return _("line %d") % number


def _reference(
    name: str,
    *,
    title: str = "",
    author: str = "",
    year: str = "",
    ids: Iterable[str] = (),
    prose: Iterable[str] = (),
) -> Reference | Refusal:
    """`ids` are fields that hold an id alone; in `prose` one may stand among other words."""
    arxiv_id = doi = ""
    for value in (value[:LONGEST_VALUE].strip() for value in ids):
        found, own = values.doi(value)
        arxiv_id = arxiv_id or own or values.arxiv_identity(value)[0]
        doi = doi or found
    for value in (value[:LONGEST_VALUE] for value in prose):
        if not arxiv_id and (match := ARXIV.search(value)):
            arxiv_id = values.arxiv_identity(match[1])[0]
        if not doi and (match := DOI.search(value)):
            found, own = values.doi(match[0].rstrip(").,;]"))
            doi, arxiv_id = found, arxiv_id or own
    plain = text.shortened(text.clean(title[:LONGEST_VALUE]), 500)
    if not text.folded(plain):
        plain = ""
    name = text.shortened(text.clean(name), 90) or _("a nameless entry")
    if not (plain or arxiv_id or doi):
        return Refusal(name, _("has no title, arXiv id or DOI"))
    stated = YEAR.search(year[:40])
    writer = text.author_name(author[:200])[:200]
    return Reference(name, plain, writer, int(stated[0]) if stated else 0, arxiv_id, doi[:200])
