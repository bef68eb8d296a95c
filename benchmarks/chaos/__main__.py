"""Send an edition while everything breaks, then judge by the server's log: `make chaos`.

python -m benchmarks.chaos [--letters 20000] [--database sqlite|postgres] [--seed N] [--short]

Senders are the public commands (`run`, `send_digests`, `tick`; with PostgreSQL and Redis two
`run`, which are two Celery workers and two beats). They send to a server that drops letters after
the dot and before it, takes one and says 451, greylists a fifth once, says 421 and 550, and is now
and then not there. Meanwhile senders are killed and stopped, Redis is emptied and PostgreSQL
crashes. Then `tick --now` goes ahead in time until the edition closes. Exit status 1 unless
nothing is lost, every duplicate is marked possible in our own ledger, none went astray, and there
is at most one a killed connection.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.chaos import checker, services
from benchmarks.chaos.senders import ROOT, Group, run
from benchmarks.chaos.storm import Storm, Tally, plan

CONNECTIONS = 1  # of a process, MAIL_CONNECTIONS
DELAY = 0.01  # seconds that the server takes for an answer
IDLE = 3.0  # seconds after which it closes a silent connection
AHEAD = (10, 10, 20, *[40] * 14)  # minutes, each after the other
State = tuple[str, str, dict[str, int]]  # of the edition: status, reason, counts
Row = dict[str, Any]  # a line of export_deliveries

UNFINISHED = {"pending", "claimed", "sending", "uncertain"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--letters", type=int)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="1,200 letters and a few blows")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs behind")
    options = parser.parse_args()
    letters = options.letters or (1_200 if options.short else 20_000)
    folder = Path(tempfile.mkdtemp(prefix="paper-round-chaos-"))
    try:
        is_good = Chaos(
            folder, letters, options.database == "postgres", options.seed, options.short
        ).run()
    finally:
        if options.keep:
            print(f"logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if is_good else 1


class Chaos:
    def __init__(
        self, folder: Path, letters: int, with_postgres: bool, seed: int, is_short: bool
    ) -> None:
        self.folder, self.letters, self.seed = folder, letters, seed
        self.with_postgres, self.is_short = with_postgres, is_short
        self.log = folder / "server.jsonl"
        self.began = time.monotonic()
        self.stack = contextlib.ExitStack()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:5.0f} s  {text}", flush=True)

    def run(self) -> bool:
        chance = random.Random(self.seed)
        with self.stack as stack:
            postgres = redis = None
            if self.with_postgres:
                postgres = stack.enter_context(services.postgres(self.folder))
                redis = stack.enter_context(services.broker(self.folder))
            port = stack.enter_context(self.server())
            self.environment = self.environment_of(port, postgres, redis)
            expected = self.prepare()
            blows = self.blows(chance)
            groups = self.groups()
            for group in groups:
                stack.callback(group.end, 0.0)
            self.say(f"{len(expected)} letters, {len(groups)} groups of senders: the storm")
            Storm(
                groups, blows, Tally(self.log), len(expected), IDLE + 3, chance,
                postgres, redis, self.say,
            ).run()  # fmt: skip
            state, rows = self.settle()
        log = [json.loads(line) for line in self.log.read_text().splitlines()]
        found = checker.judge(log, rows, expected)
        kills = sum(blow.startswith("kill") for blow in blows)
        print(f"\n{self.title(blows)}")
        print(checker.report(found, kills=kills, connections=CONNECTIONS))
        print("edition                 " + " ".join(str(part) for part in state if part))
        return found.is_good(killed_connections=kills * CONNECTIONS) and state[0] == "closed"

    def title(self, blows: list[str]) -> str:
        kinds = {name: sum(blow.startswith(name) for blow in blows) for name in BLOWS}
        fell = ", ".join(f"{n} × {BLOWS[name]}" for name, n in kinds.items() if n)
        database = "PostgreSQL and Redis" if self.with_postgres else "SQLite"
        return f"{database}, seed {self.seed}: {fell}"

    def blows(self, chance: random.Random) -> list[str]:
        grown = int(self.with_postgres)
        if self.is_short:
            return plan(chance, kills=4, stops=1, empties=grown, crashes=grown)
        return plan(chance, kills=20, stops=3, empties=3 * grown, crashes=2 * grown)

    @contextlib.contextmanager
    def server(self) -> Iterator[int]:
        command = ["-m", "benchmarks.sink", "--log", str(self.log), "--faults", str(self.seed)]
        command += ["--open-for", "25"] if self.is_short else []
        process = subprocess.Popen(
            [sys.executable, *command, "--delay", str(DELAY), "--idle", str(IDLE)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(10)

    def environment_of(
        self, port: int, postgres: services.Postgres | None, redis: services.Redis | None
    ) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "newsletter.settings",
            "DEBUG": "false",
            "SECRET_KEY": "chaos" * 12,
            "SITE_URL": "https://papers.example.org",
            "MAIL_FROM": "digest@papers.example.org",
            "POSTAL_ADDRESS": "Paper Round, 12 Sample Street, 10115 Berlin, Germany",
            "LOG_LEVEL": "info",
            "VAR_DIR": str(self.folder / "var"),
            "DATABASE_URL": postgres.url if postgres else "",
            "REDIS_URL": redis.url if redis else "",
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "MAIL_PROVIDER": "",
            "MAIL_CONNECTIONS": str(CONNECTIONS),
            "UNCERTAIN_GRACE": "0",
            # Nothing is fetched from anywhere.
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }

    def prepare(self) -> set[str]:
        """Addresses of the letters that were built."""
        papers = "60" if self.is_short else "200"
        self.say(f"filling a database with {self.letters} readers")
        said = run(
            self.environment, "-m", "benchmarks.chaos.house", "fill",
            "--readers", str(self.letters), "--papers", papers, "--seed", str(self.seed),
        )  # fmt: skip
        return set(json.loads(said))

    def groups(self) -> list[Group]:
        services_of_ours = 2 if self.with_postgres else 1
        if self.is_short:
            services_of_ours = 0
        made = []
        for n in range(services_of_ours):
            own = dict(self.environment)
            if self.with_postgres:  # as on a host of its own
                own["VAR_DIR"] = str(self.folder / f"var-{n}")
            bind = f"127.0.0.1:{services.free_port()}"
            command = ["manage.py", "run", "--bind", bind]
            made.append(Group(own, command, self.folder / f"run-{n}.log"))
        for n in range(2):
            log = self.folder / f"send-{n}.log"
            made.append(Group(self.environment, ["manage.py", "send_digests"], log))
        made.append(Group(self.environment, ["manage.py", "tick"], self.folder / "tick.log"))
        return made

    def settle(self) -> tuple[State, list[Row]]:
        """Tick ahead in time until nothing waits, then until the edition's day is over."""
        now = datetime.now(UTC)
        for minutes in AHEAD:
            now += timedelta(minutes=minutes)
            self.tick(now)
            waiting = sum(row["status"] in UNFINISHED for row in self.told()[1])
            self.say(f"{waiting} letters wait")
            if not waiting:
                break
        self.tick(now + timedelta(days=2))
        return self.told()

    def tick(self, now: datetime) -> None:
        run(self.environment, "manage.py", "tick", "--now", now.isoformat())

    def told(self) -> tuple[State, list[Row]]:
        said = run(self.environment, "-m", "benchmarks.chaos.house", "tell")
        state, *rows = [json.loads(line) for line in said.splitlines()]
        return state, rows


BLOWS = {
    "kill": "SIGKILL",
    "stop": "SIGSTOP",
    "empty": "Redis emptied",
    "crash": "PostgreSQL's immediate restart",
}

if __name__ == "__main__":
    sys.exit(main())
