"""A paper as a letter prints it, in words and with its links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext, ngettext, pgettext

from newsletter import subjects, wording
from newsletter.facts import PaperFacts, Signal
from papers import text
from papers.models import Change
from papers.summaries import claim
from subscribers.models import Subscriber

TITLE_LONGEST = 180
SHORT_SUMMARY = 140
AUTHORS_SHOWN = 3
AUTHOR_LONGEST = 80

# What a reader may do with a paper, by its look: the last parts of the feedback address.
ACTIONS = {"lead": ("more", "less", "save"), "full": ("more", "less", "save"), "compact": ("more",)}


class Finished:
    """A value for templates, which ask for `value["name"]` before they take `value.name`."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class Link(Finished):
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Byline(Finished):
    name: str
    followed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Item(Finished):
    """A paper as it is printed for every reader who shares its topic, followed authors, options.

    The same paper made twice is two items: what is made of an item is found by its identity.
    """

    paper_id: int
    look: str  # lead, full, compact, line
    topic: str
    signs: str  # age and trend: "2 days old · 186 upvotes in 24 h"
    title: str
    url: str
    authors: tuple[Byline, ...] = ()
    others: str = ""
    summary: str = ""
    links: tuple[Link, ...] = ()
    # What a reader may do: (the last part of the address, the label).
    actions: tuple[tuple[str, str], ...] = ()
    words: int = 0
    teaser: str = ""  # how the preheader names it behind others
    is_surprise: bool = False

    @property
    def number(self) -> str:
        """Of its paper, for addresses: no language sets marks between its digits."""
        return str(self.paper_id)

    @property
    def author_line(self) -> str:
        names = [
            f"{author.name} {gettext('(following)')}" if author.followed else author.name
            for author in self.authors
        ]
        comma = pgettext("between the parts of a list", ", ")
        return " ".join(filter(None, (comma.join(names), self.others)))

    @property
    def meta(self) -> str:
        return " · ".join(filter(None, (self.topic, self.signs)))


@dataclass(frozen=True, slots=True, eq=False)
class Shown(Finished):
    """An item in its place; the same for all letters that have it there for the same reasons."""

    number: int
    item: Item
    why: str = ""

    @property
    def because(self) -> str:
        """Why it is there, as a line of text says it."""
        frame = gettext("Why you’re seeing this: %(why)s")
        return frame % {"why": self.why} if self.why else ""


class Placed(dict[int, Shown]):
    """An item and why it is there, made once for all who share both: by its number in a letter."""

    __slots__ = ("item", "place", "why")

    def __init__(self, item: Item, why: str = "", place: tuple[str, str] = ("", "")) -> None:
        super().__init__()
        self.item, self.why = item, why
        self.place = place  # the section it belongs in, and the group of it

    def __missing__(self, number: int) -> Shown:
        shown = self[number] = Shown(number, self.item, self.why)
        return shown


@dataclass(slots=True)
class Section(Finished):
    heading: str
    note: str
    shown: Sequence[Shown]


def make_item(
    paper: PaperFacts,
    look: str,
    *,
    topic: str,
    followed: frozenset[int],
    outside: bool,
    summaries: str,
    on: date,
) -> Item:
    title = text.shortened(paper.title, TITLE_LONGEST)
    days = (on - paper.published_on).days if paper.published_on else -1
    signs = " · ".join(filter(None, (wording.age(days), sign(paper.signal))))
    summary, others = "", ""
    authors: tuple[Byline, ...] = ()
    if look in {"lead", "full"}:
        authors, others = bylines(paper.authors, followed)
    if look != "line" and summaries != Subscriber.Summaries.NONE:
        short = look == "compact" or summaries == Subscriber.Summaries.SHORT
        summary = claim(paper.summary, SHORT_SUMMARY) if short else paper.summary
    actions = ("follow",) if outside else ACTIONS.get(look, ())
    return Item(
        paper_id=paper.id,
        look=look,
        topic=text.clean(topic),
        signs=signs,
        title=title,
        url=paper.url,
        authors=authors,
        others=others,
        summary=summary,
        links=tuple(paper_links(paper)) if look in {"lead", "full"} else (),
        actions=tuple((action, action_label(action)) for action in actions),
        words=len(title.split()) + len(summary.split()),
        teaser=(subjects.surprising if outside else subjects.teaser)(title),
        is_surprise=outside,
    )


def action_label(action: str) -> str:
    if action == "more":
        return gettext("More like this")
    if action == "less":
        return gettext("Less like this")
    return gettext("Save") if action == "save" else gettext("Follow this topic")


def make_update(paper: PaperFacts, kind: str, detail: str) -> Item | None:
    """What befell a paper after it was sent, in one line; None where there are no words for it."""
    words = befell(kind, detail)
    if not words:
        return None
    links: tuple[Link, ...] = ()
    if kind == Change.Kind.CODE and paper.code_url:
        links = (Link(gettext("Abstract"), paper.url),) if paper.url else ()
        links = (*links, Link(gettext("Code"), paper.code_url))
    return Item(
        paper_id=paper.id,
        look="line",
        topic="",
        signs=words,
        title=text.shortened(paper.title, TITLE_LONGEST),
        url=paper.url,
        links=links,
    )


def befell(kind: str, detail: str) -> str:
    if kind == Change.Kind.RETRACTED:
        return gettext("now withdrawn")
    if kind == Change.Kind.VENUE:
        return gettext("now accepted: %(venue)s") % {"venue": text.clean(detail)}
    if kind == Change.Kind.CODE:
        return gettext("now with its code")
    if kind == Change.Kind.VERSION:
        return gettext("now in version %(n)s") % {"n": detail}
    if kind == Change.Kind.TOPPED:
        try:
            monday = date.fromisoformat(detail)
        except ValueError:
            return ""
        return gettext("strongest of the week of %(day)s") % {"day": wording.day_and_month(monday)}
    return ""


def bylines(
    authors: Sequence[tuple[int, str]], followed: frozenset[int]
) -> tuple[tuple[Byline, ...], str]:
    """The first three, followed ones before the others, and how many more there are."""
    named = [(id in followed, name) for id, name in authors if name]
    first = sorted(named, key=lambda author: not author[0])[:AUTHORS_SHOWN]
    rest = len(named) - len(first)
    lines = tuple(
        Byline(text.shortened(name, AUTHOR_LONGEST), is_followed) for is_followed, name in first
    )
    return lines, wording.others(rest) if rest else ""


def sign(signal: Signal) -> str:
    """What a paper's counters say, in words."""
    count = wording.number(signal.count)
    if signal.kind == "day":
        frame = ngettext("%(n)s upvote in 24\u00a0h", "%(n)s upvotes in 24\u00a0h", signal.count)
        return frame % {"n": count}
    if signal.kind == "rising":
        frame = ngettext(
            "rising: %(before)s to %(n)s upvote",
            "rising: %(before)s to %(n)s upvotes",
            signal.count,
        )
        return frame % {"before": wording.number(signal.before), "n": count}
    if signal.kind == "stars":
        return gettext("%(stars)s on the code") % {"stars": wording.stars(signal.count)}
    if signal.kind == "cited":
        frame = ngettext("cited once this week", "cited %(n)s times this week", signal.count)
        return frame % {"n": count}
    if signal.kind == "votes":
        return ngettext("%(n)s upvote", "%(n)s upvotes", signal.count) % {"n": count}
    return ""


def paper_links(paper: PaperFacts) -> Iterable[Link]:
    if paper.url:
        yield Link(gettext("Abstract"), paper.url)
    if paper.pdf_url:
        yield Link(gettext("PDF"), paper.pdf_url)
    if paper.code_url:
        label = gettext("Code")
        if paper.stars:
            label = gettext("Code, %(stars)s") % {"stars": wording.stars(paper.stars)}
        yield Link(label, paper.code_url)
    if paper.discussion_url:
        yield Link(gettext("Discussion"), paper.discussion_url)
