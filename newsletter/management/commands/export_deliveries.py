"""manage.py export_deliveries: who got what, when and why not, as JSON lines."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from newsletter.models import Digest
from papers.instants import day

CHUNK = 5000


class Command(BaseCommand):
    help = (
        "Write one JSON object a line for each digest: digest, address, edition, status, attempts,"
        " uncertain_attempts, message_id, provider_message_id, due_at, built_at, sent_at, reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--edition", type=day, metavar="D", help="only this date")
        parser.add_argument("--status", choices=Digest.Status.values, help="only this status")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Digest.objects.select_related("edition", "subscriber").order_by("pk")
        if options["edition"]:
            rows = rows.filter(edition__date=options["edition"])
        if options["status"]:
            rows = rows.filter(status=options["status"])
        last = 0
        # By key range: SQLite must not hold a cursor open while senders write.
        while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
            last = chunk[-1].pk
            for digest in chunk:
                self.stdout.write(json.dumps(describe(digest), ensure_ascii=False))


def describe(digest: Digest) -> dict[str, Any]:
    return {
        "digest": str(digest.uuid),
        "address": digest.subscriber.email,
        "edition": f"{digest.edition.cadence}/{digest.edition.date}",
        "kind": digest.kind,
        "status": digest.status,
        "attempts": digest.attempts,
        "uncertain_attempts": digest.uncertain_attempts,
        "message_id": digest.message_id,
        "provider_message_id": digest.provider_message_id,
        "due_at": digest.due_at.isoformat(),
        "built_at": digest.built_at.isoformat(),
        "sent_at": digest.sent_at and digest.sent_at.isoformat(),
        "reason": digest.reason,
    }
