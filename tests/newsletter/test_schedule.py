from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from newsletter import schedule
from subscribers.rhythm import due_at

NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/Paris",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Etc/GMT+12",
]


def due_slots(now, zones, look_back=schedule.LOOK_BACK):
    return [
        (zone, window.day, hour, window.due_at(hour))
        for window in schedule.windows(now, zones, look_back=look_back)
        for zone in window.zones
        for hour in range(window.first_hour, window.last_hour + 1)
    ]


def test_the_hour_that_strikes_now_is_due():
    slots = due_slots(NOON, ["UTC"], timedelta(minutes=1))

    assert slots == [("UTC", date(2026, 2, 20), 12, NOON)]


def test_zones_that_share_a_clock_share_a_window():
    windows = list(
        schedule.windows(NOON, ["Europe/Berlin", "Europe/Paris"], look_back=timedelta(hours=1))
    )

    assert [window.zones for window in windows] == [("Europe/Berlin", "Europe/Paris")]


@given(
    now=st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
)
def test_each_slot_of_the_last_two_days_is_due_once_and_none_of_the_future(now, zone):
    slots = due_slots(now, [zone])

    today = now.astimezone(ZoneInfo(zone)).date()
    expected = {
        (zone, day, hour, due_at(zone, day, hour))
        for day in (today - timedelta(days=n) for n in range(4))
        for hour in range(24)
        if now - timedelta(hours=48) < due_at(zone, day, hour) <= now
    }
    assert len(slots) == len(set(slots))
    assert set(slots) == expected


@given(
    start=st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 10), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
)
def test_ticking_every_minute_through_a_day_meets_every_hour_exactly_once(start, zone):
    met = []
    for quarter in range(30 * 4):
        now = start + timedelta(minutes=15 * quarter)
        met += due_slots(now, [zone], timedelta(minutes=15))

    assert len(met) == len(set(met))
    days = sorted({day for _, day, _, _ in met})
    if len(days) == 3:
        assert {hour for _, day, hour, _ in met if day == days[1]} == set(range(24))


def test_a_letter_twelve_hours_late_still_goes_and_a_second_later_not():
    assert not schedule.is_late(NOON - timedelta(hours=12), NOON)
    assert schedule.is_late(NOON - timedelta(hours=12, seconds=1), NOON)


def test_a_day_is_over_when_its_last_hour_has_passed_everywhere():
    last = due_at("Etc/GMT+12", date(2026, 2, 20), 23) + schedule.LATE

    assert not schedule.is_over(date(2026, 2, 20), last)
    assert schedule.is_over(date(2026, 2, 20), last + timedelta(seconds=1))
