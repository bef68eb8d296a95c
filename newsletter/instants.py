"""Instants and dates as an operator types them; a wrong one says how it should look."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime


def instant(typed: str) -> datetime:
    """An ISO 8601 instant; one without a zone is UTC. Raises argparse.ArgumentTypeError."""
    try:
        found = datetime.fromisoformat(typed)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{typed!r} is no instant; it looks like 2026-02-20T07:00:00Z"
        ) from None


def day(typed: str) -> date:
    """A date like 2026-02-20. Raises argparse.ArgumentTypeError."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{typed!r} is no date; it looks like 2026-02-20"
        ) from None
