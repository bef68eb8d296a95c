"""Fill the database of DATABASE_URL with letters that are due now: python -m … COUNT."""

import sys

import django
from django.utils import timezone

django.setup()

from newsletter.models import Digest, Edition, Entry  # noqa: E402
from subscribers.models import Subscriber  # noqa: E402
from tests.factories import make_edition, make_paper  # noqa: E402


def main(count: int) -> None:
    now = timezone.now()
    edition = make_edition(date=now.date(), cadence=Edition.Cadence.DAILY, created_at=now)
    paper = make_paper(published_at=now)
    Subscriber.objects.bulk_create(
        Subscriber(email=f"r{n}@mail.example.net", status="active", confirmed_at=now)
        for n in range(count)
    )
    digests = Digest.objects.bulk_create(
        Digest(edition=edition, subscriber=reader, due_at=now, built_at=now)
        for reader in Subscriber.objects.order_by("pk")
    )
    Entry.objects.bulk_create(
        Entry(
            digest=digest,
            subscriber_id=digest.subscriber_id,
            paper=paper,
            position=1,
            section=Entry.Section.TOP,
            score=1.0,
        )
        for digest in digests
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
