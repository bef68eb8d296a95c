"""A letter as an operator may see it: any edition, any reader, in the look of now.

It is nobody's digest: nothing is stored, and its links answer, change and end nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.utils import translation

from newsletter import digests, facts, letter, looks
from newsletter.archive import Archive
from newsletter.content import Layout
from newsletter.facts import Copy, EntryFacts
from newsletter.models import Digest, Edition
from papers import pool as pools
from subscribers import mail
from subscribers.models import Subscriber, new_token

TEST = "[Test]"


def preview(edition: Edition, reader: Subscriber, *, now: datetime) -> mail.Letter:
    """The letter this reader got or would get; raises LookupError, with the reason, for none."""
    copy = _copy(edition, reader, now)
    archive = Archive(facts.as_of(copy.digest))
    archive.fetch(copy.paper_ids)
    with translation.override(reader.language):
        content = Layout(archive.papers, on=edition.date).letter(copy)
    site = f"{settings.SITE_URL}/"
    content = replace(
        content,
        token=new_token(),
        preferences_url=f"{site}#preferences",
        pause_url=f"{site}#pause",
        unsubscribe_url=f"{site}#unsubscribe",
    )
    return mail.compose(
        content.template,
        reader.email,
        letter.context(content),
        language=reader.language,
        look=looks.current(),
    )


def to_operator(edition: Edition, reader: Subscriber, *, to: str, now: datetime) -> mail.Letter:
    """The same for the operator's own mailbox; nothing is sent."""
    message = preview(edition, reader, now=now)
    message.to = [to]
    message.subject = f"{TEST} {message.subject}"
    return message


def _copy(edition: Edition, reader: Subscriber, now: datetime) -> Copy:
    digest = Digest.objects.filter(edition=edition, subscriber=reader).first()
    if digest is not None and digest.status not in {Digest.Status.SKIPPED, Digest.Status.EXPIRED}:
        return facts.copies([digest])[0]
    due = digests.Due(reader.pk, now)
    pool = pools.load(edition.date, now=now)
    (draft,) = digests.choose(edition, [due], pool, now=now, kind=Digest.Kind.REGULAR)
    if draft.reason:
        raise LookupError(draft.reason)
    digest = Digest(
        edition=edition,
        subscriber=reader,
        kind=draft.kind,
        pool_size=draft.pool_size,
        due_at=now,
        built_at=now,
        updates=list(draft.updates),
    )
    (copy,) = facts.copies([digest])
    stored = [[reason.as_dict() for reason in pick.reasons] for pick in draft.picks]
    return replace(
        copy,
        entries=tuple(
            EntryFacts(pick.paper_id, pick.section, tuple(reasons))
            for pick, reasons in zip(draft.picks, stored, strict=True)
        ),
    )
