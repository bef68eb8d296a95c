"""Send an edition: CPU, letters a second and memory, against a plain Django loop in the same run.

python -m benchmarks.send [--readers 10000 100000] [--delay 0 0.02] [--sample 600] [--rounds 3]
    [--letters 20000] [--database URL] [--post-office PYTHON]

The plain loop asks the database for one reader at a time, chooses their papers, writes digest and
entries, renders both parts, makes an EmailMultiAlternatives, sends it by smtplib on one connection
and keeps a ledger row before and after. It runs on a sample and is given per letter. Ours does the
same work, marks of each letter included. Both take turns and send to a server of its own process.
Before, the picks and the decoded letters of the sample are compared. `--post-office` names an
interpreter with django-post_office, which then enqueues and sends ready bodies.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from itertools import islice
from typing import Any

from benchmarks import scratch

NOW = datetime(2026, 2, 20, 7, tzinfo=UTC)
PAPERS = 1000
ALIKE = 100  # letters compared part by part
READY = 3000  # bodies sent by us and by django-post_office in a round
AT_A_DELAY = 40  # letters of the plain loop where each reply takes its time
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    cpu: float  # seconds of this process
    wall: float
    letters: int

    @property
    def each(self) -> float:
        """Microseconds of CPU a letter."""
        return self.cpu / self.letters * 1e6

    @property
    def rate(self) -> float:
        return self.letters / self.wall


def spend(work: Callable[[], int]) -> Spent:
    """What it took; `work` returns how many letters it did."""
    cpu, wall = time.process_time(), time.perf_counter()
    letters = work()
    return Spent(time.process_time() - cpu, time.perf_counter() - wall, letters)


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int

    def cpu(self) -> float:
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def end(self) -> tuple[int, int]:
        """Letters and bytes it took."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=30)
        letters, size, _ = out.split()
        return int(letters), int(size)


@contextmanager
def server(delay: float) -> Iterator[Server]:
    """A sink, and the settings that lead there."""
    from django.conf import settings

    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink", "--delay", str(delay)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    try:
        yield Server(process, port)
    finally:
        process.kill()
        process.wait()


# The plain loop


def choose_plainly(due: list[Any], edition: Any) -> list[Any]:
    """One reader at a time: their papers, and rows for them, which are not kept."""
    from django.db import transaction

    from newsletter import digests
    from newsletter.models import Digest, Entry
    from papers import pool as pools

    pool, drafts = pools.load(edition.date, now=NOW), []
    for reader in due:
        (draft,) = digests.choose(edition, [reader], pool, now=NOW, kind=Digest.Kind.REGULAR)
        drafts.append(draft)
        with transaction.atomic():
            digest = Digest.objects.create(
                edition=edition, subscriber_id=reader.subscriber_id, due_at=reader.due_at,
                built_at=NOW, status=draft.status, pool_size=draft.pool_size,
            )  # fmt: skip
            Entry.objects.bulk_create(
                Entry(
                    digest=digest, subscriber_id=reader.subscriber_id, paper_id=pick.paper_id,
                    position=n, section=pick.section, score=pick.score,
                    reasons=[reason.as_dict() for reason in pick.reasons],
                )
                for n, pick in enumerate(draft.picks, 1)
            )  # fmt: skip
            transaction.set_rollback(True)
    return drafts


def send_plainly(ids: list[int], port: int) -> int:
    from django.core.mail.backends.smtp import EmailBackend
    from django.utils import timezone

    from newsletter import letter
    from newsletter.models import Attempt, Digest

    relay = EmailBackend(host="127.0.0.1", port=port, username="", password="")
    relay.open()
    for pk in ids:
        digest = Digest.objects.select_related("edition", "subscriber").get(pk=pk)
        message = letter.email(digest)
        attempt = Attempt.objects.create(digest=digest, number=1, started_at=timezone.now())
        relay.send_messages([message])
        attempt.outcome, attempt.finished_at = Attempt.Outcome.SENT, timezone.now()
        attempt.save(update_fields=["outcome", "finished_at"])
        digest.status, digest.sent_at, digest.attempts = "sent", timezone.now(), 1
        digest.save(update_fields=["status", "sent_at", "attempts"])
    relay.close()
    return len(ids)


# Ours


def send(letters: int) -> int:
    from newsletter import delivery

    counts = delivery.send_pending(NOW, limit=letters)
    if counts["sent"] != letters:
        raise SystemExit(f"{letters} letters were to be sent; {dict(counts)}")
    return letters


# Whether both do the same


def compare_picks(drafts: list[Any]) -> int:
    from newsletter.models import Entry

    for draft in drafts:
        entries = Entry.objects.filter(subscriber_id=draft.subscriber_id).order_by("position")
        if [e.paper_id for e in entries] != [pick.paper_id for pick in draft.picks]:
            raise SystemExit(f"reader {draft.subscriber_id} got other papers")
    return len(drafts)


def compare_letters(ids: list[int]) -> int:
    from newsletter import letter
    from newsletter.models import Digest

    digests = list(Digest.objects.select_related("edition", "subscriber").filter(pk__in=ids))
    pressed = {made.digest_id: made for made in letter.print_batch(digests)}
    for digest in digests:
        made = pressed[digest.pk]
        if isinstance(made, letter.Unprintable):
            raise SystemExit(made.reason)
        plain = letter.email(digest).message().as_bytes(linesep="\r\n")
        if decoded(made.data.replace(b"\n..", b"\n.")) != decoded(plain):
            raise SystemExit(f"digest {digest.pk} is another letter")
    return len(digests)


def decoded(data: bytes) -> tuple[Any, ...]:
    message = message_from_bytes(data, policy=policy.default)
    parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    headers = [(name, value) for name, value in message.items() if name != "Content-Type"]
    return headers, parts


# The run


def measure(options: argparse.Namespace) -> None:
    """One size, in a process and a database of its own."""
    from benchmarks import build

    scratch.use(postgres=options.database)
    from django.conf import settings

    from newsletter import digests
    from newsletter.models import Digest

    readers = options.readers[0]
    build.fill_apart(readers, PAPERS)
    ((cadence, day, due),) = digests.all_due(NOW)
    edition = digests.open_edition(cadence, day, NOW)
    step = max(1, readers // options.sample)
    sample = list(islice(due, 0, step * options.sample, step))  # read as far as that
    choose_plainly(sample[:5], edition)  # what is loaded once is loaded for both
    drafts: list[Any] = []
    one_by_one = spend(lambda: len(drafts) or drafts.extend(
        choose_plainly(sample, edition)) or len(drafts))  # fmt: skip
    set_wise = spend(lambda: sum(digests.build_due(NOW).values()))
    compared = compare_picks(drafts)
    built_with = peak()

    pending = Digest.objects.filter(status="pending").order_by("pk")
    letters = pending.count()
    alike = compare_letters(list(pending.reverse().values_list("pk", flat=True)[:ALIKE]))
    print(
        f"\n{readers} readers, {letters} letters; the papers of {compared} readers and {alike}"
        f" letters are the same both ways"
    )
    if options.post_office:
        compare_post_office(options.post_office, options.rounds)
    for delay in options.delay:
        connections = settings.MAIL_CONNECTIONS if not delay else 1
        settings.MAIL_CONNECTIONS, before = connections, settings.MAIL_CONNECTIONS
        plain, ours, busy = turns(options, delay)
        settings.MAIL_CONNECTIONS = before
        show(delay, connections, plain, ours, busy, built_with)
        if not delay:
            a = statistics.median(s.each for s in plain)
            b = statistics.median(s.each for s in ours)
            whole, part = one_by_one.each + a, set_wise.each + b
            print(
                f"           chosen and written {one_by_one.each:.0f} µs one by one,"
                f" {set_wise.each:.0f} µs set-wise ({one_by_one.each / set_wise.each:.0f} ×)"
            )
            print(f"           built and sent {whole:.0f} : {part:.0f} µs = {whole / part:.0f} ×")


def turns(options: argparse.Namespace, delay: float) -> tuple[list[Spent], list[Spent], float]:
    """Both in turns; how busy the server was while ours sent, as a share of one core."""
    from newsletter.models import Digest

    pending = Digest.objects.filter(status="pending").order_by("-pk")
    few = AT_A_DELAY if delay else max(20, options.sample // options.rounds)
    left = pending.count() - options.rounds * (few + 5 * AT_A_DELAY * len(options.delay))
    many = 5 * AT_A_DELAY if delay else left // options.rounds
    many = min(many, options.letters or many)
    plain, ours, busy = [], [], []
    with server(delay) as sink:
        send_plainly(list(pending.values_list("pk", flat=True)[:5]), sink.port)
        send(5)
        for _ in range(options.rounds):
            ids = list(pending.values_list("pk", flat=True)[:few])
            plain.append(spend(lambda ids=ids: send_plainly(ids, sink.port)))  # type: ignore[misc]
            before = sink.cpu()
            ours.append(spend(lambda: send(many)))
            busy.append((sink.cpu() - before) / ours[-1].wall)
        took, size = sink.end()
    if took != 10 + options.rounds * (few + many):
        raise SystemExit(f"the server took {took} letters")
    print(f"{size / took / 1000:.0f} kB a letter; load {os.getloadavg()[0]:.1f}")
    return plain, ours, statistics.median(busy)


def show(
    delay: float,
    connections: int,
    plain: list[Spent],
    ours: list[Spent],
    busy: float,
    built_with: int,
) -> None:
    def middle(values: Iterator[float]) -> float:
        return statistics.median(values)

    a, b = middle(s.each for s in plain), middle(s.each for s in ours)
    p, q = middle(s.rate for s in plain), middle(s.rate for s in ours)
    print(
        f"{delay * 1000:3.0f} ms     CPU a letter {a:.0f} : {b:.0f} µs = {a / b:.0f} ×;"
        f" {p:.0f} : {q:.0f} letters a second = {q / p:.1f} × on {connections} connections;"
        f" peak {built_with} MB when built, {peak()} MB when sent; the server was busy {busy:.0%}"
    )


def compare_post_office(python: str, rounds: int) -> None:
    """Both with bodies that are ready, in turns, each in a process and a database of its own:
    write the rows, send, write down what came."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(printed(sys.executable, "benchmarks.ready"))
        theirs.append(printed(python, "benchmarks.post_office"))
    a, b = (statistics.median(its["each"] for its in each) for each in (theirs, ours))
    singly = [x["each"] / y["each"] for x, y in zip(theirs, ours, strict=True)]
    print(
        f"ready bodies of {theirs[0]['kilobytes']} and {ours[0]['kilobytes']} kB, CPU a letter:"
        f" django-post_office {theirs[0]['version']} {a:.0f} : {b:.0f} µs = {a / b:.1f} × (rounds"
        f" {', '.join(f'{ratio:.1f}' for ratio in singly)});"
        f" load {os.getloadavg()[0]:.1f}"
    )


def printed(python: str, module: str) -> dict[str, Any]:
    """What a process of its own measured."""
    done = subprocess.run(
        [python, "-m", module, str(READY)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
    )  # fmt: skip
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def enqueue_and_send(edition_id: int, due: list[tuple[int, datetime]]) -> int:
    from newsletter.drafts import Draft, write

    write([Draft(*reader, "pending") for reader in due], edition_id=edition_id, now=NOW)
    return send(len(due))


def peak() -> int:
    """Megabytes that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--delay", type=float, nargs="+", default=[0.0, 0.02])
    parser.add_argument("--sample", type=int, default=600, help="letters of the plain loop")
    parser.add_argument("--letters", type=int, default=0, help="of ours in a round; 0: all")
    parser.add_argument("--post-office", metavar="PYTHON", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", default="", help="URL of a PostgreSQL that may be emptied")
    options = parser.parse_args()
    if len(options.readers) == 1:
        measure(options)
        return 0
    code = 0
    for readers in options.readers:
        rest = sys.argv[1:]
        if "--readers" in rest:
            at = rest.index("--readers")
            del rest[at : at + 1 + len(options.readers)]
        command = [sys.executable, "-m", "benchmarks.send", *rest, "--readers", str(readers)]
        code |= subprocess.run(command, check=False).returncode
    return code


if __name__ == "__main__":
    sys.exit(main())
