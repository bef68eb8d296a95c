"""What every source hands over: records of papers, refusals, or a reason why there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol


class SourceError(Exception):
    """A source, or a file, that could not be read; the message is for the operator."""

    @property
    def reason(self) -> str:
        return str(self)


class StoppedError(Exception):
    """The service is being stopped: what was asked for can wait until it runs again."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A source's counters at one instant; None where it does not say."""

    read_at: datetime
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    citations: int | None = None
    source: str = ""  # where it is not the record's own


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Another day or list on which a source showed the same paper."""

    source: str
    listing: str
    on: date


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """What one source said about one paper, as it said it: texts are cleaned by ingest."""

    source: str
    title: str
    listing: str = ""
    mentioned_on: date | None = None
    arxiv_id: str = ""  # without version
    version: int | None = None
    doi: str = ""
    abstract: str = ""
    summary: str = ""
    summary_source: str = ""  # a value of Paper.SummarySource, where there is a summary
    authors: tuple[str, ...] = ()
    affiliations: tuple[str, ...] = ()  # one for each author, or none at all
    categories: tuple[str, ...] = ()
    primary_category: str = ""
    published_at: datetime | None = None
    revised_at: datetime | None = None
    comment: str = ""
    venue: str = ""
    url: str = ""
    code_url: str = ""
    project_url: str = ""
    discussion_url: str = ""
    submitter: str = ""
    organization: str = ""  # that the source files the paper under
    keywords: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    announce_type: str = ""  # arXiv's: new, cross, replace, replace-cross
    also_mentioned: tuple[Mentioned, ...] = ()
    # A record that only adds to a paper we have (later votes) and never makes a new one.
    is_addition: bool = False

    @property
    def name(self) -> str:
        """How a report calls it."""
        return self.arxiv_id or self.doi or self.title[:80]


@dataclass(frozen=True, slots=True)
class Refusal:
    record: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The records of one answer; `announced` is how many the source says there are in all."""

    records: tuple[PaperRecord, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    announced: int | None = None


class Answer(Protocol):
    """What a server said; with status 304 nothing is new and the content is empty."""

    @property
    def status(self) -> int: ...
    @property
    def content(self) -> bytes: ...
    @property
    def etag(self) -> str: ...
    @property
    def last_modified(self) -> str: ...


class Client(Protocol):
    """What fetches (papers/sources/http.py); every failure is a SourceError."""

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
    ) -> Answer: ...


def collect(
    items: Iterable[Any],
    read: Callable[[Any], PaperRecord],
    *,
    name: Callable[[Any], str],
    announced: int | None = None,
) -> Parsed:
    """Read each item on its own; one that is broken becomes a refusal and the rest go on."""
    records: list[PaperRecord] = []
    refusals: list[Refusal] = []
    for number, item in enumerate(items, start=1):
        try:
            records.append(read(item))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            refusals.append(Refusal(called(item, name) or f"record {number}", reason_of(error)))
    return Parsed(tuple(records), tuple(refusals), announced)


def called(item: Any, name: Callable[[Any], str]) -> str:
    try:
        return str(name(item))[:80]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ""


def reason_of(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"has no {error.args[0]}"
    return str(error)[:200] or type(error).__name__
