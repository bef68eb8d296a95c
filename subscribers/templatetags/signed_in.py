"""What a signed-in reader may press on the page of a topic, an author or a paper."""

from __future__ import annotations

from django import template
from django.urls import reverse

from papers.models import Author, Paper, Topic
from subscribers import feedback
from subscribers.models import Subscriber

register = template.Library()


@register.inclusion_tag("subscribers/follow.html")
def follow_topic(reader: Subscriber, topic: Topic) -> dict[str, object]:
    return {
        "name": topic.name,
        "action": reverse("subscribers:follow_topic", args=[topic.slug]),
        "is_followed": feedback.follows_topic(reader, topic),
    }


@register.inclusion_tag("subscribers/follow.html")
def follow_author(reader: Subscriber, author: Author) -> dict[str, object]:
    is_followed, is_muted = feedback.stance(reader, author)
    return {
        "name": author.name,
        "action": reverse("subscribers:follow_author", args=[author.pk]),
        "is_followed": is_followed,
        "is_muted": is_muted,
    }


@register.inclusion_tag("subscribers/taps.html")
def taps(reader: Subscriber, paper: Paper) -> dict[str, object]:
    pressed = feedback.standing(reader, [paper]).get(paper.pk, set())
    return {
        "taps": [
            (kind, reverse("subscribers:tap", args=[paper.pk, kind]), kind in pressed)
            for kind in feedback.OFFERED
        ]
    }
