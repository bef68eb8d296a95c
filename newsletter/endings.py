"""What an outcome makes of a letter: sent, tried again when, given up, or nobody knows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.models import Attempt, Digest
from newsletter.outcomes import Outcome
from newsletter.schedule import LATE

Kind = Attempt.Outcome
Status = Digest.Status

MAX_ATTEMPTS = 8
# After the first, second, … refusal; together less than what makes a letter too late.
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240)]
ASIDE = timedelta(minutes=1)  # for a letter that met the relay's own fault: others go first


@dataclass(frozen=True)
class Change:
    """What an outcome makes of the digest's row."""

    status: Digest.Status
    reason: str = ""
    not_before: datetime | None = None
    is_blamed: bool = True  # whether the try counts as one of the letter's
    is_unsure: bool = False


SENT = Change(Status.SENT)


def change(outcome: Outcome, *, attempts: int, now: datetime, jitter: float) -> Change:
    """What becomes of a letter after its try number `attempts`; `jitter` is in 0..1."""
    if outcome.kind == Kind.SENT:
        return SENT
    said = " ".join(str(part) for part in (outcome.code, outcome.reply) if part)[:250]
    said = said or outcome.phase or "no word"
    if outcome.kind == Kind.FAILED:
        return Change(Status.FAILED, said)
    if outcome.kind == Kind.UNCERTAIN:
        return Change(Status.UNCERTAIN, f"nobody knows if it left: {said}", is_unsure=True)
    if outcome.kind == Kind.NOT_TRIED:
        return Change(Status.PENDING, said, now + ASIDE, is_blamed=False)
    if attempts >= MAX_ATTEMPTS:
        return Change(Status.FAILED, f"refused {attempts} times: {said}")
    wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1] * (1 + jitter / 4)
    if outcome.retry_after is not None:
        wait = max(wait, timedelta(seconds=min(outcome.retry_after, LATE.total_seconds())))
    return Change(Status.PENDING, said, now + wait)
