"""The sentences of a letter that are not about one paper, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext, npgettext

from newsletter import wording
from newsletter.models import Digest, Edition, Entry
from papers import text
from subscribers import zones
from subscribers.models import Subscriber

NAME_LONGEST = 40
ANSWERS_WANTED = 3  # of the first letter
COMMA = re.compile("[,،，]")
HONORIFICS = frozenset({"dr", "prof", "mr", "mrs", "ms", "mx"})
DEGREES = frozenset({"phd", "md", "msc", "bsc", "jr", "sr", "ii", "iii"})  # behind a comma
# In the places of what is one reader's own. Outside text has no control characters: text.clean().
NAME, ADDRESS = "\x02", "\x03"
TOPICS = ("\x04", "\x05", "\x06")  # as many as the opening names
A_TOPIC = re.compile(f"[{''.join(TOPICS)}]")
HEADINGS: dict[str, str] = {
    Entry.Section.FOLLOWED: gettext_noop("From people you follow"),
    Entry.Section.MORE: gettext_noop("More for you"),
    Entry.Section.RISING: gettext_noop("Rising over the week"),
    Entry.Section.ALSO: gettext_noop("Also new in your topics"),
}


@lru_cache(maxsize=4096)
def first_name(name: str) -> str:
    """How a letter addresses its reader, at most NAME_LONGEST characters; empty without a name.

    "Dr. Ada Lovelace" and "Lovelace, Ada" are Ada; a title or degree that stands alone stays.
    """
    parts = [part.strip() for part in COMMA.split(text.clean(name)) if part.strip()]
    if not parts:
        return ""
    is_turned = len(parts) == 2 and parts[1].replace(".", "").casefold() not in DEGREES
    words = parts[is_turned].split(" ")
    while len(words) > 1 and words[0].rstrip(".").casefold() in HONORIFICS:
        del words[0]
    word = words[0]
    if word.rstrip(".").casefold() in HONORIFICS:
        word = word.rstrip(".")
    return word[:NAME_LONGEST]


def subject_without_papers(template: str) -> str:
    if template == "still_useful":
        return gettext("Is this letter still useful to you?")
    return gettext("Nothing new in your topics on three letter days")


def heading(template: str, count: int, named: bool) -> str:
    """Three papers worth your time, NAME."""
    if template == "still_useful":
        line, with_name = gettext("Still useful?"), gettext("Still useful, %(name)s?")
    elif not count:
        line, with_name = gettext("A quiet stretch"), gettext("A quiet stretch, %(name)s")
    else:
        line = ngettext("%(n)s paper worth your time", "%(n)s papers worth your time", count)
        with_name = ngettext(
            "%(n)s paper worth your time, %(name)s",
            "%(n)s papers worth your time, %(name)s",
            count,
        )
    return (with_name if named else line) % {"n": wording.number_word(count), "name": NAME}


def opening_without_papers(template: str) -> str:
    if template == "still_useful":
        return gettext("We have not heard from you for two months. Shall we go on?")
    return gettext(
        "On the last three days for which you asked for a letter, no paper has reached your "
        "topics. Wider or more topics would find some; if you like it quiet, there is nothing "
        "to do."
    )


def opening(
    kind: str, pool_size: int, minutes: int, topics: int, papers: int = 0, answerable: int = 0
) -> tuple[str, str, int]:
    """The sentences under the heading as text and as HTML, with %s in the places of the topics'
    names, and how many they are. Lists keep their order in every language.

    The last two are for a first letter: how many papers it has, and how many can be answered.
    """
    before, after = around(kind, papers, answerable)
    chosen = chosen_from(pool_size, TOPICS[:topics])
    words = wording.in_turn(before, chosen, read_in(minutes), after)
    plain, html = (A_TOPIC.sub("%s", each.replace("%", "%%")) for each in (words, escape(words)))
    return plain, html, len(A_TOPIC.findall(words))


def topic(name: str) -> tuple[str, str]:
    """As text and as HTML."""
    name = text.clean(name)
    return name, f"<strong>{escape(name)}</strong>"


def with_topics(
    frames: tuple[str, str, int], topics: Sequence[tuple[str, str]]
) -> tuple[str, SafeString]:
    """An opening, with as many names of topics as it has places for."""
    words, html, places = frames
    names, bold = zip(*topics[:places], strict=True) if places else ((), ())
    return words % names, SafeString(html % bold)


def chosen_from(pool_size: int, topics: Sequence[str] = ()) -> str:
    """Chosen from 412 new papers, for reinforcement learning and information retrieval."""
    if not pool_size:
        return ""
    if not topics:
        frame = ngettext("Chosen from %(n)s new paper.", "Chosen from %(n)s new papers.", pool_size)
        return frame % {"n": wording.number(pool_size)}
    frame = ngettext(
        "Chosen from %(n)s new paper, for %(topics)s.",
        "Chosen from %(n)s new papers, for %(topics)s.",
        pool_size,
    )
    return frame % {"n": wording.number(pool_size), "topics": wording.joined(topics)}


def read_in(minutes: int) -> str:
    frame = ngettext("About a %(n)s-minute read.", "About a %(n)s-minute read.", minutes)
    return frame % {"n": minutes}


def around(kind: str, papers: int = 0, answerable: int = 0) -> tuple[str, str]:
    """What a first or a catch-up letter says before and after the usual sentence."""
    if kind == Digest.Kind.FIRST:
        return welcome(papers), asks_for_answers(answerable)
    if kind == Digest.Kind.CATCH_UP:
        return gettext(
            "The sources were silent, so this letter also covers the days since your last one."
        ), ""
    return "", ""


def welcome(papers: int) -> str:
    if papers == 1:
        return gettext("Welcome: this is the best of the last seven days.")
    return gettext("Welcome: these are the best of the last seven days.")


def asks_for_answers(answerable: int) -> str:
    """Of a first letter; a surprise can only be followed."""
    if answerable >= ANSWERS_WANTED:
        return gettext("Answer three of them and the next letter fits better.")
    if answerable == 2:
        return gettext("Answer two of them and the next letter fits better.")
    if answerable:
        return gettext("Answer the top pick and the next letter fits better.")
    return ""


def since_sent(count: int) -> tuple[str, str]:
    return gettext("Since we sent it"), wording.papers(count)


def left_out(count: int) -> str:
    """Where a letter grew too long for a mail."""
    if not count:
        return ""
    frame = ngettext(
        "This letter is long: %(n)s more paper is in its copy on the web.",
        "This letter is long: %(n)s more papers are in its copy on the web.",
        count,
    )
    return frame % {"n": wording.number(count)}


def question(cadence: str) -> str:
    if cadence == Edition.Cadence.WEEKLY:
        return gettext("Was this week’s selection right for you?")
    return gettext("Was today’s selection right for you?")


def own_week(saved: int, liked: int) -> str:
    """You saved 2 papers this week and asked for more like 1."""
    facts = {"saved": wording.number(saved), "liked": wording.number(liked)}
    if saved and liked:
        more = npgettext(
            "what a reader did this week, behind “and”",
            "asked for more like %(n)s",
            "asked for more like %(n)s",
            liked,
        )
        frame = ngettext(
            "You saved %(saved)s paper this week and %(more)s.",
            "You saved %(saved)s papers this week and %(more)s.",
            saved,
        )
        return frame % {"saved": facts["saved"], "more": more % {"n": facts["liked"]}}
    if saved:
        frame = ngettext(
            "You saved %(saved)s paper this week.",
            "You saved %(saved)s papers this week.",
            saved,
        )
        return frame % facts
    if liked:
        frame = ngettext(
            "You asked for more like %(liked)s paper this week.",
            "You asked for more like %(liked)s papers this week.",
            liked,
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
        "zone": zones.city(zones.or_utc(zone)),
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
    return group or gettext(HEADINGS[section]), wording.papers(count)


def public_heading(section: Entry.Section, group: str, count: int) -> tuple[str, str]:
    if section == Entry.Section.TOP:
        return gettext("Top paper"), ""
    return group or gettext("More papers"), wording.papers(count)
