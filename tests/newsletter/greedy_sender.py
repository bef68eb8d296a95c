"""A sender of its own process, as fast as it can: python -m … STORE SECONDS RATE BURST."""

import os
import sys
import time

import django
import redis

django.setup()

from newsletter.buckets import DatabaseStore, Limit, RedisStore, Store  # noqa: E402


def main(kind: str, seconds: float, rate: float, burst: float) -> int:
    store: Store = DatabaseStore()
    if kind == "redis":
        store = RedisStore(redis.Redis.from_url(os.environ["REDIS_URL"]))
    granted, ends = 0, time.time() + seconds
    while time.time() < ends:
        granted += store.take({"test:a": Limit(rate, burst)}, 1, time.time()) == 0
    return granted


if __name__ == "__main__":
    print(main(sys.argv[1], *(float(value) for value in sys.argv[2:])))
