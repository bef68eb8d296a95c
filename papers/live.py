"""Live sources: ask one for a day's list, take it in, and know which are due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import requests
from django.conf import settings

from papers import ledger
from papers.intake import ingest
from papers.models import Fetch, Topic
from papers.sources import arxiv_api, arxiv_feeds, hf, hf_page
from papers.sources.base import Answer, Client, Parsed, SourceError, StoppedError
from papers.sources.http import Client as HttpClient
from papers.sources.http import until, user_agent

logger = logging.getLogger(__name__)

Pages = Iterator[tuple[Answer, Parsed]]
Ask = Callable[[Client, date, datetime, str, str], Pages]

NEW_YORK = ZoneInfo("America/New_York")  # where arXiv's day begins
SLACK = timedelta(minutes=2)  # a clock that ticks a little early still counts
SELDOM = timedelta(hours=12)
DAYS_OF_LETTERS = 6  # weekdays; their papers are the candidates of today's letters
ANSWERED = (Fetch.Status.DONE, Fetch.Status.UNCHANGED)


def ask_hf(client: Client, on: date, now: datetime, etag: str, last_modified: str) -> Pages:
    return hf.fetch(client, on=on, now=now, etag=etag, last_modified=last_modified)


def ask_hf_page(client: Client, on: date, now: datetime, etag: str, last_modified: str) -> Pages:
    return hf_page.fetch(client, on=on, now=now, etag=etag, last_modified=last_modified)


def ask_arxiv(client: Client, on: date, now: datetime, etag: str, last_modified: str) -> Pages:
    return arxiv_api.fetch(
        client, on=on, categories=categories(), etag=etag, last_modified=last_modified
    )


def ask_arxiv_feed(client: Client, on: date, now: datetime, etag: str, last_modified: str) -> Pages:
    return arxiv_feeds.fetch(
        client, on=on, categories=categories(), etag=etag, last_modified=last_modified
    )


SOURCES: dict[str, Ask] = {"hf": ask_hf, "arxiv": ask_arxiv, "arxiv_feed": ask_arxiv_feed}


def fetch_and_ingest(
    source: str, on: date, *, now: datetime, client: Client | None = None
) -> Fetch:
    """Take in what a source lists on `on`; whatever happens, a ledger row tells of it.

    Hugging Face's page is read, with a row of its own, where its API fails.
    """
    client = client or HttpClient()
    fetch = _try(source, f"{on}", SOURCES[source], client, on, now)
    if source == hf.NAME and fetch.status == Fetch.Status.FAILED:
        page = _try(source, f"{on} page", ask_hf_page, client, on, now)
        return fetch if page.status == Fetch.Status.FAILED else page
    return fetch


def _try(source: str, target: str, ask: Ask, client: Client, on: date, now: datetime) -> Fetch:
    if source != hf.NAME:
        target = f"{target} {','.join(categories())}"
    with ledger.entry(source, target, now) as entry:
        etag, last_modified = validators(entry.row)
        pages, broken_off = _pages(ask(client, on, now, etag, last_modified))
        if pages and pages[0][0].status == 304:
            entry.row.etag, entry.row.last_modified = etag, last_modified
            entry.unchanged()
            return entry.row
        whole = together([parsed for _, parsed in pages])
        counts = ingest(whole.records, now=now)
        if len(pages) == 1 and not broken_off:
            # The first of several pages says nothing about the others.
            entry.remember(pages[0][0])
        entry.done(whole, counts, broken_off=broken_off)
    if entry.row.reason:
        logger.warning("fetch %s of %s: %s", entry.row.pk, source, entry.row.reason)
    return entry.row


def _pages(pages: Pages) -> tuple[list[tuple[Answer, Parsed]], str]:
    """All pages; or those before a failure, and its reason. Raises SourceError for the first."""
    found: list[tuple[Answer, Parsed]] = []
    try:
        for page in pages:
            found.append(page)
    except SourceError as error:
        if not found:
            raise
        return found, error.reason
    return found, ""


def together(pages: list[Parsed]) -> Parsed:
    """All pages as one; each may announce what it has itself, or what all have."""
    records = tuple(record for parsed in pages for record in parsed.records)
    refusals = tuple(refusal for parsed in pages for refusal in parsed.refusals)
    announced = max((parsed.announced or 0 for parsed in pages), default=0)
    return Parsed(records, refusals, max(announced, len(records) + len(refusals)))


def validators(row: Fetch) -> tuple[str, str]:
    """ETag and Last-Modified of the last good answer to the same question."""
    last = (
        Fetch.objects.filter(source=row.source, target=row.target, status__in=ANSWERED)
        .exclude(pk=row.pk)
        .order_by("-started_at", "-id")
        .first()
    )
    return (last.etag, last.last_modified) if last else ("", "")


def categories() -> list[str]:
    """arXiv's categories to follow: those of the settings, else of the active topics."""
    if settings.ARXIV_CATEGORIES:
        return sorted(settings.ARXIV_CATEGORIES)
    listed = Topic.objects.active().values_list("categories", flat=True)
    return sorted({code for codes in listed for code in codes})


def fetch_due(
    now: datetime, *, client: Client | None = None, stop: threading.Event | None = None
) -> list[Fetch]:
    """Ask every source of SOURCES for the lists whose turn it is; one row a try.

    Where `stop` is set it ends before the next call, whatever waits it is in.
    """
    stop = stop or threading.Event()
    client = client or HttpClient(sleep=until(stop))
    fetches: list[Fetch] = []
    for source in settings.SOURCES:
        for on, every in [*lists(source, now), *missed(source, now)]:
            if stop.is_set():
                return fetches
            if tried_since(source, on, now - every + SLACK):
                continue
            try:
                fetches.append(fetch_and_ingest(source, on, now=now, client=client))
            except StoppedError:
                return fetches
            except Exception:
                # Not even the row of this try could be kept; the next list may fare better.
                logger.exception("the list of %s for %s could not be kept account of", source, on)
    return fetches


def lists(source: str, now: datetime) -> list[tuple[date, timedelta]]:
    """The days whose lists still change, newest first, and how often to ask for each.

    Votes of a list move for a week; arXiv mends a list on the day after; its feed has one day.
    """
    often = timedelta(minutes=settings.FETCH_EVERY)
    if source == "hf":
        return list(zip(weekdays(now.date(), 6), [often, often, *[SELDOM] * 4], strict=True))
    today = now.astimezone(NEW_YORK).date()
    if source == "arxiv":
        return list(zip(weekdays(today, 2), [often, SELDOM], strict=True))
    return [(weekdays(today, 1)[0], often)]


def missed(source: str, now: datetime) -> list[tuple[date, timedelta]]:
    """Days of the last six whose lists an outage swallowed, where a source still has them.

    Only those since it first answered: whoever has just begun need not have them.
    """
    if source != "arxiv":
        return []
    answered = Fetch.objects.filter(
        source=source, status__in=(*ANSWERED, Fetch.Status.PARTIAL), started_at__lte=now
    )
    asked = {day for day, _ in lists(source, now)}
    days = weekdays(now.astimezone(NEW_YORK).date(), DAYS_OF_LETTERS)
    return [
        (day, timedelta(minutes=settings.FETCH_EVERY))
        for day in days
        if day not in asked
        and answered.filter(started_at__date__lte=day).exists()
        and not answered.filter(target__startswith=f"{day}").exists()
    ]


def weekdays(last: date, number: int) -> list[date]:
    """So many days up to and with `last` on which lists appear, newest first."""
    found = (last - timedelta(days=n) for n in range(number * 2 + 3))
    return [day for day in found if day.weekday() < 5][:number]


def tried_since(source: str, on: date, since: datetime) -> bool:
    tries = Fetch.objects.filter(source=source, started_at__gt=since)
    return tries.filter(target__startswith=f"{on}").exists()


def online(timeout: float = 3.0) -> bool:
    """Whether a live source can be reached at all; known within `timeout` seconds."""
    reached = threading.Event()

    def probe() -> None:
        try:
            requests.head(hf.ADDRESS, timeout=timeout, headers={"User-Agent": user_agent()})
        except requests.exceptions.RequestException:
            return
        reached.set()

    # A name server that does not answer ignores time-outs, so a thread is left behind instead.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(timeout)
    return reached.is_set()
