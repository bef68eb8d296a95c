"""The house that the senders work for, as seen before and after: the database of the environment.

python -m benchmarks.chaos.house fill --readers 20000 prints the addresses of all letters built;
python -m benchmarks.chaos.house tell prints the edition's state and then a line for each digest.
"""

from __future__ import annotations

import argparse
import json
from io import StringIO

import django
from django.core.management import call_command
from django.utils import timezone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("do", choices=["fill", "tell"])
    parser.add_argument("--readers", type=int, default=1500)
    parser.add_argument("--papers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    django.setup()
    if options.do == "fill":
        fill(options.readers, options.papers, options.seed)
    else:
        tell()


def fill(readers: int, papers: int, seed: int) -> None:
    from benchmarks import build
    from newsletter.models import Digest
    from subscribers.models import Subscriber

    now = timezone.now()
    call_command("migrate", verbosity=0, interactive=False)
    build.fill(readers, papers, seed, now)
    # Nobody is due on the days that the clock is put forward to.
    Subscriber.objects.update(weekdays=1 << now.weekday())
    call_command("tick", no_send=True, stdout=StringIO())
    pending = Digest.objects.filter(status=Digest.Status.PENDING)
    print(json.dumps(list(pending.values_list("subscriber__email", flat=True))))


def tell() -> None:
    from newsletter.models import Edition

    edition = Edition.objects.get()
    print(json.dumps([edition.status, edition.reason, edition.counts]))
    call_command("export_deliveries")


if __name__ == "__main__":
    main()
