"""Print letters: microseconds each, plainly and on the press, the same letters in one run.

Letters come in batches, read just before they are printed, as a sender does. The middle of the
batches of all rounds, and the least: what the machine does where nothing else runs on it (the
manual of Python's timeit says why). Laying a letter out is done for the press as for the plain
render; joining is what the press does instead of rendering.

python -m benchmarks.letter [--readers 2000] [--papers 1000]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from datetime import UTC, date, datetime
from typing import Any

from benchmarks import scratch

NOW = datetime(2026, 2, 20, 7, tzinfo=UTC)
BATCH = 200  # as many letters as a sender claims at once
ROUNDS = 4
LAYOUT = ["top", *["more"] * 5, "outside", *["also"] * 3]


def pool(count: int) -> dict[int, Any]:
    from newsletter.facts import PaperFacts, Signal

    return {
        n: PaperFacts(
            id=n,
            title=f"Learned Simulators for Planning {n}: a Study of Sparse Rewards",
            summary=(
                f"We train simulator {n} and a planner together on {n} tasks of growing length. "
                "Once it is accurate to two percent, searching deeper helps more than scale."
            ),
            authors=((n, f"Maya Ellison {n}"), (n + 1, "Tomas Reinholt"), (n + 2, "Ji-woo Park")),
            published_on=date(2026, 2, 18),
            url=f"https://arxiv.org/abs/2602.{n:05d}",
            pdf_url=f"https://arxiv.org/pdf/2602.{n:05d}",
            code_url=f"https://code.example.org/{n}",
            stars=n,
            signal=Signal("day", n),
            topic="Reinforcement learning",
        )
        for n in range(1, count + 1)
    }


def copy(number: int, papers: int, edition: Any, entered: Any) -> Any:
    from newsletter.facts import Copy
    from newsletter.models import Digest
    from subscribers.models import Subscriber

    draw = random.Random(number)
    topics = tuple(f"Topic {n}" for n in draw.sample(range(40), 3))
    reader = Subscriber(
        pk=number, email=f"reader{number}@mail.example.net", name=draw.choice(["", "Ada", "Bo"])
    )
    digest = Digest(
        pk=number, edition=edition, subscriber=reader, pool_size=412, due_at=NOW, built_at=NOW
    )
    # A reader's papers come from their topics: the strong ones are everybody's.
    chosen: list[int] = []
    while len(chosen) < len(LAYOUT):
        paper = min(papers, 1 + int(draw.expovariate(8 / papers)))
        chosen += [paper] * (paper not in chosen)
    entries = tuple(
        entered.of(paper, section, json.dumps([{"kind": "topic", "topic": f"Topic {paper % 40}"}]))
        for paper, section in zip(chosen, LAYOUT, strict=True)
    )
    return Copy(digest, reader, edition, entries, topics)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--papers", type=int, default=1000)
    arguments = parser.parse_args()
    scratch.use()
    from newsletter import facts, letter
    from newsletter.models import Edition

    papers = pool(arguments.papers)
    edition = Edition(pk=1, cadence="daily", date=NOW.date())
    entered = facts.Entries()
    copies = [copy(n, arguments.papers, edition, entered) for n in range(1, arguments.readers + 1)]

    start = time.process_time()
    run = letter.Run(copies[0], papers)
    for each in copies:
        run.data(each)
    first_round = time.process_time() - start
    plain, pressed, joined = [], [], []
    for start_of_batch in [*range(1, arguments.readers + 1, BATCH)] * ROUNDS:
        numbers = range(start_of_batch, min(start_of_batch + BATCH, arguments.readers + 1))
        some = [copy(n, arguments.papers, edition, entered) for n in numbers]
        start = time.process_time()
        letter.printed(some[0], papers)
        plain.append(time.process_time() - start)
        start = time.process_time()
        for each in some:
            run.data(each)
        pressed.append((time.process_time() - start) / len(some))
        laid_out = [run.layout.letter(each) for each in some]
        start = time.process_time()
        for content, each in zip(laid_out, some, strict=True):
            run.envelope.around(run.press.sheet(content), each)
        joined.append((time.process_time() - start) / len(some))
    fragments = len(run.press._fragments)
    new = [
        copy(n, arguments.papers, edition, entered)
        for n in range(arguments.readers + 1, 2 * arguments.readers + 1)
    ]
    start = time.process_time()
    for each in new:
        run.data(each)
    second = (time.process_time() - start) / len(new) * 1e6
    print(f"fragments   {fragments} rendered in the first {first_round:.2f} s")
    print(
        f"new readers {second:8.1f} µs a letter, with the {len(run.press._fragments) - fragments} "
        "fragments that only they need"
    )
    for name, seconds in (("plain", plain), ("press", pressed), ("  joining", joined)):
        middle, least = statistics.median(seconds) * 1e6, min(seconds) * 1e6
        print(f"{name:11s} {middle:8.1f} µs a letter, at the least {least:.1f}")
    print(
        f"ratio       {statistics.median(plain) / statistics.median(pressed):8.1f} plain to press"
    )


if __name__ == "__main__":
    main()
