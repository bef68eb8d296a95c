"""Days without a letter: never unexplained for long, and never a nuisance."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from newsletter.drafts import Draft
from newsletter.models import Digest, Edition

SILENT_DAYS = 3  # in a row, after which a note offers to widen the topics
NOTE_EVERY = timedelta(days=14)


def break_after_three_days(drafts: list[Draft], edition: Edition, *, nothing_passed: str) -> None:
    """Turn the third empty draft in a row into a short note, at most once in 14 days.

    A reader's own days count, and of those only days on which the sources list papers: an empty
    weekend is normal silence. A weekend with papers ends the row.
    """
    empty = {
        d.subscriber_id: d
        for d in drafts
        if d.reason == nothing_passed and d.kind == Digest.Kind.REGULAR
    }
    if not empty or edition.cadence != Edition.Cadence.DAILY or is_weekend(edition.date):
        return

    history: dict[int, list[tuple[date, str, str]]] = defaultdict(list)
    rows = (
        Digest.objects.filter(
            subscriber_id__in=list(empty),
            edition__date__gt=edition.date - NOTE_EVERY,
            edition__date__lt=edition.date,
        )
        .order_by("-edition__date")
        .values_list("subscriber_id", "edition__date", "kind", "reason")
    )
    for subscriber_id, day, kind, reason in rows:
        history[subscriber_id].append((day, kind, reason))

    for subscriber_id, draft in empty.items():
        past = history[subscriber_id]
        if any(kind == Digest.Kind.QUIET for _, kind, _ in past):
            continue
        telling = [
            reason for day, _, reason in past if reason != nothing_passed or not is_weekend(day)
        ]
        before = telling[: SILENT_DAYS - 1]
        if before == [nothing_passed] * (SILENT_DAYS - 1):
            draft.kind = Digest.Kind.QUIET
            draft.status, draft.reason = Digest.Status.PENDING, ""


def is_weekend(day: date) -> bool:
    return day.weekday() >= 5
