"""The preference centre, by signed link: each group is saved on its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from papers.models import Paper
from subscribers import consent, feedback, library, limits, links, preferences, session
from subscribers.doors import at_preferences, for_reader, only_acts
from subscribers.library import Brought
from subscribers.models import Subscriber
from subscribers.preference_forms import (
    LibraryForm,
    MailForm,
    PeopleForm,
    RhythmForm,
    TopicsForm,
)

GROUPS: dict[str, type[Any]] = {
    "when": RhythmForm,
    "topics": TopicsForm,
    "people": PeopleForm,
    "mail": MailForm,
}
PAUSES = {"1": timedelta(weeks=1), "2": timedelta(weeks=2), "4": timedelta(weeks=4), "": None}
LIBRARIES = limits.Limit("library of a reader", 20, timedelta(hours=1))
LEARNT_AT_MOST = 100  # taps shown; the export has all
NAMED_AT_MOST = 20  # pasted lines that are named in the answer


own = for_reader("preferences")


@require_safe
@own
def centre(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    return show(request, token, subscriber)


@only_acts(at_preferences)
@own
def save(request: HttpRequest, token: str, subscriber: Subscriber, group: str) -> HttpResponse:
    form = GROUPS[group](request.POST, subscriber=subscriber)
    if not form.is_valid():
        return show(request, token, subscriber, wrong={group: form})
    now = timezone.now()
    keep(subscriber, form, now)
    feedback.seen(subscriber, now=now)
    return _saved(token, group)


def keep(subscriber: Subscriber, form: forms.Form, now: datetime) -> None:
    """Save what a valid form says."""
    match form:
        case RhythmForm():
            preferences.set_rhythm(subscriber, **form.chosen, now=now)
        case TopicsForm():
            preferences.set_topics(subscriber, form.weights)
        case PeopleForm():
            preferences.set_people(subscriber, **form.people)
            for field, kind in form.RULE_FIELDS.items():
                preferences.set_keywords(subscriber, kind, form.cleaned_data[field])
        case MailForm():
            preferences.set_mail(subscriber, **form.cleaned_data)


@only_acts(at_preferences)
@own
def pause_here(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """Pause for one, two or four weeks, or until they come back; or come back."""
    _pause(request, subscriber, timezone.now())
    return _saved(token, "when")


@require_http_methods(["GET", "HEAD", "POST"])
@for_reader("pause")
def pause(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """The letter's own link: two weeks without letters, or back again."""
    now = timezone.now()
    if request.method == "POST":
        _pause(request, subscriber, now)
    context = {
        "subscriber": subscriber,
        "is_done": request.method == "POST",
        "next_letter": preferences.next_letter(subscriber, now=now),
    }
    return render(request, "subscribers/pause.html", context)


def _pause(request: HttpRequest, subscriber: Subscriber, now: datetime) -> None:
    if "resume" in request.POST:
        consent.resume(subscriber, now=now)
        return
    length = PAUSES.get(request.POST.get("weeks", "2"), PAUSES["2"])
    consent.pause(subscriber, until=now + length if length else None, now=now)


@only_acts(at_preferences)
@own
def bring(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """Take in pasted papers and say what became of each."""
    now = timezone.now()
    form = LibraryForm(request.POST, request.FILES)
    if form.is_valid() and not limits.allows(LIBRARIES, f"{subscriber.pk}", now=now):
        form.add_error(None, _("That was often. Try again in an hour."))
    if form.errors:
        return show(request, token, subscriber, wrong={"library": form})
    brought = library.bring(subscriber, form.text, now=now)
    return show(request, token, subscriber, brought=brought)


@only_acts(at_preferences)
@own
def forget(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """Take back one learnt taste, or all of them."""
    now = timezone.now()
    if "all" in request.POST:
        feedback.undo_all(subscriber, now=now)
        library.forget_titles(subscriber)
    elif "title" in request.POST:
        library.forget_title(subscriber, number(request.POST["title"]))
    else:
        paper = get_object_or_404(Paper, pk=number(request.POST.get("paper")))
        kind = request.POST.get("kind", "")
        if kind in feedback.Kind.values:
            feedback.undo(subscriber, paper, kind, now=now)
    feedback.seen(subscriber, now=now)
    return _saved(token, "data")


@require_http_methods(["GET", "HEAD", "POST"])
@own
def erase(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    if request.method != "POST":
        return render(request, "subscribers/erase.html", {"token": token})
    consent.erase(subscriber, door="page", now=timezone.now())
    response = render(request, "subscribers/erased.html")
    session.forget(response)
    return response


def _saved(token: str, group: str) -> HttpResponse:
    response = redirect("subscribers:preferences", token)
    response["Location"] += f"?saved={group}#saved"  # the browser moves the focus there
    return response


def show(
    request: HttpRequest,
    token: str,
    subscriber: Subscriber,
    *,
    wrong: dict[str, forms.Form] | None = None,
    brought: Brought | None = None,
) -> HttpResponse:
    now = timezone.now()
    blank: dict[str, forms.Form] = {g: form(subscriber=subscriber) for g, form in GROUPS.items()}
    blank["library"] = LibraryForm()
    taps = subscriber.feedback.filter(undone_at=None).select_related("paper")
    people = blank["people"]
    context = {
        "token": token,
        "subscriber": subscriber,
        "forms": blank | (wrong or {}),
        "titles": people.titles if isinstance(people, PeopleForm) else [],
        "wrong": next(iter(wrong), "") if wrong else "",
        "saved": request.GET.get("saved", ""),
        "is_welcome": "welcome" in request.GET,
        "is_back": "back" in request.GET,
        "next_letter": preferences.next_letter(subscriber, now=now),
        "learnt": taps.order_by("-given_at")[:LEARNT_AT_MOST],
        "learnt_count": taps.count(),
        "brought": brought,
        "named_at_most": NAMED_AT_MOST,
        "unsubscribe_url": links.unsubscribe_url(subscriber),
        "restore_url": links.restore_url(subscriber, now=now)
        if consent.can_restore(subscriber, now=now)
        else "",
    }
    session.know(request, subscriber)
    response = render(
        request, "subscribers/preferences.html", context, status=400 if wrong else 200
    )
    session.remember(response, subscriber, now=now)
    return response


def number(text: str | None) -> int:
    """A row's number as typed into a form; 0, which no row has, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
