"""The sentence beside a paper that says, truly, why it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext, ngettext

from newsletter import wording
from papers import text

LONGEST = 140  # characters of the whole line, its lead included
QUOTE_LONGEST = 46

Reason = Mapping[str, Any]


def sentence(reasons: Sequence[Reason]) -> str:
    """One or two of the reasons, strongest first, as one sentence that fits the line.

    Goes on from "Why you’re seeing this:"; empty where no reason says anything.
    """
    room = LONGEST - len(gettext("Why you’re seeing this:")) - 1
    clauses = list(_clauses(reasons))
    if not clauses:
        return ""
    for second in clauses[1:]:
        line = gettext("%(first)s, and %(second)s.") % {"first": clauses[0], "second": second}
        if len(line) < room:
            return line
    line = gettext("%(reason)s.") % {"reason": clauses[0]}
    return line if len(line) < room else text.shortened(line, room - 1)


def _clauses(reasons: Iterable[Reason]) -> Iterable[str]:
    seen = set()
    for reason in reasons:
        write = WRITERS.get(str(reason.get("kind")))
        clause = write(reason) if write else ""
        if clause and clause not in seen:
            seen.add(clause)
            yield clause


def _quote(reason: Reason, key: str) -> str:
    return text.shortened(text.clean(str(reason.get(key) or "")), QUOTE_LONGEST)


def _topic(reason: Reason) -> str:
    topic, phrase = _quote(reason, "topic"), _quote(reason, "phrase")
    if topic and phrase and phrase.casefold() not in topic.casefold():
        return gettext("it matches your topic %(topic)s (“%(phrase)s”)") % {
            "topic": topic,
            "phrase": phrase,
        }
    return gettext("it matches your topic %(topic)s") % {"topic": topic} if topic else ""


def _author(reason: Reason) -> str:
    author = _quote(reason, "author")
    return gettext("you follow %(author)s") % {"author": author} if author else ""


def _liked(reason: Reason) -> str:
    title = _quote(reason, "title")
    if not title:
        return ""
    try:
        on = date.fromisoformat(str(reason.get("on")))
    except ValueError:
        return gettext("it is close to “%(title)s”, which you liked") % {"title": title}
    return gettext("it is close to “%(title)s”, which you liked on %(day)s") % {
        "title": title,
        "day": wording.day_and_month(on),
    }


def _trend(reason: Reason) -> str:
    field, votes, hours = _quote(reason, "field"), reason.get("upvotes"), reason.get("hours")
    if isinstance(total := reason.get("total"), int) and total > 0:
        return _talked_about(field, total)
    rising = gettext("it is rising in %(field)s") % {"field": field}
    rising = rising if field else gettext("it is rising")
    if not isinstance(votes, int) or not isinstance(hours, int) or votes < 1 or hours < 1:
        return rising
    counted = ngettext(
        "%(n)s upvote in %(hours)s\u00a0h", "%(n)s upvotes in %(hours)s\u00a0h", votes
    )
    return gettext("%(rising)s with %(votes)s") % {
        "rising": rising,
        "votes": counted % {"n": wording.number(votes), "hours": hours},
    }


def _talked_about(field: str, votes: int) -> str:
    """Of a paper that trends, where nobody has counted lately how it does."""
    known = gettext("it is much talked about in %(field)s") % {"field": field}
    counted = ngettext("%(n)s upvote", "%(n)s upvotes", votes) % {"n": wording.number(votes)}
    return gettext("%(rising)s with %(votes)s") % {
        "rising": known if field else gettext("it is much talked about"),
        "votes": counted,
    }


def _keyword(reason: Reason) -> str:
    word = _quote(reason, "text")
    return gettext("it mentions your keyword “%(word)s”") % {"word": word} if word else ""


def _search(reason: Reason) -> str:
    words = _quote(reason, "text")
    return gettext("it answers your saved search “%(words)s”") % {"words": words} if words else ""


def _interest(reason: Reason) -> str:
    words = _quote(reason, "text")
    return gettext("it fits what you wrote: “%(words)s”") % {"words": words} if words else ""


def _exploration(reason: Reason) -> str:
    if reason.get("leads") is False:
        return ""
    topic = _quote(reason, "topic")
    if topic:
        return gettext("it leads in %(topic)s, outside your topics") % {"topic": topic}
    return gettext("it leads the papers outside your topics")


WRITERS: dict[str, Callable[[Reason], str]] = {
    "topic": _topic,
    "author": _author,
    "liked": _liked,
    "trend": _trend,
    "keyword": _keyword,
    "search": _search,
    "interest": _interest,
    "exploration": _exploration,
}
