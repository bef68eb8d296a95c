"""Send what is built: claim, mark, hand over, record; each letter once, none lost.

The digest row is the work. Before a letter's first byte its row says `sending`, after the last
reply it says what came of it, and no transaction is open in between. Whatever dies on the way,
sweep() finds its letters by their marks.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils import timezone

from newsletter import claims, cycles, restored, sweeping, verdicts
from newsletter.claims import Choice
from newsletter.gate import LOOK_EVERY, Gate
from newsletter.letter import Printer, Unprintable
from newsletter.marks import Done, Marks, Next, Tried
from newsletter.models import Attempt, Digest, Edition
from newsletter.outcomes import WORDS, Outcome
from newsletter.senders import LockLostError, Presence, present
from newsletter.transports import Ready, Way, way_out
from newsletter.verdicts import Verdict
from subscribers import consent
from subscribers.models import Suppression

logger = logging.getLogger(__name__)

Kind = Attempt.Outcome
Status = Digest.Status

BATCH = 200  # letters claimed and printed at once, at most
LEAST = 25  # so few only where the rest is small or the way is slow
FIRST = 50  # before the pace is known
CLAIM_FOR = 2.0  # seconds of sending: so long may letters lie with one sender
SHORT_WAIT = 2.0  # seconds that a sender waits for a rate limit with letters in hand
DATABASE_PATIENCE = 60.0  # seconds of trying to write down a result when the database is gone
ASIDE = timedelta(minutes=1)

sweep = sweeping.sweep


def send_pending(
    now: datetime | None = None,
    *,
    edition: date | None = None,
    subscriber: str | None = None,
    limit: int | None = None,
    seconds: float | None = None,
    printer: Printer | None = None,
    stop: threading.Event | None = None,
) -> Counter[str]:
    """Send everything that is due, and return how many letters met which outcome.

    `edition` and `subscriber` (an address) narrow it. Any number may run at once, on any number of
    hosts. Returns where nothing more can go just now: all is sent, every way out is paused, a rate
    limit asks for more than a moment's patience, `limit` letters were taken, `stop` was set, or
    after `seconds` and what was in hand by then. A `printer` that was used before is warm.
    """
    started = time.monotonic()
    first = now or timezone.now()
    run = Run(
        clock=lambda: first + timedelta(seconds=time.monotonic() - started),
        choice=choice_of(edition, subscriber),
        stop=stop or threading.Event(),
        left=limit,
        ends_at=started + (math.inf if seconds is None else seconds),
        printer=printer or Printer(),
    )
    workers = run.workers()
    if workers == 0 or restored.hold_if_restored(first):
        return Counter()
    with cycles.rarely_sought():
        if workers == 1:
            return run.work()
        with ThreadPoolExecutor(workers, thread_name_prefix="sender") as pool:
            futures = [pool.submit(run.work_in_thread) for _ in range(workers)]
        return sum((future.result() for future in futures), Counter())


def pending(
    now: datetime, *, edition: date | None = None, subscriber: str | None = None
) -> QuerySet[Digest]:
    """Letters that could go now."""
    return claims.claimable(now, choice_of(edition, subscriber))


def choice_of(edition: date | None, subscriber: str | None) -> Choice:
    return Choice(edition, (subscriber or "").strip().lower())


@dataclass
class Run:
    """What the senders of one call share."""

    clock: Callable[[], datetime]
    choice: Choice
    stop: threading.Event
    left: int | None
    ends_at: float  # time.monotonic()
    printer: Printer
    lock: threading.Lock = field(default_factory=threading.Lock)

    def workers(self) -> int:
        """As many connections as there are batches, up to MAIL_CONNECTIONS; none where none may go.

        Each leaves a row: a look at what waits behind a pause or a limit shall not.
        """
        way = way_out(self.printer)
        most = settings.MAIL_CONNECTIONS if way.can_share else 1
        some = claims.waiting(self.clock(), most=most * BATCH, choice=self.choice)
        if self.left is not None:
            some = min(some, self.left)
        if some and not Gate(way, self.clock).has_room(SHORT_WAIT):
            return 0
        return min(most, -(-some // BATCH))

    @property
    def is_over(self) -> bool:
        return self.stop.is_set() or time.monotonic() >= self.ends_at

    def grant(self, n: int) -> int:
        """How many of `n` letters the call's limit still allows."""
        if self.left is None:
            return n
        with self.lock:
            granted = min(n, self.left)
            self.left -= granted
            return granted

    def work_in_thread(self) -> Counter[str]:
        try:
            return self.work()
        finally:
            connection.close()

    def work(self) -> Counter[str]:
        """Be one sender until nothing more can go."""
        way = way_out(self.printer)
        try:
            with present(self.clock) as sender:
                return Worker(self, way, sender).work()
        finally:
            way.close()


class Worker:
    """One sender: one connection to the database, one to the relay."""

    def __init__(self, run: Run, way: Way, sender: Presence) -> None:
        self.run, self.way, self.sender = run, way, sender
        self.marks = Marks(sender)
        self.gate = Gate(way, run.clock)
        self.counts: Counter[str] = Counter()
        self.done: Done | None = None  # handed over, its end not written down yet
        self.has_ended = False
        self.pace = FIRST / CLAIM_FOR  # letters a second
        self.sure = 0  # claims for which enough is left for everybody
        self.editions: dict[int, Edition] = {}
        self.looked_at = -math.inf

    def work(self) -> Counter[str]:
        after = 0
        try:
            while not self.has_ended and (batch := self._claim(after)):
                after, began = batch[-1].pk, time.monotonic()
                self._send(batch)
                self.pace = len(batch) / max(time.monotonic() - began, 0.001)
        except LockLostError:
            logger.warning("sender %s lost its lock and ends", self.sender.pk)
        except DatabaseError:
            self._rescue(None, None)
            raise
        finally:
            with suppress(DatabaseError):  # a sweep gives them back as well
                claims.release(self.sender.pk)
                self.marks.close()
        return self.counts

    def _claim(self, after: int) -> list[Digest]:
        """The next letters; from the start again after the last one."""
        if self.run.is_over or not self.gate.is_open():
            return []
        choice, editions = self.run.choice, self._open_editions()
        most = max(LEAST, min(BATCH, round(self.pace * CLAIM_FOR)))
        if self.sure:
            self.sure -= 1
        else:
            share = claims.fair_share(
                self.sender.pk, most=BATCH, least=LEAST, after=after, editions=editions
            )
            most, self.sure = min(most, share.letters), share.sure
        take = partial(
            claims.claim, self.sender.pk, self.run.clock(), most=self.run.grant(most),
            choice=choice, editions=editions,
        )  # fmt: skip
        return take(after=after) or (take() if after else [])

    def _open_editions(self) -> dict[int, Edition]:
        """Looked up once a second; whether one is open still is asked at the claim and the mark."""
        if (now := time.monotonic()) - self.looked_at >= LOOK_EVERY:
            self.editions, self.looked_at = claims.open_editions(self.run.choice), now
        return self.editions

    def _send(self, batch: list[Digest]) -> None:
        letters = pairs(self._printable(batch))
        try:
            for letter, following in letters:
                if not self._send_one(letter, following):
                    self.has_ended = True
                    break
        finally:
            self._write_down()
        if self.has_ended:
            claims.release(self.sender.pk)

    def _printable(self, batch: list[Digest]) -> Iterator[Ready]:
        for made in self.way.ready(batch):
            if isinstance(made, Unprintable):
                self._give_up(made)
            else:
                yield made

    def _give_up(self, made: Unprintable) -> None:
        held = self._held(made.digest_id)
        reason = f"cannot be printed: {made.reason}"[:300]
        held.update(status=Status.FAILED, reason=reason, sender=None, claimed_at=None)
        self.counts["failed"] += 1

    def _held(self, digest_id: int) -> QuerySet[Digest]:
        mine = Digest.objects.filter(sender=self.sender.pk, status=Status.CLAIMED)
        return mine.filter(pk=digest_id)

    def _send_one(self, letter: Ready, following: Ready | None) -> bool:
        """Whether the run goes on."""
        provider = self.gate.choose(letter.digest)
        if self.run.stop.is_set() or (provider is None and not self.gate.is_open()):
            return False
        if provider is None:  # only the provider that may have it already, and it is paused
            return self._put_aside(letter, ASIDE)
        wait = self._wait_for_room(letter, provider)
        if wait:
            # A limit of its domain's holds this letter only; one of the way's holds them all.
            return self.gate.is_domain_limited(letter.to) and self._put_aside(
                letter, timedelta(seconds=min(wait, 3600.0))
            )
        if not self._open(provider):
            return False
        return self._mark_and_hand_over(letter, provider, following)

    def _wait_for_room(self, letter: Ready, provider: str) -> float:
        """0 where the rate limits let the letter go, else seconds that are too many to wait."""
        if not self.gate.is_limited:
            return 0.0
        while wait := self.gate.take(letter.to, provider):
            self._write_down()
            if wait > SHORT_WAIT or self.run.stop.wait(wait):
                return wait
        return 0.0

    def _open(self, provider: str) -> bool:
        if self.way.is_open:
            return True
        self._write_down()
        fault = self.way.open()
        if fault:
            self.counts["not_tried"] += 1
            self.gate.learn(provider, fault)
        return fault is None

    def _mark_and_hand_over(self, letter: Ready, provider: str, following: Ready | None) -> bool:
        tried = self._mark(Next(letter.digest, letter.to, provider))
        if tried is None:
            self.way.forget()
            reason = claims.turn_down(letter.digest.pk, self.sender.pk, self.run.clock())
            self.counts["skipped" if reason else "put back"] += 1
            return True
        outcome = self.way.hand_over(letter, provider, self.gate.may_go_ahead(following))
        self.done = Done(tried, outcome)
        self.counts[WORDS[outcome.kind]] += 1
        if not outcome.is_sent:
            self._write_down()
            suppress_if_gone(letter.to, outcome, now=self.run.clock())
        self.gate.learn(provider, outcome)
        return True

    def _put_aside(self, letter: Ready, wait: timedelta) -> bool:
        held = self._held(letter.digest.pk)
        until = self.run.clock() + wait
        held.update(status=Status.PENDING, sender=None, claimed_at=None, not_before=until)
        self.counts["put aside"] += 1
        self.way.forget()
        return True

    # Marks

    def _mark(self, letter: Next | None) -> Tried | None:
        """Write down the letter before and mark this one; a database that is gone ends the run."""
        done, self.done = self.done, None
        try:
            return self.marks.step(done, letter, self.run.clock())
        except (DatabaseError, LockLostError) as error:
            logger.warning("a mark could not be written: %s", type(error).__name__)
            self._rescue(done, letter)
            raise LockLostError from error

    def _write_down(self) -> None:
        if self.done:
            self._mark(None)

    def _rescue(self, done: Done | None, letter: Next | None) -> None:
        """Write down what is known as soon as the database is back; nothing is sent meanwhile."""
        self.way.close()
        deadline = time.monotonic() + DATABASE_PATIENCE
        while True:
            try:
                if not connection.in_atomic_block:
                    connection.close()
                for late in [*self.marks.volatile, *([done] if done else [])]:
                    self.marks.settle_late(late, self.run.clock())
                if letter:
                    self.marks.take_back(letter, self.run.clock())
                return
            except DatabaseError:
                if time.monotonic() > deadline:
                    logger.error("the end of a letter could not be written down")
                    return
                time.sleep(0.2)


def suppress_if_gone(to: str, outcome: Outcome, *, now: datetime) -> None:
    """An address that the other side says does not exist is never mailed again."""
    if outcome.kind != Kind.FAILED:
        return
    if outcome.suppress:
        reason = Suppression.Reason.REJECTED
    elif (
        outcome.phase == "rcpt"
        and verdicts.of_bounce("", f"{outcome.code} {outcome.reply}") == Verdict.HARD
    ):
        reason = Suppression.Reason.BOUNCED
    else:
        return
    consent.suppress(to, reason=reason, detail=outcome.reply, door="delivery", now=now)


def pairs(letters: Iterator[Ready]) -> Iterator[tuple[Ready, Ready | None]]:
    """Each letter with the one after it."""
    current = next(letters, None)
    while current is not None:
        following = next(letters, None)
        yield current, following
        current = following
