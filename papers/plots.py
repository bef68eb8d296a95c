"""Small drawings made on the server: numbers in, SVG coordinates out; the template draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT, MARGIN = 480.0, 120.0, 8.0  # user units of the view box


@dataclass(frozen=True)
class Line:
    """A line through timed values, and the area below it."""

    points: str  # for <polyline points>
    area: str  # for <polygon points>
    most: int


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    value: int


def line(series: Sequence[tuple[datetime, int]]) -> Line | None:
    """Values over time from zero up; None for fewer than two instants."""
    if len(series) < 2 or series[0][0] == series[-1][0]:
        return None
    start = series[0][0].timestamp()
    span = series[-1][0].timestamp() - start
    most = max(value for _, value in series)
    points = [
        (
            round(MARGIN + (at.timestamp() - start) / span * (WIDTH - 2 * MARGIN), 1),
            round(HEIGHT - MARGIN - value / max(most, 1) * (HEIGHT - 2 * MARGIN), 1),
        )
        for at, value in series
    ]
    ground = HEIGHT - MARGIN
    area = [(points[0][0], ground), *points, (points[-1][0], ground)]
    return Line(_joined(points), _joined(area), most)


def bars(values: Sequence[int]) -> list[Bar]:
    """One bar a value, side by side, the highest filling the height."""
    if not values:
        return []
    step = (WIDTH - 2 * MARGIN) / len(values)
    most = max(1, *values)
    return [
        Bar(
            x=round(MARGIN + n * step + step * 0.15, 1),
            y=round(HEIGHT - MARGIN - value / most * (HEIGHT - 2 * MARGIN), 1),
            width=round(step * 0.7, 1),
            height=round(value / most * (HEIGHT - 2 * MARGIN), 1),
            value=value,
        )
        for n, value in enumerate(values)
    ]


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
