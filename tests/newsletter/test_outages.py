"""Days on which the sources were silent."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from newsletter import digests, letter, outages, rounds, sentences, status
from newsletter.models import Digest, Entry
from papers import scoring
from papers.models import Fetch, Paper
from subscribers.models import Subscriber
from tests.factories import make_paper, make_subscriber, make_topic

MONDAY = datetime(2026, 2, 16, 7, tzinfo=UTC)
DAY = timedelta(days=1)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + n * DAY for n in range(1, 5))
COVERS = "The sources were silent, so this letter also covers the days since your last one."


@pytest.fixture
def topic(db):
    """A topic, and two fitting papers listed on each day from Monday on."""
    topic = make_topic(name="Offline reinforcement learning", keywords=["offline RL"])
    for day in range(14):
        now = MONDAY + day * DAY
        listed = {"published_at": now, "first_mentioned_on": now.date()}
        for n in range(2):
            make_paper(title=f"Offline RL for robot arm {n}", **listed)
        for _ in range(20):
            make_paper(**listed)
    return topic


def reader(topic, **fields):
    fields = {"hour": 7, "confirmed_at": MONDAY - 9 * DAY, "rhythm_since": MONDAY - DAY, **fields}
    return make_subscriber(topics=[topic], **fields)


def play(*days, silent=(), at=timedelta()):
    """A minute at the hour of each day. On silent ones no source answers, nor in the day before."""
    for now in days:
        if now not in silent:
            answered = now - timedelta(hours=1)
            Fetch.objects.create(
                source="hf",
                target=f"{now}",
                status="done",
                started_at=answered,
                finished_at=answered,
            )
        status.beat(status.TICK, now=now + at - timedelta(minutes=1))
        with time_machine.travel(now + at, tick=False):
            listed = Paper.objects.filter(first_mentioned_on__lte=now.date())
            scoring.refresh(list(listed.values_list("pk", flat=True)), now=now)
            rounds.tick(now + at)


def letters_of(subscriber):
    rows = subscriber.digests.exclude(reason=digests.TOO_LATE).order_by("edition__date")
    return [
        f"{day:%a} {kind} {became}"
        for day, kind, became in rows.values_list("edition__date", "kind", "status")
    ]


def opening_of(subscriber):
    return " ".join(letter.email(subscriber.digests.order_by("-edition__date")[0]).body.split())


@pytest.mark.parametrize(
    ("silent", "back"),
    [([WEDNESDAY], THURSDAY), ([WEDNESDAY, THURSDAY], FRIDAY)],
)
def test_after_silent_days_a_letter_covers_them_and_says_so(topic, silent, back):
    ada = reader(topic)
    # The clock of 36 hours begins with Monday's answer.
    play(MONDAY, TUESDAY, *silent, back, silent=[TUESDAY, *silent])

    assert letters_of(ada)[-1] == f"{back:%a} catch_up sent"
    assert COVERS in opening_of(ada)
    covered = Entry.objects.filter(digest__kind="catch_up", paper__title__startswith="Offline")
    days = {day for (day,) in covered.values_list("paper__first_mentioned_on")}
    assert {day.date() for day in silent} <= days


def test_the_day_after_a_catch_up_is_an_ordinary_one(topic):
    ada = reader(topic)
    play(MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, silent=[TUESDAY, WEDNESDAY])

    assert letters_of(ada)[-2:] == ["Thu catch_up sent", "Fri regular sent"]


def test_without_a_silent_day_no_letter_is_a_catch_up(topic):
    ada = reader(topic, weekdays=0b0010101)
    play(MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)

    assert letters_of(ada) == ["Mon regular sent", "Wed regular sent", "Fri regular sent"]


def test_a_silent_day_that_a_reader_did_not_choose_is_none_of_theirs(topic):
    ada = reader(topic, weekdays=0b0001011)  # Monday, Tuesday, Thursday
    play(MONDAY, TUESDAY, WEDNESDAY, THURSDAY, silent=[TUESDAY, WEDNESDAY])

    assert letters_of(ada) == ["Mon regular sent", "Tue regular sent", "Thu regular sent"]


def test_days_off_between_are_covered_too(topic):
    ada = reader(topic, weekdays=0b0010101)  # Monday, Wednesday, Friday
    play(MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, silent=[TUESDAY, WEDNESDAY])

    assert letters_of(ada) == ["Mon regular sent", "Wed regular skipped", "Fri catch_up sent"]


def test_a_machine_that_stood_still_is_no_silent_source(topic):
    ada = reader(topic)
    play(MONDAY, TUESDAY)
    play(WEDNESDAY, at=timedelta(hours=13))
    play(THURSDAY)

    assert [one.split()[1] for one in letters_of(ada)] == ["regular"] * 3


def test_a_reader_who_never_had_a_letter_is_not_told_of_a_last_one(topic):
    bo = reader(topic)
    play(TUESDAY, WEDNESDAY, THURSDAY, silent=[TUESDAY, WEDNESDAY])

    assert letters_of(bo)[-1] == "Thu regular sent"


def test_a_letter_does_not_claim_days_that_its_candidates_do_not_reach(topic):
    mo = reader(topic, weekdays=0b0000001)
    days = [MONDAY + n * DAY for n in range(15)]
    play(*(days[n] for n in (0, 5, 6, 7, 8, 14)), silent=days[6:8])

    assert letters_of(mo) == ["Mon regular sent", "Mon regular skipped", "Mon regular sent"]


PAST = st.lists(
    st.sampled_from(
        [
            ("sent", ""),
            ("pending", ""),
            ("skipped", outages.NO_FRESH_PAPERS),
            ("skipped", digests.NOTHING_PASSED),
            ("expired", digests.TOO_LATE),
            ("failed", "no such mailbox"),
        ]
    ),
    max_size=7,
)


@given(PAST)
def test_missed_days_lie_between_a_letter_that_left_and_this_one(past):
    since = [at for at, (became, _) in enumerate(past) if became in {"sent", "pending"}]
    reasons = [reason for _, reason in past[: since[0] if since else 0]]
    told = [reason for reason in reasons if reason not in {digests.TOO_LATE, "no such mailbox"}]

    missed = outages.misses_days(past)

    assert missed == (bool(told) and told[0] == outages.NO_FRESH_PAPERS)


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_a_catch_up_says_it_in_every_language(language):
    with translation.override(language):
        before, _ = sentences.around(Digest.Kind.CATCH_UP)

    assert before
    assert (before == COVERS) == (language == "en")


def test_a_week_that_was_lost_comes_on_the_next_day_with_papers(topic):
    wes = reader(topic, cadence="weekly", weekdays=0b0000010)  # Tuesday
    play(MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, silent=[MONDAY, TUESDAY, WEDNESDAY])
    play(*[MONDAY + n * DAY for n in range(5, 9)])

    assert letters_of(wes) == [
        "Tue regular skipped",
        "Thu regular sent",
        "Tue regular sent",
    ]
    assert set(wes.digests.values_list("edition__cadence", flat=True)) == {"weekly"}


@pytest.mark.parametrize(
    "change",
    [{"status": "paused"}, {"cadence": "daily", "weekdays": 1}, {"rhythm_since": FRIDAY}],
)
def test_a_lost_week_comes_to_nobody_who_no_longer_waits_for_it(topic, change):
    wes = reader(topic, cadence="weekly", weekdays=0b0000010)
    play(MONDAY, TUESDAY, WEDNESDAY, silent=[MONDAY, TUESDAY, WEDNESDAY])
    Subscriber.objects.update(**change)

    play(THURSDAY)

    assert letters_of(wes) == ["Tue regular skipped"]


def test_a_lost_week_waits_for_the_readers_hour(topic):
    wes = reader(topic, cadence="weekly", weekdays=0b0000010)
    play(MONDAY, TUESDAY, WEDNESDAY, silent=[MONDAY, TUESDAY, WEDNESDAY])

    play(THURSDAY, at=timedelta(hours=3))
    play(FRIDAY)

    assert letters_of(wes) == ["Tue regular skipped", "Fri regular sent"]


def test_catching_up_costs_no_query_a_reader(topic):
    def queries_for(number, hour):
        for _ in range(number):
            reader(topic, hour=hour)
        with CaptureQueriesContext(connection) as captured:
            digests.build_due(MONDAY + timedelta(hours=hour - 7))
        return len(captured)

    Fetch.objects.create(
        source="hf", target="x", status="done", started_at=MONDAY, finished_at=MONDAY
    )
    queries_for(1, 7)

    assert queries_for(2, 8) == queries_for(9, 9)
