"""Numbers, days and lists in words, in the language that is switched on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from functools import lru_cache

from django.utils import dateformat, formats
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext

from papers.dates import dated

WORDS_PER_MINUTE = 230  # adults read English prose silently at 238 (Brysbaert 2019); a little less

MILLIONS = 999_500  # from here on a short number counts millions


def number(value: int) -> str:
    """1234 as 1,234 or 1.234 or 1 234."""
    return str(formats.number_format(value, use_l10n=True, force_grouping=True))


def short_number(value: int) -> str:
    """1234 as 1.2k, 1234567 as 1.2M; below a thousand as it is."""
    if value < 1000:
        return str(value)
    if value < MILLIONS:
        thousands = value / 1000
        return pgettext("thousands, short", "%sk") % _tenths(thousands)
    return pgettext("millions, short", "%sM") % _tenths(value / 1_000_000)


def _tenths(value: float) -> str:
    tenths = round(value, 1)
    shown = int(tenths) if value >= 100 or tenths == int(tenths) else tenths
    return str(formats.number_format(shown, use_l10n=True))


def number_word(value: int) -> str:
    """The first word of a heading: Three; digits beyond nine."""
    words = {
        1: pgettext("how many papers, heading", "One"),
        2: pgettext("how many papers, heading", "Two"),
        3: pgettext("how many papers, heading", "Three"),
        4: pgettext("how many papers, heading", "Four"),
        5: pgettext("how many papers, heading", "Five"),
        6: pgettext("how many papers, heading", "Six"),
        7: pgettext("how many papers, heading", "Seven"),
        8: pgettext("how many papers, heading", "Eight"),
        9: pgettext("how many papers, heading", "Nine"),
    }
    return words.get(value) or number(value)


def joined(parts: Sequence[str]) -> str:
    """a; a and b; a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    first = pgettext("between the parts of a list", ", ").join(parts[:-1])
    return pgettext("end of a list", "%(first)s and %(last)s") % {
        "first": first,
        "last": parts[-1],
    }


def in_turn(*sentences: str) -> str:
    """Sentences one after the other, those that say something."""
    frame = pgettext("a sentence after another", "%(first)s %(second)s")
    said = [sentence for sentence in sentences if sentence]
    line = "".join(said[:1])
    for sentence in said[1:]:
        line = frame % {"first": line, "second": sentence}
    return line


def labelled(label: str, named: str) -> str:
    """Abstract: https://…; the label alone, with its sign, where nothing is named."""
    frame = _label(get_language() or "en")
    return (frame % {"label": label, "named": named}).rstrip()


@lru_cache(maxsize=64)
def _label(_language: str) -> str:
    """Of the language that is switched on; a letter needs it some ninety times."""
    return pgettext("a label before what it names", "%(label)s: %(named)s")


def long_date(day: date) -> str:
    """Friday 20 November 2026."""
    return dated(day, "l j F Y")


def day_and_month(day: date) -> str:
    """20 November."""
    return dated(day, "j F")


def clock(hour: int) -> str:
    return time(hour).strftime("%H:%M")


def age(days: int) -> str:
    """Since the first version; nothing for a date that lies ahead."""
    if days < 0:
        return ""
    if days == 0:
        return gettext("new today")
    if days < 60:
        return ngettext("%(n)s day old", "%(n)s days old", days) % {"n": number(days)}
    if days < 730:
        months = round(days / 30.4)
        return ngettext("%(n)s month old", "%(n)s months old", months) % {"n": number(months)}
    years = days // 365
    return ngettext("%(n)s year old", "%(n)s years old", years) % {"n": number(years)}


def stars(count: int) -> str:
    if count >= MILLIONS:
        frame = pgettext("behind millions, short", "%(n)s stars")
        return frame % {"n": short_number(count)}
    # From a thousand on the word goes with "thousand", which Arabic counts in its own way.
    frame = ngettext("%(n)s star", "%(n)s stars", min(count, 1000))
    return frame % {"n": short_number(count)}


def others(count: int) -> str:
    """The rest of a list of authors."""
    return npgettext("more authors", "and %(n)s other", "and %(n)s others", count) % {
        "n": number(count)
    }


def papers(count: int) -> str:
    return ngettext("%(n)s paper", "%(n)s papers", count) % {"n": number(count)}


def minutes(words: int) -> int:
    """Whole minutes to read so many words, at least one."""
    return max(1, -(-words // WORDS_PER_MINUTE))


def weekdays(mask: int) -> str:
    """The days of a bit mask, Monday is 1: every day; on weekdays; on Mondays and Fridays."""
    if mask & 0b1111111 == 0b1111111:
        return pgettext("when a letter comes", "every day")
    if mask & 0b1111111 == 0b0011111:
        return pgettext("when a letter comes", "on weekdays")
    monday = date(2024, 1, 1)
    each = pgettext("a weekday of every week, behind “on”", "%(day)ss")
    names = [
        each % {"day": dateformat.format(monday.replace(day=day + 1), "l")}
        for day in range(7)
        if mask & (1 << day)
    ]
    return pgettext("when a letter comes: names of weekdays", "on %s") % joined(names)
