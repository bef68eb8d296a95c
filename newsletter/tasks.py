"""Celery's doors. The rows are the work: a task that is lost, late or doubled changes nothing."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from newsletter import rounds
from newsletter.letter import Printer
from newsletter.models import Digest
from papers import ingest, vectors
from subscribers import notices as reader_notices

A_TURN = 10.0  # seconds of sending before a task makes room for the next tick or notice
LETTERS_A_TASK = 2_000  # for so many that wait, one more task is asked for; it may send more
MOST_TASKS = 32  # asked for by one tick


@shared_task
def tick() -> dict[str, int]:
    """Build what is due and ask for as many senders as there are letters for."""
    now = timezone.now()
    counts = rounds.tick(now, send=False)
    ready = Digest.objects.filter(Q(not_before=None) | Q(not_before__lte=now), status="pending")
    waiting = ready[: LETTERS_A_TASK * MOST_TASKS].count()
    for _ in range(-(-waiting // LETTERS_A_TASK)):
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
    now = timezone.now()
    press = _press(now.replace(minute=0, second=0, microsecond=0))
    counts = rounds.send_letters(now, seconds=A_TURN, printer=press)
    if not counts:
        _press.cache_clear()
    return dict(counts)


@lru_cache(maxsize=1)
def _press(_hour: datetime) -> Printer:
    """What letters share stays rendered from one turn of this process to the next."""
    return Printer()


@shared_task
def fetch() -> list[str]:
    return [str(row) for row in ingest.fetch_due(timezone.now())]


@shared_task
def fit() -> str:
    return str(vectors.fit(timezone.now()))
