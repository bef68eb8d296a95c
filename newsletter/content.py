"""The finished values a letter prints, in the reader's language; templates loop and print them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.html import escape
from django.utils.safestring import SafeString

from newsletter import reasons, sentences, subjects, wording
from newsletter.facts import Copy, EntryFacts, PaperFacts, change_told
from newsletter.items import Finished, Placed, Section, Shown, make_item, make_update
from newsletter.models import Digest, Edition, Entry
from newsletter.said import Said, kept
from newsletter.sizes import LOOKS, squeezed
from subscribers import links

PREHEADER_FROM = 4  # titles; a line has no room for more
ITEMS_MOST = 20_000

NOBODY: frozenset[int] = frozenset()
# As the tables have them: quicker than asking the enumeration with every paper.
WEEKLY = Edition.Cadence.WEEKLY.value
TOP, FOLLOWED = Entry.Section.TOP.value, Entry.Section.FOLLOWED.value
MORE = Entry.Section.MORE.value

# What a paper as it is printed is found by: its entry, where that says all; else also its look and
# those of its authors whom the reader follows.
Known = EntryFacts | tuple[EntryFacts, str, frozenset[int]]
Shelf = dict[Known, Placed]

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


@dataclass(slots=True)  # not frozen, which would cost a twentieth of the press's time
class Letter(Finished):
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
    left_out: str  # how many papers only its copy on the web has
    own_week: str  # weekly only
    question: str
    why: str  # this mail, with ADDRESS in place of the reader's
    address: str
    preferences_url: str
    pause_url: str
    unsubscribe_url: str

    @property
    def why_this_mail(self) -> str:
        # Stand-ins have no such place and stay what they are.
        if sentences.ADDRESS not in self.why:
            return self.why
        return self.why.replace(sentences.ADDRESS, self.address)

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

    Without `language` it works in the one that is switched on. With it, the layout switches by
    itself, and only for what it has not said before: that would cost as much as half a letter.
    """

    def __init__(self, papers: Mapping[int, PaperFacts], *, on: date, language: str = "") -> None:
        self.papers = papers
        self.on = on
        self.speaking: Callable[[], AbstractContextManager[Any]] = nullcontext
        if language:
            self.speaking = partial(translation.override, language)
        with self.speaking():
            self.language = translation.get_language() or "en"
            self.direction = "rtl" if translation.get_language_bidi() else "ltr"
            self.date = wording.long_date(on)
        self.links = links.OfLetters()
        self.is_public = False
        # By how long summaries are wanted, and whether the letter is a weekly one.
        self._items: dict[tuple[str, bool], Shelf] = {}
        self.said = Said(self.speaking)
        self._arranged = kept(self._new_arrangement, self.speaking)
        self._update = kept(self._new_update, self.speaking)

    def letter(self, copy: Copy, *, squeeze: int = 0) -> Letter:
        """The letter of `copy`; each step of `squeeze` makes it smaller by one item.

        A paper that is gone from the tables is left out. Raises LookupError where nothing is left
        of a letter that lists papers.
        """
        digest = copy.digest
        reader, edition = copy.reader, copy.edition
        sections, shown = self.sections(copy, squeeze=squeeze)
        template = TEMPLATES.get(digest.kind) or _regular(edition)
        if not shown and template not in {"quiet", "still_useful"}:
            raise LookupError("none of its papers exists any more")
        opening, opening_html = self.opening(copy, template, shown)
        subject, preheader = self.envelope(copy, template, shown, opening)
        if digest.updates:
            sections += self.since_sent(copy, after=len(shown), squeeze=squeeze)
        left_out = ""
        if squeeze:
            whole = (*self.sections(copy)[0], *self.since_sent(copy, after=0, squeeze=0))
            count = sum(len(s.shown) for s in whole) - sum(len(s.shown) for s in sections)
            left_out = self.said.left_out(count)
        own_week, question, why = self.said.lasting(
            copy.week.saved,
            copy.week.liked,
            edition.cadence,
            reader.cadence,
            reader.weekdays,
            reader.hour,
            reader.timezone,
        )
        name = sentences.first_name(reader.name)
        preferences_url, pause_url, unsubscribe_url = self.links.of(reader)
        return Letter(
            template=template,
            digest_id=digest.pk,
            language=self.language,
            direction=self.direction,
            token=digest.view_token,
            subject=subject,
            preheader=preheader,
            date=self.date,
            heading=self.said.heading(template, len(shown), bool(name)).replace(
                sentences.NAME, name
            ),
            opening=opening,
            opening_html=opening_html,
            sections=sections,
            left_out=left_out,
            own_week=own_week,
            question=question,
            why=why,
            address=reader.email,
            preferences_url=preferences_url,
            pause_url=pause_url,
            unsubscribe_url=unsubscribe_url,
        )

    def sample(self, copy: Copy) -> Letter:
        """The letter for everybody: no name, no reasons, no links that are one reader's own."""
        self.is_public = True
        sections, shown = self.sections(copy)
        if not shown:
            raise LookupError("no papers")
        top, more = shown[0].item, len(shown) - 1
        minutes = wording.minutes(sum(each.item.words for each in shown))
        opening = wording.in_turn(
            sentences.chosen_from(copy.digest.pool_size), sentences.read_in(minutes)
        )
        is_weekly = _regular(copy.edition) == "weekly"
        return Letter(
            template="sample",
            digest_id=0,
            language=self.language,
            direction=self.direction,
            token="",
            subject=(subjects.weekly if is_weekly else subjects.daily)(top.title, more),
            preheader="",
            date=self.date,
            heading=sentences.heading("sample", len(shown), False),
            opening=opening,
            opening_html=escape(opening),
            sections=sections,
            left_out="",
            own_week="",
            question="",
            why="",
            address="",
            preferences_url="",
            pause_url="",
            unsubscribe_url="",
        )

    # Sections and items

    def sections(self, copy: Copy, *, squeeze: int = 0) -> tuple[tuple[Section, ...], list[Shown]]:
        """The sections, and their papers one after another."""
        weekly = copy.edition.cadence == WEEKLY
        placed = self._papers(copy, squeeze, weekly)
        order, sections = self._arranged(tuple([each.place for each in placed]), weekly)
        shown = [placed[place][number] for number, place in order]
        return tuple([
            Section(heading, note, shown[start:end]) for heading, note, start, end in sections
        ]), shown  # fmt: skip

    def _papers(self, copy: Copy, squeeze: int, weekly: bool) -> list[Placed]:
        """Those of its entries whose papers are still there, in the order given."""
        summaries, followed = copy.reader.summaries, copy.followed
        shelf = self._items.setdefault((summaries, weekly), {})
        known: Sequence[Known] = copy.entries
        if squeeze or followed:
            known = [
                (entry, look, self._followed(entry.paper_id, followed))
                for entry, look in squeezed(copy.entries, squeeze)
            ]
        placed = []
        for one in known:
            each = shelf.get(one)
            if each is None:
                each = self._shelved(shelf, one, summaries, weekly)
            if each is not None:
                placed.append(each)
        return placed

    def _new_arrangement(
        self, places: Sequence[tuple[str, str]], weekly: bool
    ) -> tuple[list[tuple[int, int]], list[tuple[str, str, int, int]]]:
        """Of each paper its number and its place in the order given; of each section heading, note,
        and where its papers begin and end.
        """
        placed: dict[tuple[int, str], list[int]] = {}
        for place, (section, group) in enumerate(places):
            placed.setdefault((ORDER[section], group), []).append(place)
        order: list[int] = []
        sections = []
        # Groups of one section stay in the order of their strongest papers.
        for rank, group in sorted(placed, key=lambda key: key[0]):
            papers = placed[rank, group]
            if self.is_public:
                words = sentences.public_heading(SECTIONS[rank], group, len(papers))
            else:
                words = sentences.section_heading(SECTIONS[rank], group, len(papers), weekly)
            sections.append((*words, len(order), len(order) + len(papers)))
            order += papers
        return list(enumerate(order, 1)), sections

    def _followed(self, paper_id: int, followed: frozenset[int]) -> frozenset[int]:
        paper = self.papers.get(paper_id)
        return followed.intersection([id for id, _ in paper.authors]) if paper else NOBODY

    def _shelved(self, shelf: Shelf, known: Known, summaries: str, weekly: bool) -> Placed | None:
        """The paper as it is printed, and why it is there; kept for all who share both."""
        if isinstance(known, EntryFacts):
            entry, look, followed = known, LOOKS[known.section], NOBODY
        else:
            entry, look, followed = known
        paper = self.papers.get(entry.paper_id)
        if paper is None:
            return None
        named, section = _topic_of(entry), entry.section
        if section == Entry.Section.RISING:
            paper = replace(paper, signal=change_told(entry))
        with self.speaking():
            item = make_item(
                paper,
                look,
                topic=named or paper.topic,
                followed=followed,
                outside=section == Entry.Section.OUTSIDE and bool(named),
                summaries=summaries,
                on=self.on,
            )
            why = "" if look == "line" else reasons.sentence(entry.reasons)
        if self.is_public:
            item = replace(item, actions=())
        if len(shelf) >= ITEMS_MOST:
            shelf.clear()
        placed = Placed(item, why, (section, item.topic if weekly and section == MORE else ""))
        shelf[known] = placed
        return placed

    def since_sent(self, copy: Copy, *, after: int, squeeze: int) -> tuple[Section, ...]:
        """What befell papers that this reader had before; numbered on, counted nowhere.

        Where room is short it goes after the short lines and before a full item is cut.
        """
        if squeeze > sum(LOOKS[entry.section] == "line" for entry in copy.entries):
            return ()
        made = [
            self._update(update["paper"], str(update["kind"]), str(update["detail"]))
            for update in copy.digest.updates
            if update["paper"] in self.papers
        ]
        told = [each for each in made if each is not None]
        if not told:
            return ()
        shown = [each[number] for number, each in enumerate(told, after + 1)]
        return (Section(*self.said.since_sent(len(told)), shown),)

    def _new_update(self, paper_id: int, kind: str, detail: str) -> Placed | None:
        item = make_update(self.papers[paper_id], kind, detail)
        return Placed(item) if item else None

    # The lines above them

    def envelope(
        self, copy: Copy, template: str, shown: Sequence[Shown], opening: str
    ) -> tuple[str, str]:
        """Subject and preheader; where there are few titles for it, the opening fills it."""
        teasers: list[str] = []
        surprises: list[str] = []
        if template == "still_useful" or not shown:
            subject = self.said.subject_without_papers(template)
            return subject, subjects.preheader(teasers, opening, self.said.joints())
        lead, author, more = 0, "", len(shown) - 1
        if copy.followed and template != "weekly":
            lead, author = self._leading_author(copy, shown)
        title = shown[lead].item.title
        if template == "weekly":
            subject = self.said.subject_of_week(title, more)
        elif author:
            subject = self.said.subject_of_followed(author, title)
        else:
            subject = self.said.subject_of_day(title, more)
        for place, each in enumerate(shown):
            if place != lead:
                item = each.item
                (surprises if item.is_surprise else teasers).append(item.teaser)
        teasers[2:] = *surprises[:1], *teasers[2:PREHEADER_FROM]
        return subject, subjects.preheader(teasers, opening, self.said.joints())

    def _leading_author(self, copy: Copy, shown: Sequence[Shown]) -> tuple[int, str]:
        """Which paper by somebody whom the reader follows leads the letter, and who that is.

        The top pick where that is one of its reasons, else the first of their section.
        """
        entries = {entry.paper_id: entry for entry in copy.entries}
        for place, each in enumerate(shown):
            entry = entries[each.item.paper_id]
            if entry.section == FOLLOWED or (entry.section == TOP and _names_an_author(entry)):
                followed = self._followed(entry.paper_id, copy.followed)
                for id, name in self.papers[entry.paper_id].authors:
                    if id in followed and name:
                        return place, name
        return 0, ""

    def opening(self, copy: Copy, template: str, shown: Sequence[Shown]) -> tuple[str, SafeString]:
        """The sentences under the heading, as text and as HTML."""
        if template in {"still_useful", "quiet"}:
            words = self.said.opening_without_papers(template)
            return words, escape(words)
        digest = copy.digest
        topics = [self.said.topic(name) for name in copy.topics[: len(sentences.TOPICS)]]
        minutes = wording.minutes(sum([each.item.words for each in shown]))
        counted = (0, 0)
        if digest.kind == Digest.Kind.FIRST:
            items = [each.item for each in shown]
            answerable = sum(bool(item.actions) and not item.is_surprise for item in items)
            counted = (len(items), min(answerable, sentences.ANSWERS_WANTED))
        frames = self.said.opening(digest.kind, digest.pool_size, minutes, len(topics), *counted)
        return sentences.with_topics(frames, topics)


def _regular(edition: Edition) -> str:
    return "weekly" if edition.cadence == WEEKLY else "digest"


def _topic_of(entry: EntryFacts) -> str:
    """The topic that matched, as its strongest reason names it."""
    for reason in entry.reasons:
        if reason.get("kind") in {"topic", "exploration"} and reason.get("topic"):
            return str(reason["topic"])
    return ""


def _names_an_author(entry: EntryFacts) -> bool:
    return any(reason.get("kind") == "author" for reason in entry.reasons)
