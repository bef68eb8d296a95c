"""The press: letters of one edition and language, joined from parts that were rendered once.

The templates are the ordinary ones and are never read as text. Each is rendered once with
stand-ins for what belongs to one reader and cut where they came out. Stand-ins for addresses are as
long as the real ones, so that lines break at the same places; those for words remember how they are
wrapped. What cannot be cut raises PressError, and its letters are rendered plainly.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from newsletter.content import Letter, Section, Shown
from newsletter.cutting import (
    Part,
    PressError,
    cut_html,
    cut_text,
    html_bytes,
    text_bytes,
    text_start,
)
from newsletter.items import Item
from newsletter.models import Digest
from newsletter.templatetags.letter import SLOT, Slot
from subscribers import links, mail
from subscribers.look import SHIPPED, Look

WORDS = ("subject", "preheader", "heading", "opening", "opening_html", "own_week", "why_this_mail")
FRAGMENTS_MOST = 20_000  # about 100 MB; reasons that are one reader's own fill it
CUT: dict[str, Callable[[str, dict[str, str]], list[Part]]] = {"html": cut_html, "txt": cut_text}
WHOLE: dict[str, Callable[[str], bytes]] = {"html": html_bytes, "txt": text_bytes}
HEADER = re.compile(rb"(?:\A|\r\n)([!-9;-~]+):((?:[^\r\n]|\r\n[ \t])*)")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A paper in a letter, cut where the address for answers stands."""

    html: list[bytes]
    text: list[bytes]
    text_before: bytes  # its number


@dataclass(frozen=True, slots=True)
class Frame:
    """Around the papers of a section: before the first, between two, after the last."""

    html: tuple[bytes, bytes, bytes]
    text: tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around the sections of a letter: before and after them."""

    html: tuple[list[Part], list[Part]]
    text: tuple[list[Part], list[Part]]
    subject: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A letter ready for its envelope: CRLF, dots stuffed."""

    subject: str
    text: bytes
    html: bytes

    def fits(self, budget: int) -> bool:
        """Whether the HTML has at most so many characters, not counting what the wire adds."""
        size = len(self.html)
        if size <= budget:
            return True
        return size - self.html.count(b"\r\n") - self.html.count(b"\n..") <= budget


class Press:
    """Use it with the letters' language switched on, for letters of one edition."""

    def __init__(self, look: Look = SHIPPED) -> None:
        self.look = look
        self.values = mail.values({}, look)
        self.dummy = Dummies()
        self._fragments: dict[tuple[int, str], Fragment] = {}
        self._frames: dict[tuple[str, str], Frame] = {}
        self._shells: dict[tuple[str, bool, bool, bool], Shell] = {}
        self._kept: list[Item] = []  # a fragment is found by the identity of its item

    def sheet(self, letter: Letter) -> Sheet:
        shell = self._shell(letter)
        if len(letter.token) != len(self.dummy.token):
            raise PressError("a token of another length")
        address = letter.feedback_url.encode("ascii")
        html, text = _filled(shell.html[0], letter), _filled(shell.text[0], letter)
        for section in letter.sections:
            frame = self._frame(section)
            place = 0
            for shown in section.shown:
                fragment = self._fragment(shown)
                html += (frame.html[place], address.join(fragment.html))
                number = b"%d" % shown.number
                text += (frame.text[place], fragment.text_before, number)
                text.append(address.join(fragment.text))
                place = 1
            html.append(frame.html[2])
            text.append(frame.text[2])
        html += _filled(shell.html[1], letter)
        text += _filled(shell.text[1], letter)
        before, after = shell.subject
        return Sheet(f"{before}{letter.subject}{after}", b"".join(text), b"".join(html))

    # Papers and sections

    def _fragment(self, shown: Shown) -> Fragment:
        key = (id(shown.item), shown.why)
        if key not in self._fragments:
            if len(self._fragments) >= FRAGMENTS_MOST:
                self._fragments.clear()
                self._kept.clear()
            self._kept.append(shown.item)
            shown = replace(shown, number=self.dummy.number)
            marks = {self.dummy.feedback_url: "feedback_url"}
            html = _literal(cut_html(self._shown(shown, "html"), marks))
            before, number, after = self._shown(shown, "txt").partition(str(shown.number))
            if (
                not number
                or str(shown.number) in after
                or str(shown.number).encode() in b"".join(html)
            ):
                raise PressError(
                    "letter/item.txt prints the number of a paper once, its HTML never"
                )
            cut = cut_text(after, marks, goes_on=True)
            self._fragments[key] = Fragment(html, _literal(cut), text_start(before))
        return self._fragments[key]

    def _shown(self, shown: Shown, kind: str) -> str:
        raw = self._render(
            f"letter/item.{kind}",
            number=shown.number,
            item=shown.item,
            why=shown.why,
            feedback_url=self.dummy.feedback_url,
        )
        return _lines(raw, f"letter/item.{kind}")

    def _frame(self, section: Section) -> Frame:
        key = (section.heading, section.note)
        if key not in self._frames:
            self._frames[key] = Frame(self._around(section, "html"), self._around(section, "txt"))
        return self._frames[key]

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
            letter.template, bool(letter.sections), bool(letter.own_week), bool(letter.preheader)
        )  # fmt: skip
        if key not in self._shells:
            self._shells[key] = self._new_shell(letter)
        return self._shells[key]

    def _new_shell(self, letter: Letter) -> Shell:
        mark = Section(secrets.token_hex(16), "", ())
        own: dict[str, Any] = {name: Slot(name) for name in WORDS if getattr(letter, name)}
        stand_in = replace(self.dummy.in_place_of(letter), **own)
        stand_in = replace(stand_in, sections=(mark,) if letter.sections else ())
        name = f"letter/{letter.template}"
        subject = " ".join(self._render(f"{name}.subject.txt", letter=stand_in).split())
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


def _literal(parts: Iterable[Part]) -> list[bytes]:
    """Parts as they are; between any two of them stands the address for answers."""
    literal: list[bytes] = [b""]
    for part in parts:
        if isinstance(part, bytes):
            literal[-1] += part
        else:
            literal.append(b"")
    return literal


def _filled(parts: Sequence[Part], letter: Letter) -> list[bytes]:
    return [part if isinstance(part, bytes) else part(letter) for part in parts]


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
        self.addresses = {address: name for name, address in self.own.items()}
        self.addresses |= {
            f"{site}/l/{self.token}": "view_url",
            f"{site}/e/{self.token}": "votes_url",
            self.feedback_url: "feedback_url",
        }

    def in_place_of(self, letter: Letter) -> Letter:
        return replace(letter, token=self.token, **self.own)  # type: ignore[arg-type]


def _stand_in(number: int) -> Item:
    title = f"{secrets.token_hex(8)} {number}"
    return Item(paper_id=number, look="full", topic="", signs="", title=title, url="")


class Envelope:
    """The headers around letters of one edition and language, as the plain render writes them."""

    def __init__(self, plain: bytes) -> None:
        head, _, body = plain.partition(b"\r\n\r\n")
        self.boundary = _boundary(head)
        self.headers = [
            (m[1].decode().lower(), m[0].lstrip(b"\r\n")) for m in HEADER.finditer(head)
        ]
        _, text, html, _ = body.split(b"--" + self.boundary)
        self.text_head = text.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        self.html_head = html.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    def around(self, sheet: Sheet, digest: Digest) -> bytes:
        """The whole message, as it goes over the wire."""
        reader = digest.subscriber
        boundary = mail.boundary(digest.message_id).encode()
        own = {
            "subject": _subject(sheet.subject),
            "to": f"To: {reader.email}",
            "message-id": f"Message-ID: {digest.message_id}",
            "date": _date(digest.built_at),
            "x-paper-round-digest": f"X-Paper-Round-Digest: {digest.uuid}",
            "list-unsubscribe": (
                "List-Unsubscribe: "
                + links.unsubscribe_headers(reader)["List-Unsubscribe"].replace(", ", ",\r\n ")
            ),
        }
        lines = [own[name].encode("ascii") if name in own else raw for name, raw in self.headers]
        head = b"\r\n".join(lines).replace(self.boundary, boundary)
        between = b"--" + boundary
        return b"".join((
            head, b"\r\n\r\n", between, self.text_head, sheet.text, b"\r\n",
            between, self.html_head, sheet.html, b"\r\n", between, b"--\r\n",
        ))  # fmt: skip


def _boundary(head: bytes) -> bytes:
    found = re.search(rb'boundary="(=_[0-9a-f]{24})"', head)
    if found is None:
        raise PressError("the plain letter has one part only")
    return found[1]


@lru_cache(maxsize=4096)
def _subject(subject: str) -> str:
    header = mail.subject_header(subject)
    encoded = header if isinstance(header, str) else header.encode(linesep="\r\n")
    return f"Subject: {encoded}"


@lru_cache(maxsize=256)
def _date(at: datetime) -> str:
    return f"Date: {format_datetime(at.astimezone(UTC))}"
