"""The storm: senders at work, and the blows that fall on them as the letters go out."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.senders import Group
from benchmarks.chaos.services import Postgres, Redis

SHARE = 0.72  # of the letters by which the last blow has fallen; a fifth is greylisted
BETWEEN = 0.7  # seconds at least between two blows
AFTER_CRASH = 2.0  # seconds in which senders write down again what a crash has forgotten
STILL = 180.0  # seconds without a letter after which the storm is over, whatever is left
END_PATIENCE = 60.0  # seconds for a sender to end when asked


@dataclass
class Tally:
    """Letters in the server's log, counted as it grows."""

    path: Path
    read: int = 0
    accepted: int = 0
    grown_at: float = field(default_factory=time.monotonic)

    def look(self) -> int:
        with self.path.open("rb") as log:
            log.seek(self.read)
            new = log.read()
        if n := new.count(b'"event": "accepted"'):
            self.accepted += n
            self.grown_at = time.monotonic()
        self.read += len(new) - len(new.rpartition(b"\n")[2])
        return self.accepted


def plan(chance: random.Random, *, kills: int, stops: int, empties: int, crashes: int) -> list[str]:
    whom = ["child", "main", "group"]
    blows = [f"kill {whom[n % 3]}" for n in range(kills)]
    blows += ["stop"] * stops + ["empty"] * empties + ["crash"] * crashes
    chance.shuffle(blows)
    return blows


@dataclass
class Storm:
    groups: Sequence[Group]
    blows: Sequence[str]
    tally: Tally
    letters: int
    stop_for: float  # seconds, longer than any time-out of the other side
    chance: random.Random
    postgres: Postgres | None
    redis: Redis | None
    say: Callable[[str], None]
    stopped: dict[float, Group] = field(default_factory=dict)  # by when they go on

    def run(self) -> None:
        fallen, last = 0, 0.0
        said = time.monotonic()
        while True:
            now = time.monotonic()
            for group in self.groups:
                if group not in self.stopped.values():
                    group.look_after()
            self._wake(now)
            accepted = self.tally.look()
            due = self.letters * SHARE * (fallen + 1) / (len(self.blows) + 1)
            is_time = accepted >= due and now - last >= BETWEEN
            if is_time and fallen < len(self.blows) and self._strike(self.blows[fallen]):
                self.say(f"{accepted:6} letters: {self.blows[fallen]}")
                last = said = time.monotonic()
                last += AFTER_CRASH if self.blows[fallen] == "crash" else 0.0
                fallen += 1
            is_dealt = fallen == len(self.blows) and not self.stopped
            if is_dealt and accepted >= self.letters * SHARE:
                break
            if now - self.tally.grown_at > STILL:
                raise SystemExit(f"no letter for {STILL:.0f} s; {fallen} blows of all fell")
            if now - said > 10:
                self.say(f"{accepted:6} letters")
                said = now
            time.sleep(0.1)
        for group in self.groups:
            group.end(END_PATIENCE)

    def _strike(self, blow: str) -> bool:
        """Whether it could fall just now."""
        what, _, whom = blow.partition(" ")
        if what == "crash" and self.postgres:
            self.postgres.crash()
        elif what == "empty" and self.redis:
            self.redis.empty()
        else:
            awake = [g for g in self.groups if g.is_up and g not in self.stopped.values()]
            if not awake:
                return False
            group = self.chance.choice(awake)
            if what == "kill":
                group.kill(whom, self.chance)
            else:
                group.signal(signal.SIGSTOP)
                self.stopped[time.monotonic() + self.stop_for] = group
        return True

    def _wake(self, now: float) -> None:
        for at in [at for at in self.stopped if at <= now]:
            self.stopped.pop(at).signal(signal.SIGCONT)
