"""Rate limits and pauses that all senders share."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter import throttle
from newsletter.buckets import Bucket, DatabaseStore, Limit, RedisStore, refill, wait
from newsletter.models import Attempt, Throttle
from newsletter.outcomes import Outcome
from tests.factories import NOW

RELAY = "relay"
Kind = Attempt.Outcome
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/9"

steps = st.lists(
    st.tuples(st.floats(-300, 300, allow_nan=False), st.integers(1, 20)), min_size=1, max_size=60
)
limits = st.builds(Limit, rate=st.floats(0.1, 50), burst=st.floats(1, 40))


def grants(limit: Limit, steps: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """When how many were granted, by a clock that moves by the given steps, also backwards."""
    bucket, now, granted = None, 1_000_000.0, []
    for move, n in steps:
        now += move
        bucket = refill(bucket, limit, now)
        if wait(bucket, limit, n) <= 0:
            bucket = Bucket(bucket.tokens - n, bucket.filled_at)
            granted.append((now, n))
    return granted


@given(limits, steps)
def test_no_window_gets_more_than_its_rate_and_one_burst(limit, steps):
    granted = grants(limit, [(abs(move), n) for move, n in steps])

    for i, (first, _) in enumerate(granted):
        for j in range(i, len(granted)):
            window = granted[j][0] - first
            most = limit.rate * window + max(limit.burst, max(n for _, n in granted[i : j + 1]))
            assert sum(n for _, n in granted[i : j + 1]) <= most + 1e-6


@given(limits, steps)
def test_a_clock_that_runs_backwards_grants_nothing_extra(limit, steps):
    granted = grants(limit, steps)

    position, latest, earliest = 1_000_000.0, 1_000_000.0, 1_000_000.0
    restarts = 0
    for move, _ in steps:
        position += move
        if latest > position + 600:
            restarts += 1
        latest, earliest = max(latest, position), min(earliest, position)
    if restarts == 0:
        most = limit.rate * (latest - earliest) + max(limit.burst, 20)
        assert sum(n for _, n in granted) <= most + 1e-6


def test_a_clock_put_right_after_a_day_ahead_does_not_starve_anybody():
    limit = Limit(1, 10)
    ahead = refill(None, limit, 100_000.0)
    emptied = Bucket(0.0, ahead.filled_at)

    later = refill(refill(emptied, limit, 10_000.0), limit, 10_005.0)

    assert later.tokens == 5


def test_a_batch_above_the_burst_goes_when_the_bucket_is_full_and_is_paid_back():
    limit = Limit(rate=2, burst=4)
    full = Bucket(4, 0.0)

    after = Bucket(full.tokens - 10, 0.0)

    assert wait(full, limit, 10) == 0
    assert wait(after, limit, 1) == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("day", "letters"), [(0, 200), (1, 300), (2, 450), (7, 3417), (27, 11363026), (28, None)]
)
def test_a_new_sender_warms_up_day_by_day(day, letters):
    assert throttle.warmup(day) == letters


def test_back_off_doubles_up_to_an_hour_and_jitter_takes_up_to_half():
    assert [throttle.backoff(n, jitter=0) for n in (1, 2, 3)] == [15, 30, 60]
    assert throttle.backoff(50, jitter=0) == 3600
    assert throttle.backoff(1, jitter=1) == 7.5


def test_limits_come_from_the_settings(settings):
    settings.MAIL_RATE = 40
    settings.MAIL_DOMAIN_RATES = {"gmail.com": 5.0, "*": 9.0}
    settings.MAIL_WARMUP_SINCE = date(2026, 2, 20)
    day = timedelta(days=1)

    assert throttle.limit_of("domain:gmail.com", date(2026, 2, 20)) == Limit(5, 5)
    assert throttle.limit_of("domain:example.org", date(2026, 2, 20)) == Limit(9, 9)
    assert throttle.limit_of(RELAY, date(2026, 2, 20)) == Limit(200 / 28_800, 200 / 24)
    assert throttle.limit_of(RELAY, date(2026, 2, 20) + 40 * day) == Limit(40, 40)


@hypothesis_settings(max_examples=15)
@given(st.integers(0, 2), st.integers(0, 23), st.integers(60, 600), st.sampled_from([0, 5, 1000]))
def test_a_days_number_leaves_before_its_letters_expire_and_no_more_that_day(
    day, hour, seconds, rate
):
    letters = throttle.warmup(day)
    since = date(2026, 2, 20)
    due = datetime(2026, 2, 20, hour, tzinfo=UTC) + timedelta(days=day)
    buckets, left, now = {}, Counter(), due
    with override_settings(MAIL_WARMUP_SINCE=since, MAIL_RATE=rate, MAIL_DOMAIN_RATES={}):
        while now < due + timedelta(hours=12):
            limits = throttle.limits_of([RELAY], now.date())
            for key, limit in limits.items():
                buckets[key] = refill(buckets.get(key), limit, now.timestamp())
            if all(wait(buckets[key], limit, 1) <= 0 for key, limit in limits.items()):
                left[now.date()] += 1
                for key in limits:
                    buckets[key] = Bucket(buckets[key].tokens - 1, buckets[key].filled_at)
            else:
                now += timedelta(seconds=seconds)

    assert sum(left.values()) >= letters
    assert all(n <= throttle.warmup((on - since).days) for on, n in left.items())


@pytest.mark.django_db
@pytest.mark.parametrize("store", ["database", pytest.param("redis", marks=pytest.mark.services)])
def test_two_hundred_letters_due_at_once_all_leave_on_the_first_day(settings, request, store):
    settings.REDIS_URL = "" if store == "database" else REDIS_URL
    if store == "redis":
        request.getfixturevalue("redis_store")
    settings.MAIL_WARMUP_SINCE, settings.MAIL_RATE = NOW.date(), 0
    minutes = range(16 * 60)  # from seven to eleven at night

    left = [
        sum(not throttle.take([RELAY], 1, NOW + timedelta(minutes=n)) for _ in range(20))
        for n in range(0, len(minutes), 10)
    ]

    assert sum(left[: 9 * 6]) == sum(left) == 200


def test_a_letter_counts_for_its_way_out_and_for_its_domain():
    assert throttle.keys_for("resend", "Ada@Example.ORG") == (
        "provider:resend",
        "domain:example.org",
    )
    assert throttle.keys_for("", "ada@example.org")[0] == RELAY


@pytest.fixture
def slow(settings):
    settings.REDIS_URL = ""
    settings.MAIL_RATE = 2
    settings.MAIL_DOMAIN_RATES = {"gmail.com": 1.0}


@pytest.mark.django_db
def test_all_keys_give_or_none_does(slow):
    assert throttle.take([RELAY, "domain:gmail.com"], 1, NOW) == 0
    assert throttle.take([RELAY, "domain:gmail.com"], 1, NOW) == 1

    assert throttle.take([RELAY], 1, NOW) == 0
    assert throttle.take([RELAY], 1, NOW) == 0.5


@pytest.mark.django_db
def test_without_limits_nothing_is_written(settings):
    settings.MAIL_RATE, settings.MAIL_DOMAIN_RATES = 0, {}

    assert throttle.take([RELAY, "domain:gmail.com"], 1000, NOW) == 0

    assert not Throttle.objects.exists()


@pytest.mark.django_db
def test_a_pause_holds_until_its_time_or_the_operators_word(settings):
    settings.MAIL_RATE = 0
    throttle.pause(RELAY, 60, "relay is down", now=NOW)
    throttle.pause(RELAY, 5, "shorter", now=NOW)

    assert throttle.take([RELAY], 1, NOW + timedelta(seconds=20)) == 40
    assert throttle.take([RELAY], 1, NOW + timedelta(seconds=60)) == 0
    assert throttle.state(RELAY, now=NOW).reason == "relay is down"

    throttle.resume(RELAY)
    assert throttle.take([RELAY], 1, NOW) == 0
    assert throttle.state(RELAY, now=NOW).paused_until is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "said", "still"),
    [
        (["--dry-run"], ["provider:one is paused", "relay is paused"], ["provider:one", "relay"]),
        (["relay"], ["relay sends again"], ["provider:one"]),
        ([], ["provider:one sends again", "relay sends again"], []),
    ],
)
def test_the_operator_lifts_pauses_and_reads_what_they_were(typed, said, still, capsys):
    now = timezone.now()
    for key in ("relay", "provider:one"):
        throttle.pause(key, 3600, "421 go away", now=now)
    throttle.pause("domain:example.org", 60, "over since long", now=NOW)

    call_command("lift_pauses", *typed)

    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" (until ")[0] for line in lines] == said
    assert all(line.endswith(" UTC: 421 go away)") for line in lines)
    assert [state.key for state in throttle.paused(now=now)] == still


@pytest.mark.django_db
def test_lifting_what_is_not_paused_is_told(capsys):
    with pytest.raises(CommandError, match="not paused: relay"):
        call_command("lift_pauses", "relay")
    call_command("lift_pauses")

    assert capsys.readouterr().out == "nothing is paused\n"


@pytest.mark.django_db
def test_faults_in_a_row_pause_longer_and_a_success_starts_anew():
    first = throttle.fault(RELAY, "refused", now=NOW)
    again = throttle.fault(RELAY, "refused", now=NOW)  # another sender, the same moment
    assert throttle.state(RELAY, now=NOW).failures == 1
    assert again <= 15
    assert 7.5 <= first <= 15

    second = throttle.fault(RELAY, "refused", now=NOW + timedelta(minutes=1))
    assert 15 <= second <= 30

    throttle.worked(RELAY)
    assert throttle.state(RELAY, now=NOW).failures == 0


@pytest.mark.django_db
def test_a_fault_met_during_a_pause_does_not_shorten_it():
    throttle.fault(RELAY, "429", now=NOW, retry_after=600)

    throttle.fault(RELAY, "refused", now=NOW + timedelta(seconds=1))

    assert throttle.longest_pause([RELAY], NOW) == 600
    assert throttle.state(RELAY, now=NOW).reason == "429"


@pytest.mark.django_db
def test_two_senders_that_meet_a_fault_in_the_same_instant_count_it_once(monkeypatch):
    others = iter([lambda: throttle.fault(RELAY, "refused", now=NOW)])

    def meanwhile() -> float:
        for other in others:
            other()
        return 0.0

    monkeypatch.setattr(throttle.random, "random", meanwhile)

    throttle.fault(RELAY, "refused", now=NOW)

    assert throttle.state(RELAY, now=NOW).failures == 1
    assert throttle.longest_pause([RELAY], NOW) == 15


@pytest.mark.django_db
@pytest.mark.parametrize(("asked", "kept"), [(0, 1), (120, 120), (10**9, 86_400)])
def test_retry_after_is_obeyed_within_reason(asked, kept):
    assert throttle.fault(RELAY, "429", now=NOW, retry_after=asked) == kept

    assert throttle.take([RELAY], 1, NOW) == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("met", "pause"),
    [
        ([Outcome(Kind.FAILED, code=550)], 0),
        ([Outcome(Kind.RETRY, code=451)], 0),
        ([Outcome(Kind.RETRY, code=429, retry_after=33)], 33),
        ([Outcome(Kind.NOT_TRIED, code=401, retry_after=50)], 50),
        ([Outcome(Kind.UNCERTAIN)] * 2, 0),
        ([Outcome(Kind.UNCERTAIN)] * 2 + [Outcome(Kind.SENT)] + [Outcome(Kind.UNCERTAIN)], 0),
    ],
)
def test_a_way_out_is_judged_by_what_letters_met_there(met, pause):
    for outcome in met:
        throttle.learn(RELAY, outcome, now=NOW)

    assert throttle.take([RELAY], 1, NOW) == pause


@pytest.mark.django_db
def test_a_way_that_only_swallows_letters_is_paused_at_the_third():
    for _ in range(3):
        throttle.learn(RELAY, Outcome(Kind.UNCERTAIN, reply="lost"), now=NOW)

    assert 7 <= throttle.take([RELAY], 1, NOW) <= 15
    assert throttle.state(RELAY, now=NOW).reason == "lost"


@pytest.mark.django_db
def test_a_redis_that_is_down_costs_no_exception_and_little_time(slow, settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    throttle._redis_rests_until = 0.0

    started = time.monotonic()
    answers = [throttle.take([RELAY], 1, NOW) for _ in range(3)]

    assert answers == [0, 0, 0.5]
    assert time.monotonic() - started < 2
    assert caplog.text.count("rate limits go by the database") == 1


@pytest.fixture
def redis_store():
    client = redis.Redis.from_url(REDIS_URL, socket_connect_timeout=1)
    try:
        client.ping()
    except redis.RedisError:
        pytest.skip("needs a Redis server")
    keys = [RedisStore.PREFIX + name for name in ("test:a", "test:b")]
    client.delete(*keys)
    yield RedisStore(client)
    client.delete(*keys)


@pytest.mark.services
@pytest.mark.django_db
def test_redis_and_the_database_answer_alike(redis_store):
    limits = {"test:a": Limit(3, 7), "test:b": Limit(1.7, 2.5)}
    moves = [0, 0.3, 0.1, 5, -2, 0.4, -900, 1, 1, 60, 0.01, 0, 0, 2, 1.5] * 3
    database, now, answers = DatabaseStore(), 1_760_000_000.0, []

    for i, move in enumerate(moves):
        now = round(now + move, 3)
        n = i % 5
        answers.append((redis_store.take(limits, n, now), database.take(limits, n, now)))

    assert any(by_redis == 0 for by_redis, _ in answers)
    assert any(by_redis > 0 for by_redis, _ in answers)
    # The database keeps microseconds, the script every bit.
    assert all(by_redis == pytest.approx(by_db, abs=1e-4) for by_redis, by_db in answers)


@pytest.mark.services
@pytest.mark.django_db
def test_an_emptied_redis_costs_one_burst_and_nothing_else(redis_store):
    limits = {"test:a": Limit(1, 5)}
    assert redis_store.take(limits, 5, 1000.0) == 0
    assert redis_store.take(limits, 5, 1000.0) == 5

    redis.Redis.from_url(REDIS_URL).delete(RedisStore.PREFIX + "test:a")

    assert redis_store.take(limits, 5, 1000.0) == 0
    assert redis_store.take(limits, 5, 1000.0) == 5


def race(kind: str, **environment: str) -> tuple[int, float]:
    """What three processes were granted together, and the seconds it took from first to last."""
    command = [sys.executable, "-m", "tests.newsletter.greedy_sender", kind, "1.5", "20", "10"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "newsletter.settings", **environment}
    started = time.time()
    senders = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    granted = sum(int(sender.communicate(timeout=60)[0]) for sender in senders)
    return granted, time.time() - started


@pytest.mark.services
def test_several_processes_share_one_rate_in_redis(redis_store):
    granted, seconds = race("redis", REDIS_URL=REDIS_URL)

    assert 20 < granted <= 20 * seconds + 10


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_several_processes_share_one_rate_in_the_database():
    if connection.vendor != "postgresql":
        pytest.skip("needs DATABASE_URL=postgres://…")
    at = connection.settings_dict
    url = f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"

    granted, seconds = race("database", DATABASE_URL=url)

    assert 20 < granted <= 20 * seconds + 10


def test_a_stored_time_keeps_its_microseconds():
    at = datetime(2026, 2, 20, 7, 0, 0, 123456, tzinfo=UTC)

    assert datetime.fromtimestamp(at.timestamp(), UTC) == at
