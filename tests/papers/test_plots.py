from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from papers.plots import HEIGHT, MARGIN, WIDTH, bars, line

START = datetime(2026, 2, 20, tzinfo=UTC)
SERIES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10**6)), min_size=2).map(
    lambda rows: [(START + timedelta(hours=h), v) for h, v in sorted(rows)]
)


def test_one_reading_makes_no_line():
    assert line([(START, 5)]) is None


@given(SERIES)
def test_a_line_stays_inside_its_frame(series):
    drawn = line(series)

    for point in drawn.points.split() if drawn else []:
        x, y = map(float, point.split(","))
        assert MARGIN <= x <= WIDTH - MARGIN
        assert MARGIN <= y <= HEIGHT - MARGIN


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_bars_are_as_high_as_their_values_and_stay_inside(values):
    drawn = bars(values)

    assert [bar.value for bar in drawn] == values
    assert all(bar.y + bar.height <= HEIGHT - MARGIN + 0.2 for bar in drawn)
    assert all(0 <= bar.height <= HEIGHT - 2 * MARGIN for bar in drawn)
    assert all(a.x + a.width <= b.x for a, b in pairwise(drawn))
