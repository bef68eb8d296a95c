"""The two lines a mailbox shows: subject (30 to 65 characters) and preheader (60 to 110)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext, ngettext, pgettext

from papers.text import shortened

SHORTEST, LONGEST = 30, 65
PREHEADER_SHORTEST, PREHEADER_LONGEST = 60, 110
ENDS = frozenset("….?!。？！")
COLON_SHORTEST, COLON_LONGEST = 15, 45


def daily(title: str, more: int) -> str:
    """The top pick's title and how many come with it; the title alone where it is the only one."""
    rest = ngettext(", and %(n)s more paper", ", and %(n)s more papers", more) % {"n": more}
    return _fitted("%s" + (rest.replace("%", "%%") if more else ""), title)


def followed(author: str, title: str) -> str:
    frame = gettext("New from %(author)s: %(title)s") % {
        "author": shortened(author, 30).replace("%", "%%"),
        "title": "%s",
    }
    return _fitted(frame, title)


def weekly(title: str, more: int) -> str:
    rest = ngettext(", and %(n)s more", ", and %(n)s more", more) % {"n": more} if more else ""
    frame = gettext("Your week in papers: %(title)s") % {"title": "%s"}
    return _fitted(frame + rest, title)


def _fitted(frame: str, title: str) -> str:
    """`frame` with as much of `title` as fits, its short form where that is long enough."""
    around = len(frame % "")
    room, least = LONGEST - around, SHORTEST - around
    subject = frame % shortened(before_colon(title), room, least=least)
    if len(subject) < SHORTEST:
        subject = frame % shortened(title, room, least=least)
    return subject


def before_colon(title: str) -> str:
    """The part before a colon where that is a title of its own; else the whole."""
    head, colon, _ = title.partition(":")
    head = head.rstrip()
    return head if colon and COLON_SHORTEST <= len(head) <= COLON_LONGEST else title


def teaser(title: str) -> str:
    """A title that comes after others in one line."""
    return shortened(before_colon(title), 50)


def surprising(title: str) -> str:
    return gettext("outside your topics: %(title)s") % {"title": teaser(title)}


class Joints(NamedTuple):
    """What stands between the parts of a preheader."""

    titles: str
    stop: str  # between a title and a sentence
    ended: str  # between a title that ends with a sign of its own and a sentence


def joints() -> Joints:
    return Joints(
        pgettext("between titles on one line", "; "),
        pgettext("a sentence after a title", "%(first)s. %(second)s"),
        pgettext("a sentence after another", "%(first)s %(second)s"),
    )


def preheader(teasers: Sequence[str], otherwise: str, joints: Joints) -> str:
    """What comes with the subject's paper, as much of it as fits; never the subject again."""
    line = ""
    for part in teasers:
        longer = f"{line}{joints.titles}{part}" if line else part
        if len(longer) <= PREHEADER_LONGEST:
            line = longer
            if len(line) >= PREHEADER_SHORTEST:
                return line
    if line and otherwise:
        frame = joints.ended if line[-1] in ENDS else joints.stop
        otherwise = frame % {"first": line, "second": otherwise}
    return shortened(otherwise or line, PREHEADER_LONGEST, least=PREHEADER_SHORTEST)
