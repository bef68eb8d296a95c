"""What a reader sets: rhythm, topics, people and keywords, the look of the letter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from papers.dates import dated
from papers.models import Author, Topic
from subscribers import consent, rhythm, zones
from subscribers.models import ConsentEvent, Follow, Notice, Rule, Subscriber, TopicPreference

# Several saves in a row become one letter about the change.
CHANGED_AFTER = timedelta(minutes=10)
MOST_RULES = 100  # of one kind, for one reader


@transaction.atomic
def set_rhythm(
    subscriber: Subscriber,
    *,
    cadence: str,
    weekdays: int,
    hour: int,
    timezone: str,
    now: datetime,
    door: str = "page",
) -> bool:
    """True if anything is different now; a letter tells the owner of the address."""
    changed = _update(subscriber, cadence=cadence, weekdays=weekdays, hour=hour, timezone=timezone)
    if not changed:
        return False
    # An hour of today that the new rhythm would make due in the past stays unsent.
    _update(subscriber, rhythm_since=now)
    consent.record(subscriber, ConsentEvent.Kind.CHANGED, door=door, now=now, detail=changed)
    Notice.objects.queue(subscriber, "changed", now=now, not_before=now + CHANGED_AFTER)
    return True


def set_weekly(subscriber: Subscriber, *, now: datetime, door: str = "page") -> bool:
    """Once a week instead, on the first of their days; True if that is new."""
    return set_rhythm(
        subscriber,
        cadence=Subscriber.Cadence.WEEKLY,
        weekdays=subscriber.weekdays & -subscriber.weekdays,
        hour=subscriber.hour,
        timezone=subscriber.timezone,
        now=now,
        door=door,
    )


@transaction.atomic
def set_topics(subscriber: Subscriber, weights: Mapping[Topic, int]) -> None:
    """Give topics their TopicPreference.Weight, 0 to stop; topics not named stay as they are."""
    off = [topic for topic, weight in weights.items() if not weight]
    subscriber.topic_preferences.filter(topic__in=off).delete()
    TopicPreference.objects.bulk_create(
        [
            TopicPreference(subscriber=subscriber, topic=topic, weight=weight)
            for topic, weight in weights.items()
            if weight
        ],
        update_conflicts=True,
        unique_fields=["subscriber", "topic"],
        update_fields=["weight"],
    )


@transaction.atomic
def set_keywords(subscriber: Subscriber, kind: str, words: Iterable[str]) -> None:
    """Want or mute exactly these words; those that stay keep their row."""
    wanted = dict.fromkeys(words)
    rules = subscriber.rules.filter(kind=kind)
    rules.exclude(text__in=wanted).delete()
    kept = set(rules.values_list("text", flat=True))
    Rule.objects.bulk_create(
        Rule(subscriber=subscriber, kind=kind, text=word) for word in wanted if word not in kept
    )


@transaction.atomic
def set_people(
    subscriber: Subscriber, *, followed: Collection[Author], muted: Collection[Author]
) -> None:
    """Keep exactly these; an author in both is muted, the stronger wish."""
    mute = Rule.Kind.MUTE_AUTHOR
    subscriber.follows.exclude(author__in=set(followed) - set(muted)).delete()
    subscriber.rules.filter(kind=mute).exclude(author__in=muted).delete()
    for author in set(followed) - set(muted):
        Follow.objects.get_or_create(subscriber=subscriber, author=author)
    for author in muted:
        Rule.objects.get_or_create(subscriber=subscriber, kind=mute, author=author)


def set_mail(subscriber: Subscriber, **fields: Any) -> bool:
    """Length and look of the letter; True if anything is different now."""
    return bool(_update(subscriber, **fields))


def next_letter(subscriber: Subscriber, *, now: datetime) -> str:
    """The rhythm restated, in the current language: Next mail: Monday 07:00, Berlin."""
    zone = zones.or_utc(subscriber.timezone)
    place = ZoneInfo(zone)
    if subscriber.status == Subscriber.Status.PAUSED:
        if subscriber.paused_until is None:
            return _("Paused until you come back.")
        until = dated(subscriber.paused_until.astimezone(place), "l j F")
        return _("Paused until %(day)s.") % {"day": until}
    if subscriber.status != Subscriber.Status.ACTIVE:
        return _("No mail: this address is not subscribed.")

    due = rhythm.next_letter_at(
        now,
        zone=zone,
        hour=subscriber.hour,
        weekdays=subscriber.weekdays,
        weekly=subscriber.cadence == Subscriber.Cadence.WEEKLY,
    )
    when = dated(due.astimezone(place), "l H:i")
    return _("Next mail: %(when)s %(city)s") % {
        "when": when,
        "city": zones.city(zone),
    }


def _update(subscriber: Subscriber, **fields: Any) -> dict[str, Any]:
    """Write what differs; returns it."""
    changed = {name: new for name, new in fields.items() if getattr(subscriber, name) != new}
    for name, new in changed.items():
        setattr(subscriber, name, new)
    if changed:
        subscriber.save(update_fields=list(changed))
    return changed
