"""Files and folders of what sources say: each file's format is found from its first bytes."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

from papers.sources import (
    archives,
    arxiv_api,
    arxiv_feeds,
    documents,
    hf,
    hf_page,
    hf_text,
    own,
    values,
)
from papers.sources.base import Parsed, SourceError

LARGEST = 128 * 1024 * 1024  # bytes of one file, unpacked
GZIP = b"\x1f\x8b"

Parser = Callable[[bytes, date | None, datetime | None], Parsed]


def read_path(
    path: Path, *, on: date | None = None, largest: int = LARGEST
) -> Iterator[tuple[str, Parsed | SourceError]]:
    """Name and content of a file, or of each file below a folder in the order of their names.

    `on` is the day of those lists whose file's name has no date, and gives copied text its year.
    What cannot be read comes as the SourceError that says why, and the rest goes on. Hidden files
    and what is no plain file (a socket, a device) are passed over in a folder.
    """
    if not path.is_dir():
        yield path.name, read_file(path, on=on, largest=largest)
        return
    found = False
    for file in sorted(path.rglob("*")):
        inner = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in inner.parts):
            found = True
            yield inner.as_posix(), read_file(file, on=on, largest=largest)
    if not found:
        yield path.name, SourceError("a folder without files")


def read_file(
    path: Path, *, on: date | None = None, largest: int = LARGEST
) -> Parsed | SourceError:
    try:
        content = unpacked(path, largest)
        return parse(content, on=day_in(path.name) or on, at=time_in(path.name))
    except SourceError as error:
        return error


def unpacked(path: Path, largest: int) -> bytes:
    """The bytes of a plain file, or those inside a gzip file."""
    if not path.exists():
        raise SourceError("no such file")
    if not path.is_file():
        raise SourceError("not a plain file")
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == GZIP
            file.seek(0)
            if is_packed:
                with gzip.GzipFile(fileobj=file) as inner:
                    content = inner.read(largest + 1)
            else:
                content = file.read(largest + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"cannot be read: {error}") from None
    if len(content) > largest:
        raise SourceError(f"larger than {largest // 1024 // 1024} MB")
    return content


def parse(content: bytes, *, on: date | None = None, at: datetime | None = None) -> Parsed:
    """What `content` holds, whichever source it came from; `on` and `at` as its parser has them."""
    return parser_of(content)(content, on, at)


def parser_of(content: bytes) -> Parser:
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise SourceError("an empty file")
    if start.startswith(b"["):
        return lambda content, on, at: hf.parse(content, on=on, at=at)
    if start.startswith(b"{"):
        return object_parser(content)
    if documents.is_html(start):
        return lambda content, on, at: hf_page.parse(content, on=on, at=at)
    if start.startswith(b"<"):
        return feed_parser(content)
    if b"\x00" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError("not a text")
    return lambda content, on, at: hf_text.parse(content, on=on, at=at)


def feed_parser(content: bytes) -> Parser:
    """arXiv's daily feeds are RSS, or say how each paper is announced; its API does neither."""
    is_daily = b"<rss" in content[:4096] or b"rss.arxiv.org" in content[:4096]
    if is_daily or b"announce_type>" in content:
        return lambda content, on, at: arxiv_feeds.parse(content, on=on)
    return lambda content, on, at: arxiv_api.parse(content, on=None)


def object_parser(content: bytes) -> Parser:
    """JSON lines, our own document, or what an API said instead of a list."""
    first = content.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
    try:
        is_line = "format" not in json.loads(first)
    except (ValueError, RecursionError):
        is_line = False
    if is_line:
        return lambda content, on, at: archives.parse(content)
    if b'"format"' in content[:4096]:
        return lambda content, on, at: own.parse(documents.text(content))
    return lambda content, on, at: hf.parse(content)


def day_in(name: str) -> date | None:
    """The first date in a file's name: `2026-02-20.json`."""
    match = re.search(r"\d{4}-\d{2}-\d{2}", name, re.A)
    return values.day(match.group()) if match else None


def time_in(name: str) -> datetime | None:
    """The time in UTC that a file's name has: `…__taken_2024-06-12T1706Z.json`."""
    match = re.search(r"\d{4}-\d{2}-\d{2}T\d{4}(?:\d\d)?Z", name, re.A)
    return values.moment(match.group()) if match else None
