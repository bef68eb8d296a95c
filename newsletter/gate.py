"""What may go out just now, and by which way: pauses and rate limits as one sender sees them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from newsletter import providers, throttle
from newsletter.models import Attempt, Digest
from newsletter.outcomes import Outcome
from newsletter.transports import Ready, Way

Kind = Attempt.Outcome

LOOK_EVERY = 1.0  # seconds between two looks at the pauses that all senders share


class Gate:
    """Asked before each letter, told after it."""

    def __init__(self, way: Way, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.names = [key.partition(":")[2] for key in way.throttle_keys()]
        self.keys = dict(zip(self.names, way.throttle_keys(), strict=True))
        today = clock().date()
        self.is_limited = bool(settings.MAIL_DOMAIN_RATES) or any(
            throttle.limit_of(key, today) for key in self.keys.values()
        )
        self._shaky = set(self.names)  # where a letter that is sent would be news
        self._paused: dict[str, float] = {}
        self._looked_at = float("-inf")

    def is_open(self) -> bool:
        return any(not left for left in self._pauses().values())

    def has_room(self, patience: float) -> bool:
        """Whether a letter could go by some way within so many seconds; none is counted."""
        now = self.clock()
        return any(
            not left and throttle.take([self.keys[name]], 0, now) <= patience
            for name, left in self._pauses().items()
        )

    def choose(self, digest: Digest) -> str | None:
        """The name of the provider that takes a letter, "" for a relay; None: none just now."""
        may_have = digest.provider if digest.uncertain_attempts else ""
        return providers.choose(self.names, self._pauses(), may_have=may_have)

    def take(self, to: str, provider: str) -> float:
        return throttle.take(throttle.keys_for(provider, to), 1, self.clock())

    def is_domain_limited(self, to: str) -> bool:
        domain = throttle.keys_for("", to)[1]
        return throttle.limit_of(domain, self.clock().date()) is not None

    def may_go_ahead(self, letter: Ready | None) -> Ready | None:
        return None if self.is_limited else letter

    def learn(self, provider: str, outcome: Outcome) -> None:
        """Tell all senders what a letter met on its way out."""
        if outcome.is_sent and provider not in self._shaky:
            return
        key = self.keys[provider]
        if outcome.kind == Kind.RETRY and outcome.code in (None, 421):
            # A connection that breaks may be one letter's bad luck; three in a row are not.
            tolerated = throttle.UNCERTAIN_IN_A_ROW
            throttle.fault(key, outcome.reply, now=self.clock(), tolerated=tolerated)
        else:
            throttle.learn(key, outcome, now=self.clock())
        if outcome.is_sent:
            self._shaky.discard(provider)
        elif outcome.kind != Kind.FAILED:
            self._shaky.add(provider)
            self._looked_at = float("-inf")

    def _pauses(self) -> dict[str, float]:
        """Seconds left by name, looked up once a second."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_EVERY:
            at = self.clock()
            self._paused = {
                name: throttle.longest_pause([key], at) for name, key in self.keys.items()
            }
            self._looked_at = now
        return self._paused
