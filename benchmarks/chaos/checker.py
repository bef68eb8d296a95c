"""What became of every letter, by the server's log and export_deliveries alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

WENT_OUT = {"sent", "delivered", "bounced", "complained"}


@dataclass
class Verdict:
    """Addresses by what is wrong with their letter, and sums."""

    letters: int = 0
    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # a letter for somebody else or for nobody
    unexplained: list[str] = field(default_factory=list)  # doubles that the ledger does not know
    changed: list[str] = field(default_factory=list)  # doubles of other bytes
    by_kill: int = 0  # doubles after an answer that was given: the sender died before noting it
    by_silence: int = 0  # doubles after the relay took a letter and hung up
    by_lie: int = 0  # doubles after the relay took a letter and said 451
    by_status: Counter[str] = field(default_factory=Counter)

    def is_good(self, *, killed_connections: int) -> bool:
        wrong = self.lost or self.wrong or self.unexplained or self.changed
        return not wrong and self.by_kill <= killed_connections


def judge(
    log: Iterable[Mapping[str, Any]], ledger: Iterable[Mapping[str, Any]], expected: set[str]
) -> Verdict:
    """`log` is the server's, `ledger` export_deliveries', `expected` the addresses to be served."""
    accepted: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    refused: set[str] = set()
    for line in log:
        if line["event"] == "accepted":
            accepted[line["to"]].append(line)
        elif line["reply"].startswith("5"):
            refused.add(line["to"])
    rows = {row["address"]: row for row in ledger}
    found = Verdict(letters=len(expected), accepted=sum(map(len, accepted.values())))
    found.by_status = Counter(row["status"] for row in rows.values())
    for address in sorted(expected):
        if is_lost(rows.get(address), bool(accepted[address]), address in refused):
            found.lost.append(address)
    for address, lines in accepted.items():
        if any(is_wrong(line, rows.get(address), expected) for line in lines):
            found.wrong.append(address)
        elif len(lines) > 1:
            explain(found, lines, rows[address])
    return found


def is_lost(row: Mapping[str, Any] | None, was_accepted: bool, was_refused: bool) -> bool:
    """Neither with its reader nor refused for good; or waiting although all is over."""
    if row is None:
        return True
    if row["status"] in WENT_OUT:
        return not was_accepted
    return not (row["status"] == "failed" and was_refused)


def is_wrong(line: Mapping[str, Any], row: Mapping[str, Any] | None, expected: set[str]) -> bool:
    if row is None or line["to"] not in expected or line["to"] not in line["header_to"]:
        return True
    return bool(line["message_id"] != row["message_id"])


def explain(found: Verdict, lines: list[Mapping[str, Any]], row: Mapping[str, Any]) -> None:
    """Each acceptance but the last was followed by another: say why, and whether we knew."""
    if len({line["sha"] for line in lines}) > 1:
        found.changed.append(row["address"])
    earlier = Counter(line["reply"] for line in sorted(lines, key=lambda line: line["at"])[:-1])
    found.by_lie += earlier["451"]
    found.by_silence += earlier["dropped"]
    found.by_kill += earlier["250"]
    is_unmarked = earlier["250"] + earlier["dropped"] > row["uncertain_attempts"]
    is_untold = earlier["451"] > 0 and row["attempts"] < len(lines)
    if is_unmarked or is_untold:
        found.unexplained.append(row["address"])


def report(found: Verdict, *, kills: int, connections: int) -> str:
    statuses = ", ".join(f"{n} {status}" for status, n in sorted(found.by_status.items()))
    killed = kills * connections
    share = f"{found.by_kill / killed:.2f} a killed connection" if killed else "no kill"
    lines = [
        f"letters                 {found.letters} ({statuses})",
        f"accepted by the relay   {found.accepted}",
        f"lost                    {len(found.lost)}",
        f"unexplained duplicates  {len(found.unexplained)}",
        f"changed on a retry      {len(found.changed)}",
        f"wrong recipients        {len(found.wrong)}",
        f"possible duplicates     {found.by_kill} by {kills} kills of {connections} connections"
        f" each ({share}), {found.by_silence} where the relay took a letter and hung up,"
        f" {found.by_lie} where it took one and said 451",
    ]
    for name in ("lost", "unexplained", "changed", "wrong"):
        lines += [f"  {name}: {address}" for address in getattr(found, name)[:5]]
    return "\n".join(lines)
