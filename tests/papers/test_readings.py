from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from papers import readings
from tests.factories import NOW

HOUR = timedelta(hours=1)
BEGAN = NOW - 100 * HOUR


def read(*pairs):
    """Readings of so many hours ago."""
    return [(NOW - hours * HOUR, votes) for hours, votes in pairs]


def test_votes_are_counted_from_the_reading_a_day_before_the_newest():
    found = readings.gained(read((60, 1), (27, 4), (10, 9), (2, 20)), BEGAN, now=NOW)

    assert found == (16, 25)


def test_without_an_older_reading_votes_are_counted_from_the_beginning():
    found = readings.gained(read((2, 20)), NOW - 20 * HOUR, now=NOW)

    assert found == (20, 18)


def test_votes_that_nobody_has_counted_for_more_than_26_hours_say_nothing_of_the_last():
    last = readings.gained(read((50, 4), (26, 20)), BEGAN, now=NOW)
    older = readings.gained(read((50, 4), (26.1, 20)), BEGAN, now=NOW)

    assert last == (16, 24)
    assert older is None


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 500)), max_size=8))
def test_hours_told_end_with_a_fresh_reading_and_votes_with_what_it_counted(pairs):
    listed = read(*sorted(pairs, reverse=True))

    found = readings.gained(listed, BEGAN, now=NOW)

    if found is not None:
        (newest, votes), (won, hours) = listed[-1], found
        assert NOW - newest <= readings.FRESH
        assert 0 < won <= votes
        assert newest - hours * HOUR >= BEGAN


def test_a_rise_is_told_from_the_first_reading_of_the_week_to_the_last():
    found = readings.rise(read((169, 2), (168, 3), (167, 9), (80, 40), (60, 74)), now=NOW)

    assert found == readings.Rise(9, 74)
    assert found.gained == 65


def test_one_reading_is_no_rise():
    found = readings.rise(read((200, 1), (60, 74)), now=NOW)

    assert found is None


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 500)), max_size=8))
def test_a_rise_is_large_and_between_two_counts_of_this_week(pairs):
    listed = read(*sorted(pairs, reverse=True))

    found = readings.rise(listed, now=NOW)

    lately = [votes for at, votes in listed if NOW - at < timedelta(days=7)]
    rose = len(lately) > 1 and lately[-1] - lately[0] >= 10 and lately[-1] >= 1.5 * lately[0]
    assert found == (readings.Rise(lately[0], lately[-1]) if rose else None)
