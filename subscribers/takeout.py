"""A reader's subscription, in plain words they can keep or take elsewhere."""

from __future__ import annotations

from typing import Any

from subscribers.models import Subscriber


def of(subscriber: Subscriber) -> dict[str, Any]:
    """What this package's tables hold about this reader, as values JSON can carry.

    The letters they got come with it from newsletter/takeout.py.
    """
    return {
        "format": "paper-round reader 1",
        "subscriber": _fields(subscriber),
        "topics": [
            {"topic": p.topic.slug, "name": p.topic.name, "weight": p.get_weight_display()}
            for p in subscriber.topic_preferences.select_related("topic")
        ],
        "authors": list(subscriber.follows.values_list("author__name", flat=True)),
        "rules": [
            {"kind": rule.kind, "text": rule.text or str(rule.author)}
            for rule in subscriber.rules.select_related("author")
        ],
        "feedback": [
            {
                "kind": tap.kind,
                "paper": tap.paper.public_id,
                "title": tap.paper.title,
                "given_at": tap.given_at.isoformat(),
                "undone_at": tap.undone_at.isoformat() if tap.undone_at else None,
            }
            for tap in subscriber.feedback.select_related("paper").order_by("given_at")
        ],
        "consent": [
            {
                "step": event.kind,
                "happened_at": event.happened_at.isoformat(),
                "door": event.door,
                "detail": event.detail,
            }
            for event in subscriber.consent_events.all()
        ],
        "letters_about_the_subscription": [
            {"kind": notice.kind, "status": notice.status, "at": notice.created_at.isoformat()}
            for notice in subscriber.notices.all()
        ],
    }


def _fields(subscriber: Subscriber) -> dict[str, Any]:
    # Without the keys that open this reader's pages: a saved file gets passed on.
    hidden = {"id", "unsubscribe_token"}
    names = [field.name for field in subscriber._meta.concrete_fields if field.name not in hidden]
    values = {name: getattr(subscriber, name) for name in names}
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items()
    } | {"public_id": str(subscriber.public_id)}
