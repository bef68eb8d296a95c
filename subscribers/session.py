"""Who is reading these pages: a signed cookie, set by a reader's own link, stored nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from subscribers import links
from subscribers.models import Subscriber

COOKIE = "reader"
LASTS = timedelta(days=30)


def remember(response: HttpResponseBase, subscriber: Subscriber, *, now: datetime) -> None:
    """Let "Sign in" open this reader's preferences in this browser."""
    response.set_cookie(
        COOKIE,
        links.make(subscriber.pk, "cookie", until=now + LASTS),
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponseBase) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")


def reader(request: HttpRequest) -> Subscriber | None:
    """The reader signed in with this browser; None for a stranger or one who has left."""
    token = request.COOKIES.get(COOKIE)
    subscriber = links.read(token, "cookie") if token else None
    if subscriber and subscriber.status in {Subscriber.Status.ACTIVE, Subscriber.Status.PAUSED}:
        return subscriber
    return None
