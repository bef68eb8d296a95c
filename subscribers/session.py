"""Who is reading these pages: a signed cookie, set by a reader's own link, stored nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

from subscribers import links
from subscribers.models import Subscriber

COOKIE = "reader"
LASTS = timedelta(days=30)


def remember(response: HttpResponseBase, subscriber: Subscriber, *, now: datetime) -> None:
    """Sign this reader in: it opens their preferences, and acts for them where a form is sent."""
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


def know(request: HttpRequest, subscriber: Subscriber | None) -> None:
    """Let the rest of this request be this reader's; a stranger's where they have left."""
    is_reading = subscriber and subscriber.status in {
        Subscriber.Status.ACTIVE,
        Subscriber.Status.PAUSED,
    }
    request.reader = subscriber if is_reading else None  # type: ignore[attr-defined]


def reader(request: HttpRequest) -> Subscriber | None:
    """The reader signed in with this browser; None for a stranger or one who has left."""
    if not hasattr(request, "reader"):
        token = request.COOKIES.get(COOKIE)
        know(request, links.read(token, "cookie") if token else None)
    found: Subscriber | None = request.reader  # type: ignore[attr-defined]
    return found


def keep_private(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: caches tell readers from strangers, and keep no page made for a reader."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if hasattr(request, "reader"):
            patch_vary_headers(response, ["Cookie"])
            if request.reader:
                patch_cache_control(response, private=True)
        return response

    return answer
