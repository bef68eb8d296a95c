"""What a reader answers to a letter: a tap on one of its papers, or its one question."""

from __future__ import annotations

from datetime import datetime

from newsletter.models import Digest, Entry
from papers.models import Topic
from subscribers import consent, feedback, preferences
from subscribers.models import Feedback

# The last part of the address → what is recorded.
TAPS = {
    "more": Feedback.Kind.MORE,
    "less": Feedback.Kind.LESS,
    "save": Feedback.Kind.SAVED,
    # Offered on the page that "less" opens, to keep letters small: why it was less.
    "seen": Feedback.Kind.SEEN,
    "authors": Feedback.Kind.NOT_AUTHOR,
}
FOLLOW = "follow"
ANSWERS = frozenset(Digest.Answer.values)
KEEP, WEEKLY = "keep", "weekly"


def topic_of(entry: Entry) -> Topic | None:
    """The topic that the letter offers to follow; None where it is gone."""
    names = [r.get("topic") for r in entry.reasons if r.get("kind") in {"exploration", "topic"}]
    return Topic.objects.active().filter(name__in=[name for name in names if name]).first()


def authors_of(entry: Entry) -> list[str]:
    """Their names, in the paper's order."""
    rows = entry.paper.authorships.order_by("position")
    return list(rows.values_list("author__name", flat=True))


def tap(entry: Entry, action: str, *, now: datetime) -> bool:
    """Record it; the same tap again changes nothing. False where its topic is gone."""
    reader = entry.digest.subscriber
    if action != FOLLOW:
        feedback.give(reader, entry.paper, TAPS[action], now=now)
        return True
    topic = topic_of(entry)
    if topic is None:
        return False
    feedback.follow_topic(reader, topic)
    feedback.seen(reader, now=now)
    return True


def untap(entry: Entry, action: str, *, now: datetime) -> None:
    reader = entry.digest.subscriber
    if action != FOLLOW:
        feedback.undo(reader, entry.paper, TAPS[action], now=now)
    elif topic := topic_of(entry):
        feedback.unfollow_topic(reader, topic)
    feedback.seen(reader, now=now)


def answer(digest: Digest, word: str, *, now: datetime) -> None:
    """To the letter's question, or to whether it is still useful.

    Who wants letters gets them again, also where silence had paused them.
    """
    feedback.seen(digest.subscriber, now=now)
    if word in ANSWERS:
        Digest.objects.filter(pk=digest.pk).update(answer=word)
        return
    if word == WEEKLY:
        preferences.set_weekly(digest.subscriber, now=now)
    consent.resume(digest.subscriber, now=now)


def unanswer(digest: Digest, *, now: datetime) -> None:
    Digest.objects.filter(pk=digest.pk).update(answer="")
    feedback.seen(digest.subscriber, now=now)
