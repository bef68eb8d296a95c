"""The doors of a subscription: sign up, confirm, sign in, leave, come back."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from papers import lists
from subscribers import consent, limits, links, preferences, session
from subscribers.doors import (
    bad_link,
    for_reader,
    itself,
    only_acts,
    opened_by,
    speak_to_reader,
)
from subscribers.forms import SignInForm, SignUpForm
from subscribers.models import Notice, Subscriber

# What the sign-up form promises; kept with each sign-up as proof.
PROMISE = gettext_lazy("We ask you to confirm first. Every email has a one-click unsubscribe.")


@require_http_methods(["GET", "HEAD", "POST"])
def landing(request: HttpRequest) -> HttpResponse:
    """The claim and the form; after a sign-up the same page with what to do next."""
    if request.method == "POST":
        return _sign_up(request, timezone.now())
    topics = request.GET.getlist("topic")  # the page of one leads here
    return _landing(request, SignUpForm(initial={"topics": topics}))


def _sign_up(request: HttpRequest, now: datetime) -> HttpResponse:
    form = SignUpForm(request.POST)
    if not form.is_valid():
        return _landing(request, form, status=400)
    if not limits.allows(limits.SIGN_UPS_PER_NETWORK, limits.network(request), now=now):
        form.add_error(None, _("Too many sign-ups came from your network. Try again in an hour."))
        return _landing(request, form, status=429)

    email = form.cleaned_data["email"]
    # Robots and bombed addresses get the same answer as everybody, and no letter.
    is_welcome = limits.allows(limits.SIGN_UPS_PER_ADDRESS, email, now=now)
    if is_welcome and not form.is_from_a_robot:
        consent.subscribe(
            email,
            topics=form.cleaned_data["topics"],
            timezone=form.cleaned_data["timezone"],
            language=translation.get_language_from_request(request),
            door="form",
            now=now,
            shown=str(PROMISE),
        )
    return _landing(request, form, sent_to=email)


def _landing(
    request: HttpRequest, form: SignUpForm, *, status: int = 200, sent_to: str = ""
) -> HttpResponse:
    newest = lists.newest(now=timezone.now())
    context = {
        "form": form,
        "sent_to": sent_to,
        "promise": PROMISE,
        "newest": newest,
        "top": newest.rows[0] if newest.rows else None,
    }
    return render(request, "subscribers/landing.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_reader("confirm")
def confirm(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    if request.method == "POST":
        now = timezone.now()
        consent.confirm(subscriber, door="page", now=now)
        if not subscriber.is_reader:
            return bad_link(request)
        return HttpResponseRedirect(f"{links.preferences_url(subscriber)}?welcome")

    # A GET only asks: mail scanners open every link they see.
    if subscriber.status != Subscriber.Status.PENDING and not subscriber.is_reader:
        return bad_link(request)
    topics = [p.topic for p in subscriber.topic_preferences.select_related("topic")]
    context = {"subscriber": subscriber, "topics": topics}
    return render(request, "subscribers/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail; the answer is the same whether the address is known or not.

    A browser that opened a reader's own link lately needs none.
    """
    if request.method != "POST":
        if known := session.reader(request):
            return redirect(links.preferences_url(known))
        return render(request, "subscribers/sign_in.html", {"form": SignInForm()})

    now = timezone.now()
    form = SignInForm(request.POST)
    if not form.is_valid():
        return render(request, "subscribers/sign_in.html", {"form": form}, status=400)
    if not limits.allows(limits.SIGN_INS_PER_NETWORK, limits.network(request), now=now):
        form.add_error(None, _("Too many requests came from your network. Try again in an hour."))
        return render(request, "subscribers/sign_in.html", {"form": form}, status=429)

    email = form.cleaned_data["email"]
    subscriber = Subscriber.objects.filter(email=email).first()
    if subscriber:
        is_pending = subscriber.status == Subscriber.Status.PENDING
        kind = Notice.Kind.CONFIRM if is_pending else Notice.Kind.SIGN_IN
        Notice.objects.queue(subscriber, kind, now=now)
    return render(request, "subscribers/sign_in.html", {"form": form, "sent_to": email})


@require_safe
@for_reader("sign_in")
def sign_in_by_link(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """Straight to the preferences; the cookie this sets changes nothing of the reader's."""
    response = HttpResponseRedirect(links.preferences_url(subscriber))
    session.remember(response, subscriber, now=timezone.now())
    return response


@only_acts(lambda: reverse("subscribers:landing"))
def sign_out(request: HttpRequest) -> HttpResponse:
    response = redirect("subscribers:landing")
    session.forget(response)
    return response


def _of_unsubscribe_token(token: str) -> Subscriber | None:
    return Subscriber.objects.filter(unsubscribe_token=token).first()


@csrf_exempt  # mail clients post here without a cookie (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
@opened_by(_of_unsubscribe_token, itself)
def unsubscribe(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    if request.method == "POST":
        is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        door = "one-click" if is_one_click else "page"
        consent.withdraw(subscriber, door=door, now=timezone.now())
        return _unsubscribed(request, subscriber)

    if subscriber.status in {Subscriber.Status.UNSUBSCRIBED, Subscriber.Status.SUPPRESSED}:
        return _unsubscribed(request, subscriber)
    return render(request, "subscribers/unsubscribe.html", {"subscriber": subscriber})


def _unsubscribed(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    now = timezone.now()
    restore_url = ""
    if consent.can_restore(subscriber, now=now):
        restore_url = links.restore_url(subscriber, now=now)
    context = {"subscriber": subscriber, "restore_url": restore_url}
    response = render(request, "subscribers/unsubscribed.html", context)
    session.forget(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_reader("restore")
def restore(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """Take an unsubscribing back, as it was or weekly instead."""
    now = timezone.now()
    is_active = subscriber.status == Subscriber.Status.ACTIVE
    if not (is_active or consent.can_restore(subscriber, now=now)):
        return bad_link(request)

    if request.method == "POST":
        consent.restore(subscriber, door="page", now=now)
        if "weekly" in request.POST:
            preferences.set_weekly(subscriber, now=now)
        return HttpResponseRedirect(f"{links.preferences_url(subscriber)}?back")
    return render(request, "subscribers/restore.html", {"subscriber": subscriber})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: a form of thousands of fields, an unknown host, a broken upload."""
    speak_to_reader(request)
    # Django's log has told the name, and that ALLOWED_HOSTS lacks it.
    is_unknown = isinstance(exception, DisallowedHost)
    page = "unknown_host" if is_unknown else "bad_request"
    return render(request, f"subscribers/{page}.html", status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: a form whose cookie is gone; Django's own page is for developers."""
    speak_to_reader(request)
    return render(request, "403.html", status=403)
