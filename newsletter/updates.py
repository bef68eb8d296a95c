"""Since we sent it: what befell papers that readers had in earlier letters, told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from newsletter.models import Digest, Entry
from papers.models import Change, Paper

LINES = 3
# A reader who had no letter for so long is not told any more.
TOLD_WITHIN = timedelta(days=14)
SENT = (Digest.Status.SENT, Digest.Status.DELIVERED)
NEVER_SENT = (Digest.Status.SKIPPED, Digest.Status.EXPIRED, Digest.Status.FAILED)
RANKS = {kind: rank for rank, kind in enumerate(Change.Kind.values)}


def since_sent(readers: Sequence[int], *, now: datetime) -> dict[int, list[dict[str, Any]]]:
    """Reader → at most three changes, as Digest.updates holds them, the gravest first.

    A change counts when it happened after the paper was sent to this reader and was noticed after
    their last letter was built. Three questions for any number of readers; one when nothing
    changed.
    """
    changes: dict[int, list[Change]] = defaultdict(list)
    for change in Change.objects.filter(noticed_at__gt=now - TOLD_WITHIN, noticed_at__lte=now):
        changes[change.paper_id].append(change)
    if not changes or not readers:
        return {}
    # A letter may have brought the paper under a row that was merged since.
    merged = dict(Paper.objects.filter(merged_into__in=changes).values_list("pk", "merged_into_id"))
    had = list(
        Entry.objects.filter(
            subscriber_id__in=readers,
            paper_id__in=[*changes, *merged],
            digest__status__in=SENT,
        ).values_list("subscriber_id", "paper_id", "digest__sent_at")
    )
    last = dict(
        Digest.objects.filter(subscriber_id__in={reader for reader, _, _ in had})
        .exclude(status__in=NEVER_SENT)
        .order_by()
        .values_list("subscriber_id")
        .annotate(Max("built_at"))
    )
    told: dict[int, dict[int, Change]] = defaultdict(dict)
    for reader, paper_id, sent_at in had:
        since = sent_at or now
        paper = merged.get(paper_id) or paper_id
        news = [c for c in changes[paper] if c.happened_at > since and c.noticed_at > last[reader]]
        if news:
            told[reader][paper] = min(news, key=_rank)
    return {
        reader: [
            {"paper": change.paper_id, "kind": change.kind, "detail": change.detail}
            for change in sorted(of_reader.values(), key=_rank)[:LINES]
        ]
        for reader, of_reader in told.items()
    }


def _rank(change: Change) -> tuple[int, float, int]:
    return RANKS[change.kind], -change.noticed_at.timestamp(), change.pk
