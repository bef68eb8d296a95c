"""The press: letters of one edition and language, joined from parts that were rendered once.

The templates are the ordinary ones and are never read as text. Each is rendered once with
stand-ins for what belongs to one reader and cut where they came out. Stand-ins for addresses are as
long as the real ones, so that lines break at the same places; those for words remember how they are
wrapped. What cannot be cut raises PressError, and its letters are rendered plainly.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from typing import Any

from django.conf import settings
from django.utils import translation

from newsletter.content import Letter
from newsletter.cutting import (
    PLAIN_MOST,
    Cut,
    PressError,
    cut_html,
    cut_text,
    html_bytes,
    text_address,
    text_bytes,
    text_start,
)
from newsletter.facts import Copy
from newsletter.items import Item, Section, Shown
from newsletter.templatetags.letter import SLOT, Slot
from subscribers import links, mail
from subscribers.look import SHIPPED, Look

WORDS = (
    *("subject", "preheader", "heading", "opening", "opening_html"),
    *("left_out", "own_week", "why"),
)
FRAGMENTS_MOST = 20_000  # about 100 MB; reasons that are one reader's own fill it
CUT: dict[str, Callable[[str, dict[str, str]], Cut]] = {"html": cut_html, "txt": cut_text}
WHOLE: dict[str, Callable[[str], bytes]] = {"html": html_bytes, "txt": text_bytes}
HEADER = re.compile(rb"(?:\A|\r\n)([!-9;-~]+):((?:[^\r\n]|\r\n[ \t])*)")
ANSWERS = "feedback_url"
# Where something of one letter's own stands in its headers, which have no NUL (RFC 5322).
PLACE = re.compile(rb"\0([a-z]+)\0")
LINES = {b"subject": b"\0subject\0", b"to": b"To: \0to\0", b"date": b"\0date\0"}


@dataclass(frozen=True, slots=True)
class Fragment:
    """A paper in a letter, cut where the address for answers stands."""

    html: list[bytes]
    text: list[bytes]
    text_before: bytes  # its number

    def numbered(self, number: int) -> tuple[list[bytes], list[bytes]]:
        """HTML and text, with its number in this letter."""
        first = b"%b%d%b" % (self.text_before, number, self.text[0])
        return self.html, [first, *self.text[1:]]


@dataclass(frozen=True, slots=True)
class Frame:
    """Around the papers of a section: before the first, between two, after the last."""

    html: tuple[bytes, bytes, bytes]
    text: tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around the sections of a letter: before and after them."""

    html: tuple[Cut, Cut]
    text: tuple[Cut, Cut]
    subject: tuple[str, str]


@dataclass(slots=True)
class Sheet:
    """A letter ready for its envelope, in pieces: CRLF, dots stuffed."""

    subject: str
    text: list[bytes]
    html: list[bytes]

    def fits(self, budget: int) -> bool:
        """Whether the HTML has at most so many characters, not counting what the wire adds."""
        size = sum(map(len, self.html))
        if size <= budget:
            return True
        html = b"".join(self.html)
        return size - html.count(b"\r\n") - html.count(b"\n..") <= budget


class Press:
    """For letters of one edition, look and language, which it switches on where it renders."""

    def __init__(self, look: Look = SHIPPED, language: str = "en") -> None:
        self.look = look
        self.speaking: Callable[[], AbstractContextManager[Any]] = partial(
            translation.override, language
        )
        with self.speaking():
            self.values = mail.values({}, look)
        self.dummy = Dummies()
        self._fragments: dict[tuple[Item, str], Fragment] = {}
        self._numbered: dict[Shown, tuple[list[bytes], list[bytes]]] = {}
        self._frames: dict[tuple[str, str], Frame] = {}
        self._shells: dict[tuple[object, ...], Shell] = {}

    def sheet(self, letter: Letter) -> Sheet:
        shell = self._shell(letter)
        addresses = self.dummy.addresses_of(letter)
        texts = self.dummy.in_text(addresses)
        answers, text_answers = addresses[ANSWERS], texts[ANSWERS]
        html = shell.html[0].filled(letter, addresses)
        text = shell.text[0].filled(letter, texts)
        for section in letter.sections:
            frame = self._frames.get((section.heading, section.note)) or self._frame(section)
            before_html, between_html, after_html = frame.html
            before_text, between_text, after_text = frame.text
            for shown in section.shown:
                html_pieces, text_pieces = self._numbered.get(shown) or self._placed(shown)
                html.append(before_html)
                html.append(answers.join(html_pieces))
                text.append(before_text)
                text.append(text_answers.join(text_pieces))
                before_html, before_text = between_html, between_text
            html.append(after_html)
            text.append(after_text)
        html += shell.html[1].filled(letter, addresses)
        text += shell.text[1].filled(letter, texts)
        before, after = shell.subject
        return Sheet(f"{before}{letter.subject}{after}", text, html)

    # Papers and sections

    def _placed(self, shown: Shown) -> tuple[list[bytes], list[bytes]]:
        if len(self._numbered) >= FRAGMENTS_MOST:
            self._numbered.clear()
            self._fragments.clear()
        known = (shown.item, shown.why)
        if known not in self._fragments:
            with self.speaking():
                self._fragments[known] = self._fragment(shown)
        placed = self._numbered[shown] = self._fragments[known].numbered(shown.number)
        return placed

    def _fragment(self, shown: Shown) -> Fragment:
        shown = replace(shown, number=self.dummy.number)
        marks = {self.dummy.feedback_url: ANSWERS}
        html = cut_html(self._shown(shown, "html"), marks).between
        before, number, after = self._shown(shown, "txt").partition(str(shown.number))
        if not number or str(shown.number) in after or str(shown.number).encode() in b"".join(html):
            raise PressError("letter/item.txt prints the number of a paper once, its HTML never")
        text = cut_text(after, marks, goes_on=True).between
        return Fragment(html, text, text_start(before))

    def _shown(self, shown: Shown, kind: str) -> str:
        raw = self._render(
            f"letter/item.{kind}",
            number=shown.number,
            item=shown.item,
            why=shown.why,
            because=shown.because,
            feedback_url=self.dummy.feedback_url,
        )
        return _lines(raw, f"letter/item.{kind}")

    def _frame(self, section: Section) -> Frame:
        with self.speaking():
            frame = Frame(self._around(section, "html"), self._around(section, "txt"))
        self._frames[section.heading, section.note] = frame
        return frame

    def _around(self, section: Section, kind: str) -> tuple[bytes, bytes, bytes]:
        """The section with three stand-ins for papers, cut where they came out."""
        three = tuple(Shown(n, _stand_in(n)) for n in (1, 2, 3))
        rest = self._render(f"letter/section.{kind}", section=replace(section, shown=three))
        pieces = []
        for shown in three:
            before, found, rest = rest.partition(self._shown(shown, kind))
            if not found:
                raise PressError(f"letter/section.{kind} changes what letter/item.{kind} prints")
            pieces.append(before)
        if pieces[1] != pieces[2]:
            raise PressError(f"letter/section.{kind} sets its papers apart in two ways")
        name = f"letter/section.{kind}"
        first, second, last = (WHOLE[kind](_lines(p, name)) for p in (*pieces[:2], rest))
        return first, second, last

    # What stands around them

    def _shell(self, letter: Letter) -> Shell:
        key = (
            letter.template, not letter.sections, not letter.own_week, not letter.preheader,
            not letter.left_out,
        )  # fmt: skip
        if key not in self._shells:
            with self.speaking():
                self._shells[key] = self._new_shell(letter)
        return self._shells[key]

    def _new_shell(self, letter: Letter) -> Shell:
        mark = Section(secrets.token_hex(16), "", ())
        own: dict[str, Any] = {name: Slot(name) for name in WORDS if getattr(letter, name)}
        stand_in = replace(self.dummy.in_place_of(letter), **own)
        stand_in = replace(stand_in, sections=(mark,) if letter.sections else ())
        name = f"letter/{letter.template}"
        subject = mail.one_line(self._render(f"{name}.subject.txt", letter=stand_in))
        slot = SLOT.search(subject)
        if slot is None:
            raise PressError(f"{name}.subject.txt leaves out the subject")
        halves = {}
        for kind in ("html", "txt"):
            first, second = self._render(f"{name}.{kind}", letter=stand_in), ""
            if letter.sections:
                printed = self._render(f"letter/section.{kind}", letter=stand_in, section=mark)
                first, found, second = first.partition(printed)
                if not found:
                    raise PressError(f"{name}.{kind} changes what letter/section.{kind} prints")
                first = _lines(first, f"{name}.{kind}")
            addresses = self.dummy.addresses
            halves[kind] = CUT[kind](first, addresses), CUT[kind](second, addresses)
        return Shell(
            halves["html"], halves["txt"], (subject[: slot.start()], subject[slot.end() :])
        )

    def _render(self, template: str, **context: Any) -> str:
        values = {**self.values, **context}
        escape = template.endswith(".html")
        return mail.render(template, values, escape=escape, look=self.look)


def _lines(raw: str, name: str) -> str:
    """`raw`, which has to be whole lines to stand between others."""
    if raw and not raw.endswith("\n"):
        raise PressError(f"{name} does not end at the end of a line")
    return raw


class Dummies:
    """Addresses that are no reader's, each as long as every reader's."""

    def __init__(self) -> None:
        self.token, unsubscribe = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        preferences, pause = (
            secrets.token_urlsafe(links.TOKEN_LENGTH)[: links.TOKEN_LENGTH] for _ in range(2)
        )
        self.number = 10**12 + secrets.randbelow(10**12)
        site = settings.SITE_URL
        self.feedback_url = f"{site}/f/{self.token}"
        self.own = {
            "preferences_url": f"{site}/p/{preferences}",
            "pause_url": f"{site}/p/{pause}/pause",
            "unsubscribe_url": f"{site}/u/{unsubscribe}",
        }
        self.unsubscribe_length = len(self.own["unsubscribe_url"])
        self.addresses = {address: name for name, address in self.own.items()}
        self.addresses |= {
            f"{site}/l/{self.token}": "view_url",
            f"{site}/e/{self.token}": "votes_url",
            self.feedback_url: ANSWERS,
        }
        self.view, self.votes, self.answers = (
            f"{site}/{page}/".encode("ascii") for page in ("l", "e", "f")
        )
        self.are_short = all(len(address) <= PLAIN_MOST for address in self.addresses)

    def in_place_of(self, letter: Letter) -> Letter:
        return replace(letter, token=self.token, **self.own)  # type: ignore[arg-type]

    def addresses_of(self, letter: Letter) -> dict[str, bytes]:
        """The reader's own by their names; PressError where one is of another length."""
        token = letter.token.encode("ascii")
        unsubscribe = letter.unsubscribe_url.encode("ascii")
        if len(token) != len(self.token) or len(unsubscribe) != self.unsubscribe_length:
            raise PressError("a token of another length")
        return {
            "view_url": self.view + token,
            "votes_url": self.votes + token,
            ANSWERS: self.answers + token,
            "preferences_url": letter.preferences_url.encode("ascii"),
            "pause_url": letter.pause_url.encode("ascii"),
            "unsubscribe_url": unsubscribe,
        }

    def in_text(self, addresses: dict[str, bytes]) -> dict[str, bytes]:
        """As they travel in the text, between soft line breaks."""
        if self.are_short and b"=" not in addresses[ANSWERS] + addresses["unsubscribe_url"]:
            return addresses
        return {name: text_address(address) for name, address in addresses.items()}


def _stand_in(number: int) -> Item:
    title = f"{secrets.token_hex(8)} {number}"
    return Item(paper_id=number, look="full", topic="", signs="", title=title, url="")


class Envelope:
    """The headers around letters of one edition and language, as the plain render writes them.

    `plain` is the letter of `copy`: cut where what is its own came out.
    """

    def __init__(self, plain: bytes, copy: Copy) -> None:
        head, _, body = plain.partition(b"\r\n\r\n")
        boundary = _boundary(head)
        own = {
            str(copy.digest.uuid).encode(): b"uuid",
            copy.reader.unsubscribe_token.encode(): b"token",
        }
        self.head = _form(
            b"\r\n".join(
                LINES.get(match[1].lower()) or _with_places(match[0].lstrip(b"\r\n"), own)
                for match in HEADER.finditer(head)
            )
        )
        _, text, html, _ = body.split(b"--" + boundary)
        self.boundary = _form(b"\r\n--" + _with_places(boundary, own))
        self.before_text, self.before_html = _head(text), _head(html)

    def around(self, sheet: Sheet, copy: Copy) -> bytes:
        """The whole message, as it goes over the wire."""
        digest, reader = copy.digest, copy.reader
        own = {
            "subject": _subject(sheet.subject),
            "to": reader.email.encode("ascii"),
            "uuid": str(digest.uuid).encode("ascii"),
            "date": _date(digest.built_at),
            "token": reader.unsubscribe_token.encode("ascii"),
        }
        boundary = b"".join(self.boundary.filled(None, own))
        return b"".join((
            *self.head.filled(None, own), b"\r\n", boundary, self.before_text, *sheet.text,
            boundary, self.before_html, *sheet.html, boundary, b"--\r\n",
        ))  # fmt: skip


def _form(raw: bytes) -> Cut:
    """Bytes with places for what is one letter's own, written as `_with_places` writes them."""
    pieces = PLACE.split(raw)
    if len(pieces) == 1:
        raise PressError("nothing in it is one letter's own")
    places = range(1, len(pieces), 2)
    return Cut(tuple(pieces), tuple((place, pieces[place].decode()) for place in places))


def _head(part: bytes) -> bytes:
    return part.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _with_places(raw: bytes, own: dict[bytes, bytes]) -> bytes:
    """`raw` as a form: names in the places of what is one letter's own."""
    for value, name in own.items():
        raw = raw.replace(value, b"\0%b\0" % name)
    return raw


def _boundary(head: bytes) -> bytes:
    found = re.search(rb'boundary="(=_[^"]+)"', head)
    if found is None:
        raise PressError("the plain letter has one part only")
    return found[1]


@lru_cache(maxsize=4096)
def _subject(subject: str) -> bytes:
    header = mail.subject_header(subject)
    encoded = header if isinstance(header, str) else header.encode(linesep="\r\n")
    return f"Subject: {encoded}".encode("ascii")


@lru_cache(maxsize=256)
def _date(at: datetime) -> bytes:
    return f"Date: {format_datetime(at.astimezone(UTC))}".encode("ascii")
