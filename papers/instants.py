"""Instants and dates as an operator types them; a wrong one says how it should look."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime

# arXiv began in 1991. Near the ends of the calendar no day before or after can be reckoned.
YEARS = range(1991, 2101)


def instant(typed: str) -> datetime:
    """An ISO 8601 instant; one without a zone is UTC. Raises argparse.ArgumentTypeError."""
    try:
        found = datetime.fromisoformat(typed)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{typed!r} is no instant; it looks like 2026-02-20T07:00:00Z"
        ) from None
    _hold_to_years(typed, found.year)
    return found


def day(typed: str) -> date:
    """A date like 2026-02-20. Raises argparse.ArgumentTypeError."""
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{typed!r} is no date; it looks like 2026-02-20"
        ) from None
    _hold_to_years(typed, found.year)
    return found


def _hold_to_years(typed: str, year: int) -> None:
    if year not in YEARS:
        raise argparse.ArgumentTypeError(
            f"{typed!r} is outside of the years {YEARS[0]} to {YEARS[-1]}"
        )
