"""Time zones by name: which exist, and which to offer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from zoneinfo import available_timezones

# Names in the database that are no place: what a machine says when nobody set it up.
NO_PLACE = frozenset({"Factory", "localtime", "posixrules"})


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Every name a browser may send, old spellings too."""
    return frozenset(available_timezones()) - NO_PLACE


@lru_cache(maxsize=1)
def offered() -> tuple[str, ...]:
    """One name for each place of IANA's zone.tab, and UTC: about 420."""
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    places = [line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")]
    return ("UTC", *sorted(set(places) & known()))


def by_region(names: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(region, [(name, city), …]) in the order given, for a select with headings."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        region, _, city = name.partition("/")
        regions.setdefault(region, []).append((name, (city or region).replace("_", " ")))
    return list(regions.items())
