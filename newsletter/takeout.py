"""What readers may take with them: their subscription's data and every letter of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from newsletter.models import Digest
from subscribers import takeout
from subscribers.models import Subscriber
from subscribers.preference_views import own


@require_safe
@own
def export(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """All we know of this reader, as a JSON file to keep."""
    told = takeout.of(subscriber) | {"letters": list(letters(subscriber))}
    response = JsonResponse(told, json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="paper-round.json"'
    return response


def letters(subscriber: Subscriber) -> Iterator[dict[str, Any]]:
    """Each morning's letter, with its papers and why, what became of it, and their answer.

    Without the keys of its pages: a saved file gets passed on.
    """
    digests = Digest.objects.filter(subscriber=subscriber).select_related("edition")
    for digest in digests.prefetch_related("entries__paper", "events").order_by("due_at"):
        yield {
            "edition": f"{digest.edition.cadence} {digest.edition.date.isoformat()}",
            "kind": digest.kind,
            "status": digest.status,
            "reason": digest.reason,
            "due_at": digest.due_at.isoformat(),
            "answer": digest.answer,
            "papers": [
                {
                    "paper": entry.paper.public_id,
                    "title": entry.paper.title,
                    "section": entry.section,
                    "reasons": entry.reasons,
                }
                for entry in digest.entries.all()
            ],
            "said_by_providers": [
                {"what": event.kind, "received_at": event.received_at.isoformat()}
                for event in digest.events.all()
            ],
        }
