"""A database that was put back from a backup believes that today's letters were never sent.

Two signs: this machine remembers a sender that the database does not know any more, or the
database has not felt a tick for days. Open editions are then held for the operator, who knows.
"""

from __future__ import annotations

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Max

from newsletter.models import Edition, Heartbeat, Sender, Throttle
from subscribers import notices

FAR = timedelta(days=3)  # without a tick and without a sender
KEY = "restored"  # a row of Throttle: filled_at is when the operator was last asked


def hold_if_restored(now: datetime, *, has_built: bool = False) -> str:
    """Hold every open edition where the database seems to come from a backup; returns why.

    A tick asks when it `has_built`, before it gives a sign of life: then also where a sender was
    the first to ask, and held only what was open at that time.
    """
    reason = _forgotten_sender() or _long_silence(now, answered=not has_built)
    if not reason:
        return ""
    _witness().unlink(missing_ok=True)
    Throttle.objects.update_or_create(key=KEY, defaults={"filled_at": now, "reason": reason})
    said = f"restored from a backup? {reason}; resume, or cancel what readers have already"
    Edition.objects.filter(status=Edition.Status.OPEN).update(
        status=Edition.Status.HELD, reason=said
    )
    notices.alert_operator("restored backup", f"Open editions are held: {said}.", now=now)
    return reason


def remember(sender: Sender) -> None:
    """Note outside the database who sent last from here."""
    path = _witness()
    draft = path.with_suffix(f".{os.getpid()}-{sender.pk}")
    draft.write_text(_words(sender))
    draft.replace(path)


def _forgotten_sender() -> str:
    try:
        remembered = _witness().read_text()
    except FileNotFoundError:
        return ""
    pk = remembered.partition(" ")[0]
    sender = Sender.objects.filter(pk=int(pk)).first() if pk.isdigit() else None
    if sender and _words(sender) == remembered:
        return ""
    if not Sender.objects.exists():
        return ""  # a new database: nobody was sent anything by it
    return f"the database knows nothing of sender {pk[:20]}, who sent from this machine"


def _long_silence(now: datetime, *, answered: bool) -> str:
    last_sender = Sender.objects.order_by("-pk").first()
    if last_sender is None:
        return ""
    others = [Heartbeat.objects.aggregate(at=Max("beat_at"))["at"]]
    if answered:
        others.append(Throttle.objects.filter(key=KEY).aggregate(at=Max("filled_at"))["at"])
    last = max([last_sender.started_at, *(at for at in others if at)])
    if now - last <= FAR:
        return ""
    return f"its last sign of life is of {last:%Y-%m-%d %H:%M} UTC"


def _words(sender: Sender) -> str:
    return f"{sender.pk} {sender.started_at.isoformat()}"


def _witness() -> Path:
    """A file of this machine and this database."""
    at = connection.settings_dict
    name = f"{at.get('HOST')}:{at.get('PORT')}/{at['NAME']}"
    return Path(settings.VAR_DIR) / f"last-sender-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
