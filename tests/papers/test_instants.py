"""Instants and dates as an operator types them."""

import argparse
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from hypothesis import example, given
from hypothesis import strategies as st

from papers.instants import day, instant

YEAR = timedelta(days=366)


@pytest.mark.parametrize(
    "typed", ["2026-02-20T07:00:00Z", "2026-02-20T07:00", "2026-02-20T08:00:00+01:00"]
)
def test_an_instant_without_a_zone_is_utc(typed):
    assert instant(typed) == datetime(2026, 2, 20, 7, tzinfo=UTC)


@given(st.one_of(st.text(), st.datetimes().map(str), st.dates().map(str)))
@example("9999-12-31T23:59:59Z")
@example("0001-01-01")
def test_whatever_is_typed_is_refused_or_has_a_year_before_and_after(typed):
    for read in (instant, day):
        with suppress(argparse.ArgumentTypeError):
            found = read(typed)

            assert found - YEAR < found < found + YEAR


@pytest.mark.parametrize("typed", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_tick_at_the_end_of_the_calendar_is_refused(typed):
    with pytest.raises(CommandError, match="outside of the years 1991 to 2100"):
        call_command("tick", "--now", typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2026-02-30", "'2026-02-30' is no date; it looks like 2026-02-20"),
        ("0001-01-01", "outside of the years 1991 to 2100"),
    ],
)
def test_every_command_says_the_same_of_a_date_that_is_none(typed, said):
    for command, option in [
        ("fetch_papers", "--date"),
        ("build_edition", "--date"),
        ("export_deliveries", "--edition"),
    ]:
        with pytest.raises(CommandError, match=said):
            call_command(command, option, typed)


def test_a_date_is_read():
    assert day("2026-02-20") == date(2026, 2, 20)
