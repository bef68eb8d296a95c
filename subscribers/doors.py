"""Who may come in: by a reader's own link, in the language they chose; or signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from subscribers import links, session
from subscribers.models import Subscriber

P = ParamSpec("P")
Found = TypeVar("Found")
View = Callable[Concatenate[HttpRequest, str, Found, P], HttpResponse]


def opened_by(
    find: Callable[[str], Found | None], reader: Callable[[Found], Subscriber]
) -> Callable[[View[Found, P]], Callable[..., HttpResponse]]:
    """Hand a view what `find` makes of the token in its address, in the language of its reader.

    The language stays for the rest of the request, so that a 404 from inside the view speaks it
    too; LocaleMiddleware sets that of the next. Everybody else gets the friendly 404.
    """

    def language_of(token: str) -> str | None:
        found = find(token)
        return None if found is None else reader(found).language

    def decorate(view: View[Found, P]) -> Callable[..., HttpResponse]:
        @never_cache
        @wraps(view)
        def guarded(
            request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            found = find(token)
            if found is None:
                return bad_link(request)
            translation.activate(reader(found).language)
            return view(request, token, found, *args, **kwargs)

        guarded.language_of = language_of  # type: ignore[attr-defined]
        return guarded

    return decorate


def for_reader(purpose: str) -> Callable[[View[Subscriber, P]], Callable[..., HttpResponse]]:
    """The same for a signed link that is good for `purpose`."""
    return opened_by(partial(links.read, purpose=purpose), itself)


def signed_in(
    view: Callable[Concatenate[HttpRequest, Subscriber, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Hand a view the reader whose browser this is; a stranger is led to sign in, nothing done."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        subscriber = session.reader(request)
        if subscriber is None:
            return redirect("subscribers:sign_in")
        return view(request, subscriber, *args, **kwargs)

    return guarded


def only_acts(
    home: Callable[P, str],
) -> Callable[[Callable[Concatenate[HttpRequest, P], HttpResponse]], Callable[..., HttpResponse]]:
    """For an address that a form posts to: whoever opens it (a tab that is loaded again, Enter in
    the address bar) is led to `home`, the page the form stands on. Nothing is done.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponse],
    ) -> Callable[..., HttpResponse]:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method != "POST":
                return redirect(home(*args, **kwargs))
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def at_preferences(token: str, **_: object) -> str:
    return reverse("subscribers:preferences", args=[token])


def speak_to_reader(request: HttpRequest) -> None:
    """Switch to the language of the reader whose link was opened, if one was.

    For pages that answer in the place of a view which was not reached.
    """
    match = request.resolver_match
    language_of = getattr(match.func, "language_of", None) if match else None
    if match and language_of and (language := language_of(match.kwargs["token"])):
        translation.activate(language)


def itself(subscriber: Subscriber) -> Subscriber:
    return subscriber


def bad_link(request: HttpRequest) -> HttpResponse:
    """A link that is forged, over, or whose reader is gone: we cannot tell which, nor should we."""
    return render(request, "subscribers/bad_link.html", status=404)
