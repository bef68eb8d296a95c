"""The finished values a letter prints, in the reader's language; templates loop and print them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import itemgetter
from typing import Any, TypeVar

from django.conf import settings
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from newsletter import reasons, sentences, subjects, wording
from newsletter.facts import Copy, EntryFacts, PaperFacts
from newsletter.items import Item, make_item, make_update
from newsletter.models import Digest, Edition, Entry
from subscribers import links

PREHEADER_FROM = 4  # titles; a line has no room for more
ITEMS_MOST = 20_000
MADE_MOST = 100_000  # sentences kept for the letters to come

T = TypeVar("T")
TOPICS_SHOWN = 3

LOOKS: dict[str, str] = {
    Entry.Section.TOP: "lead",
    Entry.Section.FOLLOWED: "full",
    Entry.Section.MORE: "full",
    Entry.Section.RISING: "full",
    Entry.Section.OUTSIDE: "compact",
    Entry.Section.ALSO: "line",
}
SECTIONS = (
    Entry.Section.TOP,
    Entry.Section.FOLLOWED,
    Entry.Section.MORE,
    Entry.Section.RISING,
    Entry.Section.OUTSIDE,
    Entry.Section.ALSO,
)
ORDER: dict[str, int] = {section: place for place, section in enumerate(SECTIONS)}
TEMPLATES: dict[str, str] = {
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
    own_week: str  # weekly only
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
        self.is_public = False
        self._items: dict[tuple[object, ...], tuple[Item, str]] = {}
        self._made: dict[tuple[object, ...], Any] = {}

    def once(self, make: Callable[..., T], *values: Hashable) -> T:
        """`make(*values)`, made once for all letters that share these values."""
        known = (make, values)
        if known not in self._made:
            if len(self._made) > MADE_MOST:
                self._made.clear()
            self._made[known] = make(*values)
        made: T = self._made[known]
        return made

    def letter(self, copy: Copy, *, squeeze: int = 0) -> Letter:
        """The letter of `copy`; each step of `squeeze` makes it smaller by one item.

        A paper that is gone from the tables is left out. Raises LookupError where nothing is left
        of a letter that lists papers.
        """
        digest, reader = copy.digest, copy.digest.subscriber
        sections = self.sections(copy, squeeze=squeeze)
        shown = [each for section in sections for each in section.shown]
        lines = sum(LOOKS[entry.section] == "line" for entry in copy.entries)
        news = self.since_sent(copy, after=len(shown)) if squeeze <= lines else ()
        template = TEMPLATES.get(digest.kind) or _regular(digest)
        if not shown and template not in {"quiet", "still_useful"}:
            raise LookupError("none of its papers exists any more")
        subject, preheader = self.envelope(copy, template, shown)
        opening = self.opening(copy, template, shown)
        plain = opening.replace(sentences.BOLD, "").replace(sentences.PLAIN, "")
        return Letter(
            template=template,
            digest_id=digest.pk,
            language=self.language,
            direction=self.direction,
            token=digest.view_token,
            subject=subject,
            preheader=preheader or plain,
            date=self.once(wording.long_date, self.on),
            heading=self.once(
                sentences.heading, template, len(shown), sentences.first_name(reader)
            ),
            opening=plain,
            opening_html=sentences.bold_html(opening),
            sections=(*sections, *news),
            own_week=self.once(sentences.own_week, copy.week),
            question=self.once(sentences.question, digest.edition.cadence),
            why_this_mail=self.once(
                sentences.why_this_mail,
                reader.cadence,
                reader.weekdays,
                reader.hour,
                reader.timezone,
            ).replace(sentences.ADDRESS, reader.email),
            preferences_url=links.preferences_url(reader),
            pause_url=links.pause_url(reader),
            unsubscribe_url=links.unsubscribe_url(reader),
        )

    def sample(self, copy: Copy) -> Letter:
        """The letter for everybody: no name, no reasons, no links that are one reader's own."""
        self.is_public = True
        sections = self.sections(copy)
        shown = [each for section in sections for each in section.shown]
        if not shown:
            raise LookupError("no papers")
        top, more = shown[0].item, len(shown) - 1
        minutes = wording.minutes(sum(each.item.words for each in shown))
        opening = " ".join(
            (sentences.chosen_from(copy.digest.pool_size), sentences.read_in(minutes))
        )
        is_weekly = _regular(copy.digest) == "weekly"
        return Letter(
            template="sample",
            digest_id=0,
            language=self.language,
            direction=self.direction,
            token="",
            subject=(subjects.weekly if is_weekly else subjects.daily)(top.title, more),
            preheader="",
            date=wording.long_date(self.on),
            heading=sentences.heading("sample", len(shown), ""),
            opening=opening,
            opening_html=sentences.bold_html(opening),
            sections=sections,
            own_week="",
            question="",
            why_this_mail="",
            preferences_url="",
            pause_url="",
            unsubscribe_url="",
        )

    # Sections and items

    def sections(self, copy: Copy, *, squeeze: int = 0) -> tuple[Section, ...]:
        weekly = copy.digest.edition.cadence == Edition.Cadence.WEEKLY
        placed: dict[tuple[int, str], list[tuple[Item, str]]] = {}
        for entry, look in squeezed(copy.entries, squeeze):
            if entry.paper_id not in self.papers:
                continue
            item, why = self.item(copy, entry, look)
            group = item.topic if weekly and entry.section == Entry.Section.MORE else ""
            placed.setdefault((ORDER[entry.section], group), []).append((item, why))
        sections, number = [], 0
        # Groups of one section stay in the order of their strongest papers.
        for order, group in sorted(placed, key=itemgetter(0)):
            items = placed[order, group]
            shown = tuple(
                Shown(place, item, why) for place, (item, why) in enumerate(items, number + 1)
            )
            number += len(shown)
            name, note = self.once(
                sentences.section_heading, SECTIONS[order], group, len(shown), weekly
            )
            if self.is_public:
                name, note = sentences.public_heading(SECTIONS[order], group, len(shown))
            sections.append(Section(name, note, shown))
        return tuple(sections)

    def item(self, copy: Copy, entry: EntryFacts, look: str) -> tuple[Item, str]:
        """The paper as it is printed, and why it is there; made once for all who share both."""
        paper = self.papers[entry.paper_id]
        followed: frozenset[int] = frozenset()
        if copy.followed:
            followed = copy.followed.intersection(id for id, _ in paper.authors)
        summaries = copy.digest.subscriber.summaries
        known = (paper.id, look, entry.section, entry.key, followed, summaries)
        if known in self._items and entry.key:
            return self._items[known]
        topic = _topic_of(entry) or paper.topic
        item = make_item(
            paper,
            look,
            topic=topic,
            followed=followed,
            outside=entry.section == Entry.Section.OUTSIDE and bool(topic),
            summaries=summaries,
            on=self.on,
        )
        if self.is_public:
            item = replace(item, actions=())
        why = "" if look == "line" else reasons.sentence(entry.reasons)
        if len(self._items) >= ITEMS_MOST:
            self._items.clear()
        self._items[known] = item, why
        return item, why

    def since_sent(self, copy: Copy, *, after: int) -> tuple[Section, ...]:
        """What befell papers that this reader had before; numbered on, counted nowhere."""
        made = [
            self.once(self._update, update["paper"], str(update["kind"]), str(update["detail"]))
            for update in copy.digest.updates
            if update["paper"] in self.papers
        ]
        told = [item for item in made if item is not None]
        if not told:
            return ()
        shown = tuple(Shown(number, item) for number, item in enumerate(told, after + 1))
        return (Section(gettext("Since we sent it"), wording.papers(len(told)), shown),)

    def _update(self, paper_id: int, kind: str, detail: str) -> Item | None:
        return make_update(self.papers[paper_id], kind, detail)

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
            subject = self.once(subjects.weekly, top.title, more)
        elif author and _led_by_author(entry):
            subject = self.once(subjects.followed, author, top.title)
        else:
            subject = self.once(subjects.daily, top.title, more)
        surprise = next((s.item.title for s in shown if s.item.is_surprise), "")
        titles = tuple(s.item.title for s in shown[1:] if s.item.title != surprise)[:PREHEADER_FROM]
        otherwise = self.once(sentences.chosen_from, copy.digest.pool_size)
        return subject, self.once(subjects.preheader, titles, surprise, otherwise)

    def opening(self, copy: Copy, template: str, shown: Sequence[Shown]) -> str:
        """The sentences under the heading; topics stand between BOLD and PLAIN."""
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
        topics = tuple(self.once(sentences.bold, name) for name in copy.topics[:TOPICS_SHOWN])
        minutes = wording.minutes(sum(each.item.words for each in shown))
        before, after = self.once(sentences.around, digest.kind)
        chosen = self.once(sentences.chosen_from, digest.pool_size, topics)
        return " ".join(
            filter(None, (before, chosen, self.once(sentences.read_in, minutes), after))
        )


def _regular(digest: Digest) -> str:
    return "weekly" if digest.edition.cadence == Edition.Cadence.WEEKLY else "digest"


def squeezed(entries: Sequence[EntryFacts], steps: int) -> list[tuple[EntryFacts, str]]:
    """Entries with their look, made smaller by one item a step.

    First the short lines at the end go, then full items become compact, the last first; the top
    pick stays as it is.
    """
    looks = [(entry, LOOKS[entry.section]) for entry in entries]
    if not steps:
        return looks
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
