from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.rhythm import due_at, next_letter_at

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Africa/Cairo",  # changes at midnight
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/Santiago",
]


def test_a_winter_morning_in_berlin_is_an_hour_before_utc():
    instant = due_at("Europe/Berlin", date(2026, 1, 15), 7)

    assert instant == datetime(2026, 1, 15, 6, tzinfo=UTC)


def test_an_hour_in_the_spring_gap_comes_with_the_first_instant_after_it():
    instant = due_at("Europe/Berlin", date(2026, 3, 29), 2)

    assert instant.astimezone(ZoneInfo("Europe/Berlin")).hour == 3
    assert instant == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_an_hour_that_comes_twice_in_autumn_counts_the_first_time():
    instant = due_at("Europe/Berlin", date(2026, 10, 25), 2)

    assert instant == datetime(2026, 10, 25, 0, tzinfo=UTC)


def test_a_midnight_that_does_not_exist_is_replaced_by_the_first_instant_of_the_day():
    instant = due_at("Africa/Cairo", date(2026, 4, 24), 0)

    local = instant.astimezone(ZoneInfo("Africa/Cairo"))
    assert (local.date(), local.hour, local.minute) == (date(2026, 4, 24), 1, 0)


def test_a_weekly_reader_is_due_on_the_first_chosen_day_only():
    friday = datetime(2026, 2, 20, 12, tzinfo=UTC)

    instant = next_letter_at(friday, zone="UTC", hour=7, weekdays=0b0010100, weekly=True)

    assert instant == datetime(2026, 2, 25, 7, tzinfo=UTC)  # Wednesday, not Friday


def test_a_mask_without_a_day_is_refused():
    with pytest.raises(ValueError, match="no weekday"):
        next_letter_at(datetime(2026, 2, 20, tzinfo=UTC), zone="UTC", hour=7, weekdays=0)


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    hour=st.integers(0, 23),
)
def test_before_the_instant_the_hour_has_not_come_and_from_it_on_it_has(zone, day, hour):
    instant = due_at(zone, day, hour)

    def shown(moment):
        local = moment.astimezone(ZoneInfo(zone))
        return local.date(), local.hour

    assert shown(instant) >= (day, hour)
    assert shown(instant - timedelta(seconds=1)) < (day, hour)


@given(
    zone=st.sampled_from(ZONES),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    hour=st.integers(0, 23),
    weekdays=st.integers(1, 127),
)
def test_the_next_letter_is_ahead_and_at_most_a_week_and_a_clock_change_away(
    zone, now, hour, weekdays
):
    instant = next_letter_at(now, zone=zone, hour=hour, weekdays=weekdays)

    assert now < instant <= now + timedelta(days=7, hours=2)
    assert weekdays & (1 << instant.astimezone(ZoneInfo(zone)).weekday())
