"""Token buckets: the arithmetic, and two places that keep them for all senders together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import redis
from django.db import transaction

from newsletter.models import Throttle

# A stored time ahead of ours by more than this is a clock that was put right, not another host's
# small error; the bucket then starts from our time with what it holds.
MOST_SKEW = 600.0  # seconds


@dataclass(frozen=True)
class Limit:
    """Letters a second, and how many may go at once after a quiet time."""

    rate: float
    burst: float


@dataclass(frozen=True)
class Bucket:
    tokens: float
    filled_at: float  # seconds since 1970


class Store(Protocol):
    def take(self, limits: Mapping[str, Limit], n: int, now: float) -> float:
        """Take `n` from every bucket and return 0, or take nothing and return seconds to wait.

        0 asks whether one could be taken.
        """


def refill(bucket: Bucket | None, limit: Limit, now: float) -> Bucket:
    """What a bucket holds now. A clock that runs backwards adds nothing."""
    if bucket is None:
        return Bucket(limit.burst, now)
    if bucket.filled_at > now + MOST_SKEW:
        return Bucket(min(bucket.tokens, limit.burst), now)
    gained = max(0.0, now - bucket.filled_at) * limit.rate
    return Bucket(min(limit.burst, bucket.tokens + gained), max(bucket.filled_at, now))


def wait(bucket: Bucket, limit: Limit, n: int) -> float:
    """Seconds until `n`, or at least one, may be taken; more than the burst when it is full."""
    missing = min(max(float(n), 1.0), limit.burst) - bucket.tokens
    return max(0.0, missing / limit.rate)


class DatabaseStore:
    """Buckets as rows of Throttle, changed under their row locks (SQLite: the write lock)."""

    def take(self, limits: Mapping[str, Limit], n: int, now: float) -> float:
        keys = sorted(limits)
        with transaction.atomic():
            rows = self._locked(keys, now)
            buckets = {key: refill(_bucket(rows[key]), limits[key], now) for key in keys}
            longest = max(wait(buckets[key], limits[key], n) for key in keys)
            if longest > 0:
                return longest
            for key in keys:
                rows[key].tokens = buckets[key].tokens - n
                rows[key].filled_at = datetime.fromtimestamp(buckets[key].filled_at, UTC)
            Throttle.objects.bulk_update(rows.values(), ["tokens", "filled_at"])
        return 0.0

    def _locked(self, keys: list[str], now: float) -> dict[str, Throttle]:
        """The rows in one order, so that two takers never wait for each other."""
        found = self._select(keys)
        if missing := [key for key in keys if key not in found]:
            Throttle.objects.bulk_create(
                [Throttle(key=key) for key in missing], ignore_conflicts=True
            )
            found = self._select(keys)
        return found

    def _select(self, keys: Iterable[str]) -> dict[str, Throttle]:
        rows = Throttle.objects.select_for_update().filter(key__in=keys).order_by("key")
        return {row.key: row for row in rows}


def _bucket(row: Throttle) -> Bucket | None:
    if row.filled_at is None:
        return None
    return Bucket(row.tokens, row.filled_at.timestamp())


# refill() and wait() once more, so that many buckets change in one step. %.17g keeps every bit.
TAKE = """
local now, n, skew = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local longest, held, at = 0, {}, {}
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 + 2 * i]), tonumber(ARGV[3 + 2 * i])
  local stored = redis.call('HMGET', key, 'tokens', 'filled_at')
  local tokens, filled_at = tonumber(stored[1] or burst), tonumber(stored[2] or now)
  if filled_at > now + skew then filled_at = now end
  held[i] = math.min(burst, tokens + math.max(0, now - filled_at) * rate)
  at[i] = math.max(filled_at, now)
  longest = math.max(longest, (math.min(math.max(n, 1), burst) - held[i]) / rate)
end
if longest > 0 then return string.format('%.17g', longest) end
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 + 2 * i]), tonumber(ARGV[3 + 2 * i])
  redis.call('HSET', key, 'tokens', string.format('%.17g', held[i] - n),
             'filled_at', string.format('%.17g', at[i]))
  redis.call('EXPIRE', key, math.ceil((burst + n) / rate + skew))
end
return '0'
"""


class RedisStore:
    """Buckets as hashes; one script a call. An emptied Redis costs one burst, nothing else."""

    PREFIX = "paper-round:bucket:"

    def __init__(self, client: redis.Redis) -> None:
        self._take = client.register_script(TAKE)

    def take(self, limits: Mapping[str, Limit], n: int, now: float) -> float:
        """As Store.take; raises redis.RedisError where the server does not answer in time."""
        keys = sorted(limits)
        arguments: list[float] = [now, n, MOST_SKEW]
        for key in keys:
            arguments += [limits[key].rate, limits[key].burst]
        answer = self._take(
            keys=[self.PREFIX + key for key in keys], args=[repr(a) for a in arguments]
        )
        return float(answer)
