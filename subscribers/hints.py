"""Hints to the workers: a task named after commit, so that they need not wait for the next tick.

The row is the work. A hint may get lost on the way, so publishing never fails a request and never
makes one wait: a thread of its own does it, and drops what it cannot deliver.
"""

from __future__ import annotations

import logging
import queue
import threading
from functools import lru_cache, partial

from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

GOOD_FOR = 60  # seconds; by then a tick has found the row
WAITING_AT_MOST = 1000  # hints; more means the broker is away, and the tick finds the rows

_waiting: queue.Queue[tuple[str, tuple[object, ...]]] = queue.Queue(WAITING_AT_MOST)
_starting = threading.Lock()
_publisher: threading.Thread | None = None


def hint(task_name: str, *args: object) -> None:
    """Ask a worker to run this task after the current transaction; without Redis, do nothing."""
    if settings.REDIS_URL:
        transaction.on_commit(partial(_enqueue, task_name, args))


def _enqueue(task_name: str, args: tuple[object, ...]) -> None:
    _start_publisher()
    try:
        _waiting.put_nowait((task_name, args))
    except queue.Full:
        logger.warning("dropped a hint to %s: %s are waiting", task_name, WAITING_AT_MOST)


def _start_publisher() -> None:
    # Made on first use, because a thread does not survive the fork of a web worker.
    global _publisher
    with _starting:
        if _publisher is None or not _publisher.is_alive():
            _publisher = threading.Thread(target=_publish_for_ever, name="hints", daemon=True)
            _publisher.start()


def _publish_for_ever() -> None:
    while True:
        task_name, args = _waiting.get()
        try:
            publish(task_name, args)
        finally:
            _waiting.task_done()


def publish(task_name: str, args: tuple[object, ...]) -> None:
    """Put the task on the broker now; an unreachable broker is logged, not raised."""
    try:
        _broker(settings.REDIS_URL).send_task(task_name, args=args, expires=GOOD_FOR, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("could not hint at %s: %s", task_name, type(error).__name__)


@lru_cache(maxsize=1)
def _broker(url: str) -> Celery:
    # Its own client, not the project's app: that one lives a floor above.
    client = Celery("hints", broker=url, set_as_current=False)
    client.config_from_object("django.conf:settings", namespace="CELERY")
    client.conf.broker_url = url
    return client
