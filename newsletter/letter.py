"""A digest as a mail: the plain render, which is the reference, and the press's fast one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Lock
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext

from newsletter import facts, looks, sentences
from newsletter.archive import Archive
from newsletter.content import Layout, Letter
from newsletter.cutting import PressError
from newsletter.facts import Copy, PaperFacts
from newsletter.models import Digest
from newsletter.press import Envelope, Press
from subscribers import links, mail, wire
from subscribers.look import SHIPPED, Look

logger = logging.getLogger(__name__)

BATCH = 500
HTML_BUDGET = 60_000  # bytes as sent; Gmail cuts at 102 KB


@dataclass(frozen=True, slots=True)
class Printed:
    """A letter as it goes over the wire: CRLF, dots stuffed, without the final dot."""

    digest_id: int
    to: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Unprintable:
    digest_id: int
    reason: str


def email(digest: Digest) -> mail.Letter:
    """The digest's letter, rendered plainly; nothing is sent.

    Raises LookupError where none of its papers exists any more.
    """
    (copy,) = facts.copies([digest])
    archive = Archive(facts.as_of(digest))
    archive.fetch(copy.paper_ids)
    return rendered(copy, archive.papers, looks.Looks().refresh().at(digest.built_at))


def page(digest: Digest) -> str:
    """The digest's HTML for its page on the web; nothing is left out for size.

    Whoever has the address may read it, so it says nothing of its reader but the reasons: no name,
    no address, and no link that opens their account. Raises LookupError where none of its papers
    exists any more.
    """
    (copy,) = facts.copies([digest])
    archive = Archive(facts.as_of(digest))
    archive.fetch(copy.paper_ids)
    language = digest.subscriber.language
    with translation.override(language):
        letter = Layout(archive.papers, on=digest.edition.date).letter(copy)
        sign_in = f"{settings.SITE_URL}{reverse('subscribers:sign_in')}"
        papers = sum(entry.paper_id in archive.papers for entry in copy.entries)
        letter = replace(
            letter,
            heading=sentences.heading(letter.template, papers, False),
            why=gettext("This is a letter’s copy on the web. To change yours, sign in first."),
            address="",
            preferences_url=sign_in,
            pause_url=sign_in,
            unsubscribe_url=sign_in,
        )
        look = looks.Looks().refresh().at(digest.built_at)
        return mail.page(letter.template, context(letter), language=language, look=look)


def print_batch(digests: Sequence[Digest]) -> Iterator[Printed | Unprintable]:
    """Each digest as it goes over the wire, in order; one that cannot be printed says why."""
    yield from Printer().print(digests)


class Printer:
    """Prints batches; what letters of an edition share is read and rendered once in its life.

    Several threads may print with one of them: they take turns, letter by letter.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.entries = facts.Entries()
        self.archives: dict[datetime, Archive] = {}
        self.runs: dict[tuple[int, str, datetime, Look], Run] = {}
        self.looks = looks.Looks()

    def print(self, digests: Sequence[Digest]) -> Iterator[Printed | Unprintable]:
        self.looks.refresh()
        for start in range(0, len(digests), BATCH):
            copies = facts.copies(digests[start : start + BATCH], self.entries)
            with self.lock:
                for as_of, papers in facts.papers_by_instant(copies).items():
                    self.archives.setdefault(as_of, Archive(as_of, keeps=True)).fetch(papers)
            for copy in copies:
                look = self.looks.at(copy.digest.built_at)
                with self.lock:
                    made = self._printed(copy, look)
                yield made

    def _printed(self, copy: Copy, look: Look) -> Printed | Unprintable:
        papers = self.archives[facts.as_of(copy.digest)].papers
        if copy.reader.text_only:
            return printed(copy, papers, look)
        try:
            data = self._run(copy, papers, look).data(copy)
        except PressError as error:
            logger.warning("digest %s is rendered plainly: %s", copy.digest.pk, error)
            return printed(copy, papers, look)
        except Exception:
            # Whatever its data does, the plain render says it best.
            return printed(copy, papers, look)
        return Printed(copy.digest.pk, copy.reader.email, data)

    def _run(self, copy: Copy, papers: Mapping[int, PaperFacts], look: Look) -> Run:
        digest = copy.digest
        key = (digest.edition_id, copy.reader.language, facts.as_of(digest), look)
        if key not in self.runs:
            self.runs[key] = Run(copy, papers, look)
        return self.runs[key]


class Run:
    """Letters of one edition, language, instant and look on the press."""

    def __init__(self, copy: Copy, papers: Mapping[int, PaperFacts], look: Look = SHIPPED) -> None:
        self.language = copy.reader.language
        self.layout = Layout(papers, on=copy.edition.date, language=self.language)
        self.press = Press(look, self.language)
        plain = rendered(copy, papers, look).message()
        self.envelope = Envelope(plain.as_bytes(linesep="\r\n"), copy)

    def data(self, copy: Copy) -> bytes:
        """The message as it goes over the wire; squeezed where the plain render would be."""
        for squeeze in range(len(copy.entries) + 1):
            sheet = self.press.sheet(self.layout.letter(copy, squeeze=squeeze))
            data = self.envelope.around(sheet, copy)
            if len(data) <= HTML_BUDGET or sheet.fits(HTML_BUDGET):
                break
        return data


def printed(
    copy: Copy, papers: Mapping[int, PaperFacts], look: Look = SHIPPED
) -> Printed | Unprintable:
    """Rendered plainly."""
    try:
        message = rendered(copy, papers, look).message()
    except Exception as error:  # whatever one letter's data does, the others go out
        logger.exception("digest %s cannot be printed", copy.digest.pk)
        return Unprintable(copy.digest.pk, f"{type(error).__name__}: {error}"[:300])
    data = wire.stuffed(message.as_bytes(linesep="\r\n"))
    return Printed(copy.digest.pk, copy.reader.email, data)


def rendered(copy: Copy, papers: Mapping[int, PaperFacts], look: Look = SHIPPED) -> mail.Letter:
    """The letter of what was loaded; made smaller step by step until its HTML fits the budget."""
    digest, reader = copy.digest, copy.reader
    with translation.override(reader.language):
        layout = Layout(papers, on=copy.edition.date)
        for squeeze in range(len(copy.entries) + 1):
            letter = layout.letter(copy, squeeze=squeeze)
            message = mail.compose(
                letter.template,
                reader.email,
                context(letter),
                language=reader.language,
                headers=headers(digest),
                look=look,
            )
            if len(str(message.alternatives[0][0])) <= HTML_BUDGET:
                break
    if reader.text_only:
        message.alternatives.clear()
    return message


def context(letter: Letter) -> dict[str, Any]:
    return {"letter": letter}


def headers(digest: Digest) -> dict[str, str]:
    """What a digest carries besides its envelope; the same on every retry."""
    domain = settings.MAIL_DOMAIN
    edition = digest.edition
    sender = re.sub(r"[^a-z0-9]", "", domain.lower())[:15]
    return {
        "Message-ID": f"<{digest.uuid}@{domain}>",
        "Date": format_datetime(digest.built_at.astimezone(UTC)),
        "List-Id": f"{settings.SITE_NAME} <digest.{domain}>",
        **links.unsubscribe_headers(digest.subscriber),
        "Feedback-ID": (
            f"{edition.date:%Y%m%d}:{edition.cadence}:{slugify(settings.SITE_NAME)}:{sender}"
        ),
        "Precedence": "bulk",
        "X-Paper-Round-Edition": f"{edition.cadence} {edition.date.isoformat()}",
        "X-Paper-Round-Digest": str(digest.uuid),
    }
