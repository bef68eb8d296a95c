"""The look of letters at an instant: what an operator set, as plain values."""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils import timezone

from newsletter.models import LookVersion
from subscribers.engine import PREFIX
from subscribers.look import DARK, LIGHT, SHIPPED, Look, with_accent

logger = logging.getLogger(__name__)


def current() -> Look:
    version = latest()
    return look_of(version) if version else SHIPPED


def latest() -> LookVersion | None:
    return LookVersion.objects.first()


class Looks:
    """All there were; the same objects until there is a new one."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._versions: list[tuple[datetime, Look]] = []

    def refresh(self) -> Looks:
        newest = LookVersion.objects.values_list("pk", flat=True).first()
        if newest != self._newest:
            self._newest = newest
            self._versions = [(row.created_at, look_of(row)) for row in LookVersion.objects.all()]
        return self

    def at(self, instant: datetime) -> Look:
        return next((look for since, look in self._versions if since <= instant), SHIPPED)


def look_of(row: LookVersion) -> Look:
    try:
        light, dark = with_accent(row.accent, row.accent_dark) if row.accent else (LIGHT, DARK)
    except ValueError as error:
        # Readable once, by other backgrounds or a looser rule; letters go out all the same.
        logger.error("the accent colour of %s is not used: %s", row, error)
        light, dark = LIGHT, DARK
    templates = tuple((PREFIX + name, text) for name, text in sorted(row.templates.items()))
    return Look(row.masthead, light, dark, row.intro, row.footer, templates)


def with_template(row: LookVersion | None, name: str, text: str) -> LookVersion:
    """A new version, not saved, with another text for a template; "" is the shipped one."""
    new = again(row)
    new.templates = {**new.templates, name: text}
    if not text:
        del new.templates[name]
    return new


def again(row: LookVersion | None) -> LookVersion:
    """A new version, not saved, that says what `row` says."""
    if row is None:
        return LookVersion(created_at=timezone.now())
    return LookVersion(
        created_at=timezone.now(),
        masthead=row.masthead,
        accent=row.accent,
        accent_dark=row.accent_dark,
        intro=row.intro,
        footer=row.footer,
        templates=dict(row.templates),
    )
