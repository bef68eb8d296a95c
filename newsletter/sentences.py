"""The sentences of a letter that are not about one paper, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from newsletter import wording
from newsletter.facts import Week
from newsletter.models import Digest, Edition, Entry
from papers import text
from subscribers.models import Subscriber

NAME_LONGEST = 40
# Around what is bold in the opening. Outside text has no control characters left: text.clean().
BOLD, PLAIN, ADDRESS = "\x02", "\x03", "\x04"


def bold_html(words: str) -> SafeString:
    html = str(conditional_escape(words))
    html = html.replace(BOLD, "<strong>").replace(PLAIN, "</strong>")
    return mark_safe(html)  # noqa: S308 - escaped above


def first_name(reader: Subscriber) -> str:
    return text.clean(reader.name).partition(" ")[0][:NAME_LONGEST]


def heading(template: str, count: int, name: str) -> str:
    """Three papers worth your time, Ada."""
    if template == "still_useful":
        line, named = gettext("Still useful?"), gettext("Still useful, %(name)s?")
    elif not count:
        line, named = gettext("A quiet stretch"), gettext("A quiet stretch, %(name)s")
    else:
        line = ngettext("%(n)s paper worth your time", "%(n)s papers worth your time", count)
        named = ngettext(
            "%(n)s paper worth your time, %(name)s",
            "%(n)s papers worth your time, %(name)s",
            count,
        )
    # A name with a percent sign must not be read as a format.
    return (named if name else line) % {"n": wording.number_word(count), "name": name}


def chosen_from(pool_size: int, topics: Sequence[str] = ()) -> str:
    """Chosen from 412 new papers in reinforcement learning and information retrieval."""
    if not pool_size:
        return ""
    if not topics:
        frame = ngettext("Chosen from %(n)s new paper.", "Chosen from %(n)s new papers.", pool_size)
        return frame % {"n": wording.number(pool_size)}
    frame = ngettext(
        "Chosen from %(n)s new paper in %(topics)s.",
        "Chosen from %(n)s new papers in %(topics)s.",
        pool_size,
    )
    return frame % {"n": wording.number(pool_size), "topics": wording.joined(topics)}


def read_in(minutes: int) -> str:
    frame = ngettext("About a %(n)s-minute read.", "About a %(n)s-minute read.", minutes)
    return frame % {"n": minutes}


def bold(name: str) -> str:
    return f"{BOLD}{text.clean(name)}{PLAIN}"


def around(kind: str) -> tuple[str, str]:
    """What a first or a catch-up letter says before and after the usual sentence."""
    if kind == Digest.Kind.FIRST:
        return (
            gettext("Welcome: these are the best of the last seven days."),
            gettext("Answer three of them and the next letter fits better."),
        )
    if kind == Digest.Kind.CATCH_UP:
        return gettext("A source was silent yesterday, so this letter covers both days."), ""
    return "", ""


def question(cadence: str) -> str:
    if cadence == Edition.Cadence.WEEKLY:
        return gettext("Was this week’s selection right for you?")
    return gettext("Was today’s selection right for you?")


def own_week(week: Week) -> str:
    """You saved 2 papers this week and asked for more like 1."""
    facts = {"saved": wording.number(week.saved), "liked": wording.number(week.liked)}
    if week.saved and week.liked:
        return (
            ngettext(
                "You saved %(saved)s paper this week and asked for more like %(liked)s.",
                "You saved %(saved)s papers this week and asked for more like %(liked)s.",
                week.saved,
            )
            % facts
        )
    if week.saved:
        frame = ngettext(
            "You saved %(saved)s paper this week.",
            "You saved %(saved)s papers this week.",
            week.saved,
        )
        return frame % facts
    if week.liked:
        frame = ngettext(
            "You asked for more like %(liked)s paper this week.",
            "You asked for more like %(liked)s papers this week.",
            week.liked,
        )
        return frame % facts
    return ""


def why_this_mail(cadence: str, weekdays: int, hour: int, zone: str) -> str:
    """With ADDRESS in place of the reader's."""
    if cadence == Subscriber.Cadence.WEEKLY:
        weekdays &= -weekdays
    return gettext(
        "You get this because %(address)s subscribed to %(site)s, %(days)s at %(time)s %(zone)s."
    ) % {
        "address": ADDRESS,
        "site": settings.SITE_NAME,
        "days": wording.weekdays(weekdays),
        "time": wording.clock(hour),
        "zone": zone,
    }


def section_heading(
    section: Entry.Section, group: str, count: int, weekly: bool
) -> tuple[str, str]:
    """What stands over a section, and the note at its other end."""
    if section == Entry.Section.TOP:
        note = gettext("Best match of the week") if weekly else gettext("Best match of the day")
        return gettext("Top pick"), note
    if section == Entry.Section.OUTSIDE:
        return gettext("Outside your topics"), gettext("One surprise")
    names = {
        Entry.Section.FOLLOWED: gettext("From people you follow"),
        Entry.Section.MORE: gettext("More for you"),
        Entry.Section.RISING: gettext("Rising over the week"),
        Entry.Section.ALSO: gettext("Also new in your topics"),
    }
    return group or names[section], wording.papers(count)


def public_heading(section: Entry.Section, group: str, count: int) -> tuple[str, str]:
    if section == Entry.Section.TOP:
        return gettext("Top paper"), ""
    return group or gettext("More papers"), wording.papers(count)
