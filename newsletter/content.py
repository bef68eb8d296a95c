"""The finished values a letter prints, in the reader's language; templates loop and print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils import translation
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from newsletter import reasons, subjects, wording
from newsletter.facts import Copy, EntryFacts, PaperFacts
from newsletter.items import Item, make_item
from newsletter.models import Digest, Edition, Entry
from papers import text
from subscribers import links
from subscribers.models import Subscriber

NAME_LONGEST = 40
TOPICS_SHOWN = 3

LOOKS = {
    Entry.Section.TOP: "lead",
    Entry.Section.FOLLOWED: "full",
    Entry.Section.MORE: "full",
    Entry.Section.RISING: "full",
    Entry.Section.OUTSIDE: "compact",
    Entry.Section.ALSO: "line",
}
ORDER = (
    Entry.Section.TOP,
    Entry.Section.FOLLOWED,
    Entry.Section.MORE,
    Entry.Section.RISING,
    Entry.Section.OUTSIDE,
    Entry.Section.ALSO,
)
TEMPLATES = {
    Digest.Kind.FIRST: "first",
    Digest.Kind.QUIET: "quiet",
    Digest.Kind.STILL_USEFUL: "still_useful",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An item in its place in one letter."""

    number: int
    item: Item
    why: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    note: str
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """One reader's letter; every number in it was counted."""

    template: str  # digest, weekly, first, quiet, still_useful
    digest_id: int
    language: str
    direction: str
    token: str  # of the copy on the web; also in the feedback links
    subject: str
    preheader: str
    date: str
    heading: str
    opening: str
    opening_html: SafeString
    sections: tuple[Section, ...]
    question: str
    why_this_mail: str
    preferences_url: str
    pause_url: str
    unsubscribe_url: str

    @property
    def view_url(self) -> str:
        return f"{settings.SITE_URL}/l/{self.token}"

    @property
    def feedback_url(self) -> str:
        return f"{settings.SITE_URL}/f/{self.token}"

    @property
    def votes_url(self) -> str:
        return f"{settings.SITE_URL}/e/{self.token}"

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(shown.item.title for section in self.sections for shown in section.shown)


class Layout:
    """Lays out letters of one edition in one language; keeps the items that readers share.

    Use it with that language switched on.
    """

    def __init__(self, papers: Mapping[int, PaperFacts], *, on: date) -> None:
        self.papers = papers
        self.on = on
        self.language = translation.get_language() or "en"
        self.direction = "rtl" if translation.get_language_bidi() else "ltr"
        self._items: dict[tuple[object, ...], Item] = {}

    def letter(self, copy: Copy, *, squeeze: int = 0) -> Letter:
        """The letter of `copy`; each step of `squeeze` makes it smaller by one item.

        A paper that is gone from the tables is left out. Raises LookupError where nothing is left
        of a letter that lists papers.
        """
        digest, reader = copy.digest, copy.digest.subscriber
        sections = self.sections(copy, squeeze=squeeze)
        shown = [each for section in sections for each in section.shown]
        template = TEMPLATES.get(Digest.Kind(digest.kind)) or _regular(digest)
        if not shown and template not in {"quiet", "still_useful"}:
            raise LookupError("none of its papers exists any more")
        subject, preheader = self.envelope(copy, template, shown)
        opening = self.opening(copy, template, shown)
        plain = opening.replace(BOLD, "").replace(PLAIN, "")
        return Letter(
            template=template,
            digest_id=digest.pk,
            language=self.language,
            direction=self.direction,
            token=digest.view_token,
            subject=subject,
            preheader=preheader or plain,
            date=wording.long_date(self.on),
            heading=heading(template, len(shown), first_name(reader)),
            opening=plain,
            opening_html=bold_html(opening),
            sections=sections,
            question=_question(digest),
            why_this_mail=why_this_mail(reader),
            preferences_url=links.preferences_url(reader),
            pause_url=links.pause_url(reader),
            unsubscribe_url=links.unsubscribe_url(reader),
        )

    # Sections and items

    def sections(self, copy: Copy, *, squeeze: int = 0) -> tuple[Section, ...]:
        weekly = copy.digest.edition.cadence == Edition.Cadence.WEEKLY
        placed: dict[tuple[int, str], list[tuple[EntryFacts, str]]] = {}
        for entry, look in squeezed(copy.entries, squeeze):
            if entry.paper_id not in self.papers:
                continue
            group = ""
            if weekly and entry.section == Entry.Section.MORE:
                group = _topic_of(entry) or self.papers[entry.paper_id].topic
            key = (ORDER.index(Entry.Section(entry.section)), group)
            placed.setdefault(key, []).append((entry, look))
        sections, number = [], 0
        for (order, group), entries in sorted(placed.items(), key=lambda item: item[0][0]):
            shown = []
            for entry, look in entries:
                number += 1
                why = "" if look == "line" else reasons.sentence(entry.reasons)
                shown.append(Shown(number, self.item(copy, entry, look), why))
            name, note = _heading(ORDER[order], group, len(shown), weekly=weekly)
            sections.append(Section(name, note, tuple(shown)))
        return tuple(sections)

    def item(self, copy: Copy, entry: EntryFacts, look: str) -> Item:
        paper = self.papers[entry.paper_id]
        followed = frozenset(id for id, _ in paper.authors) & copy.followed
        topic = _topic_of(entry) or paper.topic
        outside = entry.section == Entry.Section.OUTSIDE and bool(topic)
        summaries = copy.digest.subscriber.summaries
        key = (paper.id, look, topic, followed, outside, summaries)
        if key not in self._items:
            self._items[key] = make_item(
                paper,
                look,
                topic=topic,
                followed=followed,
                outside=outside,
                summaries=summaries,
                on=self.on,
            )
        return self._items[key]

    # The lines above them

    def envelope(self, copy: Copy, template: str, shown: Sequence[Shown]) -> tuple[str, str]:
        """Subject and preheader; the latter is empty where the opening says it best."""
        if template == "still_useful":
            return gettext("Is this letter still useful to you?"), ""
        if not shown:
            return gettext("Nothing new in your topics for three days"), ""
        top = shown[0].item
        entry = next(e for e in copy.entries if e.paper_id == top.paper_id)
        author = next((a.name for a in top.authors if a.followed), "")
        more = len(shown) - 1
        if template == "weekly":
            subject = subjects.weekly(top.title, more)
        elif author and _led_by_author(entry):
            subject = subjects.followed(author, top.title)
        else:
            subject = subjects.daily(top.title, more)
        surprise = next((s.item.title for s in shown if "follow" in dict(s.item.actions)), "")
        titles = [s.item.title for s in shown[1:] if s.item.title != surprise]
        return subject, subjects.preheader(titles, surprise, chosen_from(copy.digest.pool_size))

    def opening(self, copy: Copy, template: str, shown: Sequence[Shown]) -> str:
        """The sentences under the heading, the topics between BOLD and PLAIN."""
        digest = copy.digest
        if template == "still_useful":
            return gettext(
                "You have not opened a page or answered a letter for two months. Shall we go on?"
            )
        if template == "quiet":
            return gettext(
                "No paper has reached your topics for three days. Wider or more topics would "
                "find some; if you like it quiet, there is nothing to do."
            )
        topics = [f"{BOLD}{text.clean(name)}{PLAIN}" for name in copy.topics[:TOPICS_SHOWN]]
        minutes = wording.minutes(sum(each.item.words for each in shown))
        before, after = _around(digest)
        return " ".join(
            filter(None, (before, chosen_from(digest.pool_size, topics), _read(minutes), after))
        )


def bold_html(words: str) -> SafeString:
    html = str(conditional_escape(words))
    html = html.replace(BOLD, "<strong>").replace(PLAIN, "</strong>")
    return mark_safe(html)  # noqa: S308 - escaped above


# Around what is bold in the opening. Outside text has no control characters left: text.clean().
BOLD, PLAIN = "\x02", "\x03"


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


def _read(minutes: int) -> str:
    frame = ngettext("About a %(n)s-minute read.", "About a %(n)s-minute read.", minutes)
    return frame % {"n": minutes}


def _around(digest: Digest) -> tuple[str, str]:
    """What a first or a catch-up letter says before and after the usual sentence."""
    if digest.kind == Digest.Kind.FIRST:
        return (
            gettext("Welcome: these are the best of the last seven days."),
            gettext("Answer three of them and the next letter fits better."),
        )
    if digest.kind == Digest.Kind.CATCH_UP:
        return gettext("A source was silent yesterday, so this letter covers both days."), ""
    return "", ""


def _regular(digest: Digest) -> str:
    return "weekly" if digest.edition.cadence == Edition.Cadence.WEEKLY else "digest"


def _question(digest: Digest) -> str:
    if digest.edition.cadence == Edition.Cadence.WEEKLY:
        return gettext("Was this week’s selection right for you?")
    return gettext("Was today’s selection right for you?")


def why_this_mail(reader: Subscriber) -> str:
    facts = {
        "address": reader.email,
        "site": settings.SITE_NAME,
        "time": wording.clock(reader.hour),
        "zone": reader.timezone,
    }
    if reader.cadence == Subscriber.Cadence.WEEKLY:
        lowest = reader.weekdays & -reader.weekdays
        facts["days"] = wording.weekdays(lowest)
    else:
        facts["days"] = wording.weekdays(reader.weekdays)
    return (
        gettext(
            "You get this because %(address)s subscribed to %(site)s, "
            "%(days)s at %(time)s %(zone)s."
        )
        % facts
    )


def _heading(section: Entry.Section, group: str, count: int, *, weekly: bool) -> tuple[str, str]:
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


def squeezed(entries: Sequence[EntryFacts], steps: int) -> list[tuple[EntryFacts, str]]:
    """Entries with their look, made smaller by one item a step.

    First the short lines at the end go, then full items become compact, the last first; the top
    pick stays as it is.
    """
    looks = [(entry, LOOKS[Entry.Section(entry.section)]) for entry in entries]
    for place in [i for i, (_, look) in enumerate(looks) if look == "line"][::-1][:steps]:
        del looks[place]
        steps -= 1
    full = [i for i, (_, look) in enumerate(looks) if look == "full"][::-1][:steps]
    for place in full:
        looks[place] = (looks[place][0], "compact")
    return looks


def _topic_of(entry: EntryFacts) -> str:
    """The topic that matched, as its strongest reason names it."""
    for reason in entry.reasons:
        if reason.get("kind") in {"topic", "exploration"} and reason.get("topic"):
            return str(reason["topic"])
    return ""


def _led_by_author(entry: EntryFacts) -> bool:
    return bool(entry.reasons) and entry.reasons[0].get("kind") == "author"
