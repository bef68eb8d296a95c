"""What came of handing one letter over, in the words of the Attempt ledger."""

from __future__ import annotations

import re
from typing import NamedTuple

from newsletter.models import Attempt

SENT = Attempt.Outcome.SENT
WORDS = {kind: kind.value for kind in Attempt.Outcome}  # an enum is slow to tell its value
ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")


class Outcome(NamedTuple):
    kind: Attempt.Outcome
    # SMTP: connect, mail, rcpt, data, dot, answered; HTTP: compose, connect, request, answered.
    phase: str = ""
    code: int | None = None
    reply: str = ""  # without addresses; see quoted()
    message_id: str = ""
    retry_after: float | None = None  # seconds, as the other side asked
    suppress: bool = False  # the other side takes nothing for this address any more

    @property
    def is_sent(self) -> bool:
        return self.kind == SENT


def quoted(text: str) -> str:
    """What the other side said: one line of at most 300 characters, no address in it."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(text.split())
    return (ADDRESS.sub("‹address›", line) if "@" in line else line)[:300]
