"""Groups of processes that send by the public commands, and what is done to them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUICK_END = 5.0  # seconds; who lived shorter had nothing to send just now
REST = 2.0  # seconds until such a one is started again
UP_AFTER = 2.5  # seconds that an interpreter takes until it sends
SENDING = ("--part sender", "--part worker", "celery")  # in the command line of a child that sends

Environment = Mapping[str, str]


def run(environment: Environment, *command: str) -> str:
    """A command to its end; raises CalledProcessError where it fails."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


@dataclass
class Group:
    """One command of ours with all it starts, as a process group."""

    environment: Environment
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    groups: list[int] = field(default_factory=list)  # every one we ever made

    def look_after(self) -> None:
        """Start it, or again where it has ended."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            lived = now - self.started
            self.start_at = now + (REST if lived < QUICK_END else 0.0)
            self.process = None
        if now >= self.start_at:
            self._start(now)

    def _start(self, now: float) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env=dict(self.environment),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started = now
        self.groups.append(self.process.pid)

    @property
    def is_up(self) -> bool:
        alive = self.process is not None and self.process.poll() is None
        return alive and time.monotonic() - self.started > UP_AFTER

    def kill(self, whom: str, chance: random.Random) -> None:
        """SIGKILL to a `child`, the `main` process, or the whole `group`."""
        assert self.process is not None
        if whom == "group":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            return
        victim = self.process.pid
        if whom == "child":
            children = [n for n in members(victim) if n != victim]
            sending = [n for n in children if any(w in command_line(n) for w in SENDING)]
            victim = chance.choice(sending or children or [victim])
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.process is not None:
                os.killpg(self.process.pid, number)

    def end(self, patience: float) -> None:
        """Ask it to stop, and kill what is left after `patience` seconds of any group it ever was.

        Children that outlived their main process end by themselves, with what they hold sent.
        """
        until = time.monotonic() + patience
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        while (left := [n for group in self.groups for n in members(group)]) and (
            time.monotonic() < until
        ):
            time.sleep(0.1)
        for number in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()


def members(group: int) -> list[int]:
    """Processes of one of our groups; another's that was given an old number is none."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                is_ours = (entry / "cwd").readlink() == ROOT
                if is_ours and os.getpgid(int(entry.name)) == group:
                    found.append(int(entry.name))
    return sorted(found)


def command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""
