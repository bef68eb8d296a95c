"""What the operator is written about, so that nobody has to watch the status page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from newsletter import providers, status, throttle
from newsletter.models import Heartbeat
from newsletter.status import Colour, Line
from subscribers import notices

ALERTS = "alerts"  # the heartbeat of the last look
LOOK_EVERY = timedelta(hours=1)
# A way out with so many faults in a row is no passing trouble: a login that is refused, say.
FAULTS = 5


def look(now: datetime) -> int:
    """Write to the operator of what has gone wrong and will not mend itself; how many letters.

    Looks once an hour; each matter is written of once a day. What holds an edition writes itself.
    """
    last = Heartbeat.objects.filter(name=ALERTS).first()
    if last is not None and now - last.beat_at < LOOK_EVERY:
        return 0
    status.beat(ALERTS, now=now)
    return sum(
        notices.alert_operator(f"{line.name} {line.word}", f"{line.facts}.", now=now)
        for line in _wrong(now)
    )


def _wrong(now: datetime) -> Iterator[Line]:
    lines = [*(status.source(name, now) for name in settings.SOURCES), status.queue(now)]
    yield from (line for line in lines if line.colour == Colour.RED)
    for key in [f"provider:{name}" for name in providers.names()] or ["relay"]:
        state = throttle.state(key, now=now)
        if state.failures >= FAULTS:
            facts = f"{state.failures} faults in a row, the last: {state.reason}"
            yield Line(key, Colour.RED, "takes no letters", facts)
