"""How large each paper of a letter is printed, and what goes where a letter grows too long."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.facts import EntryFacts
from newsletter.models import Entry

RISING = Entry.Section.RISING.value
LOOKS: dict[str, str] = {
    Entry.Section.TOP: "lead",
    Entry.Section.FOLLOWED: "full",
    Entry.Section.MORE: "full",
    Entry.Section.RISING: "compact",
    Entry.Section.OUTSIDE: "compact",
    Entry.Section.ALSO: "line",
}


def look_of(entry: EntryFacts) -> tuple[EntryFacts, str]:
    return entry, LOOKS[entry.section]


def squeezed(entries: Sequence[EntryFacts], steps: int) -> list[tuple[EntryFacts, str]]:
    """Entries with their look, made smaller by one item a step.

    First the short lines at the end go, then those that rose over the week, then full items become
    compact, the last first; the top pick stays as it is.
    """
    looks = list(map(look_of, entries))
    lines = [i for i, (_, look) in enumerate(looks) if look == "line"][::-1]
    risen = [i for i, entry in enumerate(entries) if entry.section == RISING][::-1]
    gone = set((lines + risen)[:steps])
    looks = [each for i, each in enumerate(looks) if i not in gone]
    steps -= len(gone)
    full = [i for i, (_, look) in enumerate(looks) if look == "full"][::-1][:steps]
    for place in full:
        looks[place] = (looks[place][0], "compact")
    return looks
