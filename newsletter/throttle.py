"""How fast and whether at all: rate limits, warm-up and pauses, shared by all senders.

Keys are `relay`, `provider:{name}` and `domain:{name}`. Buckets live in Redis where there is one,
else in the database; pauses always live in the database, so an emptied Redis forgets none.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import redis
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from newsletter.buckets import DatabaseStore, Limit, RedisStore
from newsletter.models import Attempt, Throttle
from newsletter.outcomes import Outcome

logger = logging.getLogger(__name__)

REDIS_TIMEOUT = 0.5  # seconds; a sender then goes on with the database
REDIS_REST = 5.0  # seconds without asking a Redis that did not answer
FIRST_PAUSE = 15.0  # seconds; doubled by each further fault
LONGEST_PAUSE = 3600.0
LONGEST_OBEYED = 86_400.0  # of a Retry-After
UNCERTAIN_IN_A_ROW = 2  # tolerated before the way is paused

WARMUP_FIRST_DAY = 200  # letters
WARMUP_GROWTH = 1.5  # each day against the day before
WARMUP_DAYS = 28
NEXT_TO_NOTHING = 1e-6  # letters a second: less than a tenth of one in a day
WARMUP_HOURS = 8  # in which a day's number can leave: well before a waiting letter expires


@dataclass(frozen=True)
class State:
    """What holds a key back just now."""

    key: str
    paused_until: datetime | None
    failures: int
    reason: str


def keys_for(provider: str, email: str) -> tuple[str, str]:
    """The keys one letter needs: its way out, then its recipient's domain."""
    way = f"provider:{provider}" if provider else "relay"
    return way, f"domain:{email.rpartition('@')[2].lower()[:100]}"


def take(keys: Iterable[str], n: int, now: datetime) -> float:
    """Room for `n` letters under every key: 0 when it was taken, else seconds to wait, none taken.

    In any time t at most rate·t + max(burst, n) are granted under a key. Never raises for Redis.
    """
    wanted = tuple(keys)
    if pause_left := longest_pause(wanted, now):
        return pause_left
    limits = limits_of(wanted, now.date())
    if not limits:
        return 0.0
    if settings.REDIS_URL and _redis_is_worth_asking():
        try:
            return _redis_store(settings.REDIS_URL).take(limits, n, now.timestamp())
        except redis.RedisError as error:
            _rest_redis(error)
    return DatabaseStore().take(limits, n, now.timestamp())


def longest_pause(keys: Iterable[str], now: datetime) -> float:
    """Seconds until the last of these keys opens; 0 where none is paused."""
    opens = Throttle.objects.filter(key__in=list(keys), open_at__gt=now).values_list(
        "open_at", flat=True
    )
    return max(((at - now).total_seconds() for at in opens if at), default=0.0)


def limits_of(keys: Iterable[str], today: date) -> dict[str, Limit]:
    """The buckets that a letter under these keys is taken from; during a warm-up also the day's."""
    limits: dict[str, Limit] = {}
    for key in keys:
        if limit := limit_of(key, today):
            limits[key] = limit
        a_day = None if key.startswith("domain:") else warmup_on(today)
        if a_day:
            # One of its own for each day of UTC; within the day not one letter comes back.
            limits[f"warmup:{key}:{today}"] = Limit(NEXT_TO_NOTHING, a_day)
    return limits


def limit_of(key: str, today: date) -> Limit | None:
    """What the settings allow under a key; None: anything."""
    kind, _, name = key.partition(":")
    if kind == "domain":
        rates: dict[str, float] = settings.MAIL_DOMAIN_RATES
        rate = rates.get(name, rates.get("*", 0.0))
        return Limit(rate, max(1.0, rate)) if rate else None
    limits = []
    if settings.MAIL_RATE:
        limits.append(Limit(float(settings.MAIL_RATE), float(settings.MAIL_RATE)))
    if a_day := warmup_on(today):
        limits.append(Limit(a_day / (WARMUP_HOURS * 3600), max(1.0, a_day / 24)))
    return min(limits, key=lambda limit: limit.rate, default=None)


def warmup_on(today: date) -> int | None:
    """What warmup() says for this day, by the settings."""
    since: date | None = settings.MAIL_WARMUP_SINCE
    return warmup((today - since).days) if since else None


def warmup(day: int) -> int | None:
    """Letters a new sender may send on its `day` (0 is the first); None: as many as it likes.

    Mailbox providers trust an unknown address slowly; senders double theirs every day or two.
    """
    if day >= WARMUP_DAYS:
        return None
    return round(WARMUP_FIRST_DAY * WARMUP_GROWTH ** max(0, day))


def pause(key: str, seconds: float, reason: str, *, now: datetime | None = None) -> None:
    """Nobody sends under `key` for so long; a longer pause that stands already stays."""
    until = (now or timezone.now()) + timedelta(seconds=seconds)
    Throttle.objects.get_or_create(key=key)
    Throttle.objects.filter(Q(open_at=None) | Q(open_at__lt=until), key=key).update(
        open_at=until, reason=reason[:300]
    )
    logger.warning("nothing goes out by %s for %.0f s: %s", key, seconds, reason[:300])


def fault(
    key: str,
    reason: str,
    *,
    now: datetime | None = None,
    retry_after: float | None = None,
    tolerated: int = 0,
) -> float:
    """A fault of the way itself: pause it, longer each time in a row; returns the seconds.

    Many senders meet the same fault at once; only the first one that reports it counts. The first
    `tolerated` in a row are counted and pause nothing.
    """
    at = now or timezone.now()
    Throttle.objects.get_or_create(key=key)
    while True:
        row = Throttle.objects.get(key=key)
        is_open = row.open_at is None or row.open_at <= at
        failures = row.failures + is_open
        seconds = 0.0
        if failures > tolerated:
            seconds = backoff(failures - tolerated, jitter=random.random())
        if failures > tolerated and retry_after is not None:
            seconds = min(max(retry_after, 1.0), LONGEST_OBEYED)
        if not is_open:
            break
        # Counted and paused in one step, or two senders at once would pause for the second fault.
        as_read = Throttle.objects.filter(key=key, failures=row.failures, open_at=row.open_at)
        until = at + timedelta(seconds=seconds) if seconds else row.open_at
        said = reason[:300] if seconds else row.reason
        if as_read.update(failures=failures, open_at=until, reason=said):
            if seconds:
                logger.warning("nothing goes out by %s for %.0f s: %s", key, seconds, said)
            return seconds
    if seconds and retry_after is not None:
        pause(key, seconds, reason, now=at)
    return seconds


def backoff(failures: int, *, jitter: float) -> float:
    """Seconds to wait after so many faults in a row; `jitter` in 0..1 takes up to half away."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(max(failures, 1) - 1, 20))
    return longest * (1 - jitter / 2)


def learn(key: str, outcome: Outcome, *, now: datetime | None = None) -> None:
    """Pause or free a way out by what one letter met there.

    A letter refused for itself says nothing about the way. A few replies may get lost; where none
    comes any more, going on would make every letter a possible duplicate.
    """
    if outcome.kind == Attempt.Outcome.SENT:
        worked(key)
    elif outcome.kind == Attempt.Outcome.NOT_TRIED or outcome.code == 429:
        fault(key, outcome.reply, now=now, retry_after=outcome.retry_after)
    elif outcome.kind == Attempt.Outcome.UNCERTAIN:
        fault(key, outcome.reply, now=now, tolerated=UNCERTAIN_IN_A_ROW)


def worked(key: str) -> None:
    """A letter went out by `key`: the next fault starts with a short pause again."""
    Throttle.objects.filter(key=key, failures__gt=0).update(failures=0, reason="")


def resume(key: str) -> None:
    """An operator's word: send again at once."""
    Throttle.objects.filter(key=key).update(open_at=None, failures=0, reason="")


def state(key: str, *, now: datetime | None = None) -> State:
    at = now or timezone.now()
    row = Throttle.objects.filter(key=key).first()
    if row is None:
        return State(key, None, 0, "")
    paused_until = row.open_at if row.open_at and row.open_at > at else None
    return State(key, paused_until, row.failures, row.reason)


def paused(*, now: datetime) -> list[State]:
    """Every key under which nothing goes out just now."""
    rows = Throttle.objects.filter(open_at__gt=now).order_by("key")
    return [State(row.key, row.open_at, row.failures, row.reason) for row in rows]


_redis_rests_until = 0.0  # time.monotonic(), of this process


def _redis_is_worth_asking() -> bool:
    return time.monotonic() >= _redis_rests_until


def _rest_redis(error: redis.RedisError) -> None:
    global _redis_rests_until
    _redis_rests_until = time.monotonic() + REDIS_REST
    logger.warning("rate limits go by the database: Redis: %s", type(error).__name__)


@lru_cache(maxsize=2)
def _redis_store(url: str) -> RedisStore:
    client = redis.Redis.from_url(
        url,
        socket_timeout=REDIS_TIMEOUT,
        socket_connect_timeout=REDIS_TIMEOUT,
        retry=Retry(NoBackoff(), 0),  # the client's own default tries for seconds
    )
    return RedisStore(client)
