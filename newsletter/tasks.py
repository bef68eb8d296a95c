"""Celery's doors. The rows are the work: a task that is lost, late or doubled changes nothing."""

from __future__ import annotations

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from newsletter import rounds
from newsletter.models import Digest
from papers import ingest, vectors
from subscribers import notices as reader_notices

A_TURN = 2_000  # letters one task sends before it makes room for the next tick
MOST_TURNS = 32  # send tasks asked for by one tick


@shared_task
def tick() -> dict[str, int]:
    """Build what is due and ask for as many senders as there are letters for."""
    now = timezone.now()
    counts = rounds.tick(now, send=False)
    ready = Digest.objects.filter(Q(not_before=None) | Q(not_before__lte=now), status="pending")
    waiting = ready[: A_TURN * MOST_TURNS].count()
    for _ in range(-(-waiting // A_TURN)):
        send.apply_async(expires=55)
    return dict(counts)


@shared_task
def sweep() -> dict[str, int]:
    return dict(rounds.sweep(timezone.now()))


@shared_task
def notices() -> int:
    return reader_notices.send_due(now=timezone.now())


@shared_task
def send() -> dict[str, int]:
    return dict(rounds.send_letters(timezone.now(), limit=A_TURN))


@shared_task
def fetch() -> list[str]:
    return [str(row) for row in ingest.fetch_due(timezone.now())]


@shared_task
def fit() -> str:
    return str(vectors.fit(timezone.now()))
