"""Records into rows, batch by batch: the same records in any order end in the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.db import DataError, IntegrityError, transaction

from papers import folding, identity, rows, scoring
from papers.folding import Facts, Work
from papers.models import Paper
from papers.names import better_name
from papers.sources.base import PaperRecord, Refusal

BATCH = 500  # records in one transaction
FLUSH = 20_000  # papers after which topics and trends are refreshed
# A change of these changes a paper's topics.
READ_BY_TOPICS = {"title", "abstract", "summary", "categories", "primary_category"}


@dataclass
class Counts:
    """What became of records: each is new, changed, unchanged, passed over or refused."""

    records: int = 0
    new: int = 0  # made a paper
    changed: int = 0  # said something more of a paper we had
    unchanged: int = 0
    passed_over: int = 0  # further facts of a paper we do not have
    joined: int = 0  # papers of ours that turned out to be another one
    paper_ids: set[int] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return len(self.refusals)

    @property
    def papers(self) -> int:
        return len(self.paper_ids)

    @property
    def merged(self) -> int:
        """Records that told of the same paper as another one did."""
        return self.records - self.refused - self.passed_over - self.papers


def ingest(records: Iterable[PaperRecord], *, now: datetime) -> Counts:
    """Bring records into the tables, then their papers' topics and trends up to date.

    A record that cannot be a paper is named in `refusals`, and the rest goes on.
    """
    counts = Counts()
    round_ = Round(now, counts)
    for batch in _batches(_additions_last(records)):
        round_.take_in(batch)
    round_.refresh()
    return counts


def _additions_last(records: Iterable[PaperRecord]) -> Iterator[PaperRecord]:
    additions = []
    for record in records:
        if record.is_addition:
            additions.append(record)
        else:
            yield record
    yield from additions


def _batches(records: Iterable[PaperRecord]) -> Iterator[list[PaperRecord]]:
    iterator = iter(records)
    while batch := list(islice(iterator, BATCH)):
        yield batch


class Round:
    """One ingest: batches of records in, topics and trends of the touched papers at the end."""

    def __init__(self, now: datetime, counts: Counts) -> None:
        self.now = now
        self.counts = counts
        self._reworded: set[int] = set()  # papers whose topics have to be found anew
        self._reread: set[int] = set()  # papers whose trend may have changed
        # Records taken in, remembered only when their papers are refreshed too: after a crash
        # they are read again.
        self._taken: dict[str, tuple[int, str]] = {}

    def take_in(self, records: list[PaperRecord]) -> None:
        try:
            outcome = self._attempt(records)
        except (DataError, IntegrityError) as error:
            if len(records) > 1:
                for record in records:
                    self.take_in([record])
                return
            reason = str(error).partition("\n")[0][:200]
            outcome = Batch(
                refusals=[Refusal(records[0].name, f"the database refused it: {reason}")]
            )
        self._count(len(records), outcome)
        if len(self._taken) >= FLUSH:
            self.refresh()

    @transaction.atomic
    def _attempt(self, records: list[PaperRecord]) -> Batch:
        rows.lock()
        batch = Batch()
        batch.sort(records)
        batch.fold()
        rows.write(list(batch.works.values()), batch.joined, batch.names, self.now)
        return batch

    def _count(self, records: int, batch: Batch) -> None:
        counts = self.counts
        counts.records += records
        counts.new += batch.outcomes.count("new")
        counts.changed += batch.outcomes.count("changed")
        counts.unchanged += batch.outcomes.count("unchanged") + len(batch.unchanged)
        counts.passed_over += batch.outcomes.count("passed over")
        counts.joined += len(batch.joined)
        counts.refusals += batch.refusals
        counts.paper_ids -= batch.joined.keys()
        counts.paper_ids |= {*batch.unchanged, *(work.paper.pk for work in batch.told.values())}
        for work in batch.works.values():
            if work.is_new or work.changed & READ_BY_TOPICS:
                self._reworded.add(work.paper.pk)
            elif work.changed & {"readings", "first_mentioned_on"}:
                self._reread.add(work.paper.pk)
        self._reworded -= batch.joined.keys()
        self._reread -= batch.joined.keys()
        self._taken |= {key: (work.paper.pk, weight) for key, (work, weight) in batch.taken.items()}
        for key, (pk, weight) in self._taken.items() if batch.joined else ():
            if pk in batch.joined:
                self._taken[key] = (batch.joined[pk].paper.pk, weight)

    def refresh(self) -> None:
        """Bring topics and trends up to date, then remember the records as taken in."""
        scoring.refresh(self._reworded, now=self.now)
        if reread := self._reread - self._reworded:
            scoring.refresh_trends(Paper.objects.filter(pk__in=reread), now=self.now)
        with transaction.atomic():
            rows.write_record_keys(self._taken)
        self._reworded, self._reread, self._taken = set(), set(), {}


class Batch:
    """Records on their way into rows, in one transaction."""

    def __init__(self, refusals: Iterable[Refusal] = ()) -> None:
        self.refusals = list(refusals)
        self.unchanged: list[int] = []  # the paper of each record that was passed over unread
        self.outcomes: list[str] = []  # of each record that was read
        self.works: dict[int, Work] = {}  # papers to write, by id()
        self.told: dict[int, Work] = {}  # papers that records told of, by id()
        self.joined: dict[int, Work] = {}
        self.names: dict[str, str] = {}
        self.taken: dict[str, tuple[Work, str]] = {}
        self._read: list[tuple[str, Facts]] = []
        self._shelf = identity.Shelf()

    def sort(self, records: list[PaperRecord]) -> None:
        """Pass over the records that are in already; read the others and find their papers."""
        keys = [folding.record_key(record) for record in records]
        known = identity.records_known(keys)
        ids = {pk for pk, _ in known.values()}
        mentions: set[tuple] = set(identity.mentions_of(ids))
        readings: set[tuple] = set(identity.readings_of(ids))
        touched = set()
        for key, record in zip(keys, records, strict=True):
            pk, weight = known.get(key, (None, ""))
            if pk is not None:
                said = {(pk, *mention) for mention in folding.mentions(record)}
                read = {
                    (pk, r.source, r.read_at, *folding.counters(r))
                    for r in folding.readings(record)
                }
                if folding.weight(record) <= weight and said <= mentions and read <= readings:
                    self.unchanged.append(pk)
                    continue
                touched.add(pk)
            try:
                self._read.append((key, folding.facts(record)))
            except ValueError as error:
                self.refusals.append(Refusal(record.name[:80], str(error)[:200]))
        if self._read:
            self._shelf = identity.load([new for _, new in self._read], touched)

    def fold(self) -> None:
        for key, new in self._read:
            same = self._shelf.find(new)
            if not same and new.is_addition:
                self.outcomes.append("passed over")
                continue
            work = same[0] if same else Work(Paper(), is_new=True)
            for other in same[1:]:
                self._join(other, work)
            before, work.changed = work.changed, set()
            folding.fold(work, new)
            self.outcomes.append("changed" if work.changed else "unchanged")
            if not same:
                self.outcomes[-1] = "new"
            work.changed |= before
            self._shelf.add(work)
            if work.is_new or work.changed:
                self.works[id(work)] = work
            self.told[id(work)] = work
            self.taken[key] = (work, new.weight)
            for author, name in new.author_names.items():
                self.names[author] = better_name(name, self.names.get(author, name))

    def _join(self, other: Work, work: Work) -> None:
        """Two papers turned out to be one."""
        folding.fold_work(work, other)
        self.works[id(work)] = work
        self.works.pop(id(other), None)
        self.told.pop(id(other), None)
        self._shelf.drop(other)
        for pk, into in self.joined.items():
            if into is other:
                self.joined[pk] = work
        if other.paper.pk is not None:
            self.joined[other.paper.pk] = work
        for key, (told, weight) in self.taken.items():
            if told is other:
                self.taken[key] = (work, weight)
