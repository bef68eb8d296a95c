"""Time zones by name: which exist, and which to offer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from zoneinfo import available_timezones

from django.utils.translation import gettext_lazy as _

# Names in the database that are no place: what a machine says when nobody set it up.
NO_PLACE = frozenset({"Factory", "localtime", "posixrules"})

# The first parts of IANA's names.
REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Every name a browser may send, old spellings too."""
    return frozenset(available_timezones()) - NO_PLACE


def or_utc(name: str) -> str:
    """A reader's zone; UTC for one that the clock's tables do not know (any more)."""
    return name if name in known() else "UTC"


@lru_cache(maxsize=1)
def offered() -> tuple[str, ...]:
    """One name for each place of IANA's zone.tab, and UTC: about 420."""
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    places = [line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")]
    return ("UTC", *sorted(set(places) & known()))


def city(name: str) -> str:
    """Asia/Ho_Chi_Minh as Ho Chi Minh: what a reader calls their time."""
    return name.rpartition("/")[2].replace("_", " ")


def by_region(names: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(region, [(name, city), …]) in the order given, for a select with headings.

    Cities keep the spelling of the database, which has no other.
    """
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        region, _, city = name.partition("/")
        regions.setdefault(region, []).append((name, (city or region).replace("_", " ")))
    return [(str(REGIONS.get(region, region)), cities) for region, cities in regions.items()]
