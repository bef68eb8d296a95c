"""What a reader says with a tap about a paper, an author, a topic; for pages and letters."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from papers.models import Author, Paper, Topic
from subscribers.models import Feedback, Follow, Rule, Subscriber, TopicPreference

Kind = Feedback.Kind
OFFERED = (Kind.SAVED, Kind.MORE, Kind.LESS)  # on a paper's page

# What a tap takes back: a paper cannot be more and less, and who says that it was only known, or
# only the authors, has nothing against its subject.
TAKES_BACK = {
    Kind.MORE: {Kind.LESS},
    Kind.LESS: {Kind.MORE},
    Kind.SEEN: {Kind.LESS},
    Kind.NOT_AUTHOR: {Kind.LESS},
}


@transaction.atomic
def give(subscriber: Subscriber, paper: Paper, kind: str, *, now: datetime) -> Feedback:
    """Record a tap; the same tap again changes nothing. Raises ValueError for an unknown kind."""
    kind = Kind(kind)
    paper = canonical(paper)
    for earlier in TAKES_BACK.get(kind, set()):
        undo(subscriber, paper, earlier, now=now)
    given, is_new = Feedback.objects.get_or_create(
        subscriber=subscriber, paper=paper, kind=kind, defaults={"given_at": now}
    )
    if not is_new and given.undone_at is not None:
        given.given_at, given.undone_at = now, None
        given.save(update_fields=["given_at", "undone_at"])
    seen(subscriber, now=now)
    return given


@transaction.atomic
def bring(subscriber: Subscriber, papers: Collection[Paper], *, now: datetime) -> None:
    """Record papers that a reader brought along, the most telling last."""
    ids = list(dict.fromkeys(canonical(paper).pk for paper in papers))
    theirs = Feedback.objects.filter(subscriber=subscriber, kind=Kind.PASTED)
    theirs.filter(paper__in=ids).exclude(undone_at=None).update(given_at=now, undone_at=None)
    known = set(theirs.values_list("paper_id", flat=True))
    Feedback.objects.bulk_create(
        [
            Feedback(subscriber=subscriber, paper_id=pk, kind=Kind.PASTED, given_at=now)
            for pk in ids
            if pk not in known
        ],
        ignore_conflicts=True,
    )
    seen(subscriber, now=now)


def undo(subscriber: Subscriber, paper: Paper, kind: str, *, now: datetime) -> bool:
    """Take a tap back; False where there was none standing."""
    kept = canonical(paper)
    # Taps stay with the paper they were given to, also when it is found to be another one.
    same = Q(paper=kept) | Q(paper__merged_into=kept)
    standing = subscriber.feedback.filter(same, kind=Kind(kind), undone_at=None)
    return standing.update(undone_at=now) > 0


def undo_all(subscriber: Subscriber, *, now: datetime) -> int:
    """Start learning anew; returns how many taps were taken back."""
    return subscriber.feedback.filter(undone_at=None).update(undone_at=now)


def standing(subscriber: Subscriber, papers: list[Paper]) -> dict[int, set[str]]:
    """Paper id → the kinds of feedback that stand, for pages that show pressed buttons."""
    kinds: dict[int, set[str]] = {}
    of_them = Q(paper__in=papers) | Q(paper__merged_into__in=papers)
    taps = subscriber.feedback.filter(of_them, undone_at=None)
    for paper_id, merged_into, kind in taps.values_list(
        "paper_id", "paper__merged_into_id", "kind"
    ):
        kinds.setdefault(merged_into or paper_id, set()).add(kind)
    return kinds


def saved(subscriber: Subscriber) -> list[int]:
    """Ids of the papers that stand as saved, newest first; those that became one stand once."""
    taps = subscriber.feedback.filter(kind=Kind.SAVED, undone_at=None)
    newest = taps.order_by("-given_at", "-pk").values_list("paper_id", "paper__merged_into_id")
    return list(dict.fromkeys(merged_into or paper_id for paper_id, merged_into in newest))


def canonical(paper: Paper) -> Paper:
    """The paper this one was merged into, however often; itself where it was not."""
    while paper.merged_into is not None:
        paper = paper.merged_into
    return paper


def follow_author(subscriber: Subscriber, author: Author) -> bool:
    """True if they did not follow them before; an author they muted stays muted."""
    if mutes_author(subscriber, author):
        return False
    return Follow.objects.get_or_create(subscriber=subscriber, author=author)[1]


def stance(subscriber: Subscriber, author: Author) -> tuple[bool, bool]:
    """Whether they follow the author, and whether they muted them, in one query."""
    follows = Follow.objects.filter(subscriber=OuterRef("pk"), author=author)
    mutes = Rule.objects.filter(
        subscriber=OuterRef("pk"), kind=Rule.Kind.MUTE_AUTHOR, author=author
    )
    reader = Subscriber.objects.filter(pk=subscriber.pk)
    is_followed, is_muted = reader.values_list(Exists(follows), Exists(mutes)).get()
    return is_followed, is_muted


def mutes_author(subscriber: Subscriber, author: Author) -> bool:
    return subscriber.rules.filter(kind=Rule.Kind.MUTE_AUTHOR, author=author).exists()


def unfollow_author(subscriber: Subscriber, author: Author) -> bool:
    return Follow.objects.filter(subscriber=subscriber, author=author).delete()[0] > 0


def follow_topic(
    subscriber: Subscriber, topic: Topic, *, weight: int = TopicPreference.Weight.NORMAL
) -> bool:
    """True if they did not follow it before; a topic they follow keeps its weight."""
    while topic.merged_into is not None:
        topic = topic.merged_into
    return TopicPreference.objects.get_or_create(
        subscriber=subscriber, topic=topic, defaults={"weight": TopicPreference.Weight(weight)}
    )[1]


def follows_topic(subscriber: Subscriber, topic: Topic) -> bool:
    return subscriber.topic_preferences.filter(topic=topic).exists()


def unfollow_topic(subscriber: Subscriber, topic: Topic) -> bool:
    return TopicPreference.objects.filter(subscriber=subscriber, topic=topic).delete()[0] > 0


def seen(subscriber: Subscriber, *, now: datetime) -> None:
    """The reader is alive: a page by signed link, or a tap."""
    Subscriber.objects.filter(pk=subscriber.pk).update(last_seen_at=now)
