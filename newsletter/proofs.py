"""Every letter, printed from invented papers: what a look of the operator's must survive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.utils import translation

from newsletter import letter
from newsletter.content import Layout
from newsletter.cutting import PressError
from newsletter.facts import Copy, EntryFacts, PaperFacts, Signal, Week
from newsletter.models import Digest, Edition, Entry
from subscribers import mail
from subscribers.engine import PREFIX, UNKNOWN
from subscribers.look import Look
from subscribers.models import Notice, Subscriber

ON = date(2026, 2, 20)
AT = datetime(2026, 2, 20, 6, tzinfo=UTC)
KINDS = (
    (Edition.Cadence.DAILY, Digest.Kind.REGULAR),
    (Edition.Cadence.WEEKLY, Digest.Kind.REGULAR),
    (Edition.Cadence.DAILY, Digest.Kind.FIRST),
    (Edition.Cadence.DAILY, Digest.Kind.QUIET),
    (Edition.Cadence.DAILY, Digest.Kind.STILL_USEFUL),
)
EMPTY = {Digest.Kind.QUIET, Digest.Kind.STILL_USEFUL}
NAMELESS = re.compile(UNKNOWN.replace("%s", "([^\ue003]*)"))
FORBIDDEN = re.compile(
    r"<(?:script|img|link|iframe|form|object|embed)\b|\bsrc=|url\(|@import", re.I
)


@dataclass(frozen=True)
class Fault:
    what: str
    line: int | None = None  # of the operator's text

    def __str__(self) -> str:
        what = " ".join(self.what.replace(f" on line {self.line}", "").split())
        return f"line {self.line}: {what}" if self.line else what


def fault(look: Look, name: str) -> Fault | None:
    """What is wrong with every letter in `look`, of which the template `name` is new."""
    proof = replace(look, is_proof=True)
    text = dict(look.templates).get(PREFIX + name, "")
    try:
        for message, must_say in proofs(proof):
            if found := _missing(message, must_say, text):
                return found
    except TemplateSyntaxError as error:
        token = getattr(error, "token", None)
        return Fault(str(error), getattr(token, "lineno", None))
    except TemplateDoesNotExist as error:
        place = getattr(error, "template_debug", {})
        return Fault(f"a letter has no template {error}", place.get("line"))
    except Exception as error:  # whatever a template does, it is refused with it
        place = getattr(error, "template_debug", {})
        is_ours = str(place.get("name", "")).endswith(PREFIX + name)
        return Fault(f"{type(error).__name__}: {error}", place.get("line") if is_ours else None)
    return None


def slows(look: Look) -> str:
    """Why the press cannot join letters in this look, so that each is rendered; else empty."""
    try:
        letter.Run(_copy(*KINDS[0]), PAPERS, look).data(_copy(*KINDS[0]))
    except PressError as error:
        return str(error)
    return ""


def proofs(look: Look) -> Iterator[tuple[mail.Letter, list[str]]]:
    """Each letter in `look`, with what both of its parts must say."""
    for cadence, kind in KINDS:
        copy = _copy(cadence, kind)
        reader = copy.reader
        with translation.override("en"):
            content = Layout(PAPERS, on=ON).letter(copy)
        message = mail.compose(content.template, reader.email, letter.context(content), look=look)
        yield message, [content.unsubscribe_url, *content.titles]
    action = f"{settings.SITE_URL}/action"
    context = {
        "action_url": action,
        "unsubscribe_url": f"{settings.SITE_URL}/unsubscribe",
        "address": "ada@mail.example.net",
        "topics": ["Sample topic"],
        "rhythm": "Your next letter comes on Monday.",
        "about": "Sample matter",
        "text": "A sample of an alert.",
    }
    for notice in Notice.Kind.values:
        yield mail.compose(notice, "ada@mail.example.net", context, look=look), [action]


def _missing(message: mail.Letter, must_say: list[str], text: str) -> Fault | None:
    html = unescape(str(message.alternatives[0][0]))
    subject_and_parts = (str(message.subject), str(message.body), html)
    for part in subject_and_parts:
        if nameless := NAMELESS.search(part):
            return Fault(f"nothing is called {nameless[1]!r}", _line_of(nameless[1], text))
    if not message.subject:
        return Fault("a letter would have no subject")
    if unfit := FORBIDDEN.search(html):
        return Fault(f"a letter may not contain {unfit[0]}", _line_of(unfit[0], text))
    if len(html) > letter.HTML_BUDGET:
        return Fault(f"a letter would have {len(html)} bytes; {letter.HTML_BUDGET} are allowed")
    for words in [*must_say, settings.POSTAL_ADDRESS]:
        for part in (str(message.body), html):
            if "".join(words.split()) not in "".join(part.split()):
                return Fault(f"a letter would no longer say {words!r} in both parts")
    return None


def _line_of(words: str, text: str) -> int | None:
    return next((n for n, line in enumerate(text.splitlines(), 1) if words in line), None)


PAPERS = {
    number: PaperFacts(
        id=number,
        title=f"A sample title of paper {number}",
        summary="We try one thing. It comes out well in every test that we could think of.",
        authors=((1, "Ada Sample"), (2, "Bo Sample"), (3, "Cy Sample"), (4, "Di Sample")),
        published_on=ON,
        url=f"https://arxiv.org/abs/2602.{number:05}",
        pdf_url=f"https://arxiv.org/pdf/2602.{number:05}",
        code_url="https://code.example.org/sample",
        discussion_url="https://talk.example.org/sample",
        stars=1234,
        signal=Signal("day", 42),
        topic="Sample topic",
    )
    for number in range(1, 7)
}
REASONS: tuple[dict[str, Any], ...] = ({"kind": "topic", "topic": "Sample topic"},)


def _copy(cadence: Edition.Cadence, kind: Digest.Kind) -> Copy:
    """A digest with a paper in every section, or with none where its kind has none."""
    reader = Subscriber(pk=1, email="ada@mail.example.net", name="Ada", cadence=cadence)
    edition = Edition(pk=1, cadence=cadence, date=ON)
    digest = Digest(
        pk=1, edition=edition, subscriber=reader, kind=kind, due_at=AT, built_at=AT, pool_size=42
    )
    sections = () if kind in EMPTY else Entry.Section.values
    entries = tuple(EntryFacts(n, section, REASONS) for n, section in enumerate(sections, 1))
    topics, week = ("Sample topic",), Week(saved=2, liked=1)
    return Copy(digest, reader, edition, entries, topics, frozenset({1}), week)
