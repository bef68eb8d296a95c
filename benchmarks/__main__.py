"""`make bench`: every measurement one after the other, each a ratio against its own baseline."""

from __future__ import annotations

import os
import subprocess
import sys
import time

# Each runs in a process of its own, because each makes a database of its own.
MEASUREMENTS = (
    ("Printing letters: the press against the plain render", "letter", []),
    ("Building digests: choosing and writing", "build", []),
    ("Choosing: in batches against one reader at a time", "choosing", ["--readers", "4000"]),
    ("Sending: an edition against a plain loop", "send", ["--readers", "4000", "--sample", "120"]),
    ("Ingest: a file for the first and the second time", "ingest", []),
    ("Chaos: nothing lost while everything breaks", "chaos", ["--short"]),
)


def main() -> int:
    failed = []
    for title, module, arguments in MEASUREMENTS:
        load = os.getloadavg()[0]
        print(f"\n== {title} (python -m benchmarks.{module}; load {load:.1f})", flush=True)
        began = time.monotonic()
        code = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{module}", *arguments], check=False
        ).returncode
        if code:
            failed.append(module)
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
