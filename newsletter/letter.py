"""A digest as a mail: the plain render, which is the reference, and the press's fast one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.text import slugify

from newsletter import facts
from newsletter.content import Layout, Letter
from newsletter.facts import Copy, PaperFacts
from newsletter.models import Digest
from subscribers import links, look, mail, wire

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
    archive = facts.Archive(facts.as_of(digest))
    archive.fetch(entry.paper_id for entry in copy.entries)
    return rendered(copy, archive.papers)


def print_batch(digests: Sequence[Digest]) -> Iterator[Printed | Unprintable]:
    """Each digest as it goes over the wire, in order; one that cannot be printed says why."""
    for start in range(0, len(digests), BATCH):
        batch = digests[start : start + BATCH]
        copies = facts.copies(batch)
        archives = {as_of: facts.Archive(as_of) for as_of in map(facts.as_of, batch)}
        for as_of, papers in facts.papers_by_instant(copies).items():
            archives[as_of].fetch(papers)
        for copy in copies:
            yield printed(copy, archives[facts.as_of(copy.digest)].papers)


def printed(copy: Copy, papers: Mapping[int, PaperFacts]) -> Printed | Unprintable:
    try:
        message = rendered(copy, papers).message()
    except Exception as error:  # whatever one letter's data does, the others go out
        logger.exception("digest %s cannot be printed", copy.digest.pk)
        return Unprintable(copy.digest.pk, f"{type(error).__name__}: {error}"[:300])
    data = wire.stuffed(message.as_bytes(linesep="\r\n"))
    return Printed(copy.digest.pk, copy.digest.subscriber.email, data)


def rendered(copy: Copy, papers: Mapping[int, PaperFacts]) -> mail.Letter:
    """The letter of what was loaded; made smaller step by step until its HTML fits the budget."""
    digest, reader = copy.digest, copy.digest.subscriber
    with translation.override(reader.language):
        layout = Layout(papers, on=digest.edition.date)
        for squeeze in range(len(copy.entries) + 1):
            letter = layout.letter(copy, squeeze=squeeze)
            message = mail.compose(
                letter.template,
                reader.email,
                context(letter),
                language=reader.language,
                headers=headers(digest),
            )
            if len(str(message.alternatives[0][0])) <= HTML_BUDGET:
                break
    if reader.text_only:
        message.alternatives.clear()
    return message


def context(letter: Letter) -> dict[str, Any]:
    return {
        "letter": letter,
        "css": look.styles(letter.direction),
        "dark": look.DARK,
    }


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
