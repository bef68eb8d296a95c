"""The preference page's previews: the next letter, answers by a tap, a rule tried on the past."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from newsletter import forecasts
from papers.models import Author, Paper
from subscribers import feedback
from subscribers.doors import at_preferences, only_acts
from subscribers.models import Feedback, Subscriber
from subscribers.preference_views import GROUPS, number, own, show

TAPS = set(Feedback.Kind.values) - {Feedback.Kind.PASTED}


@require_safe
@own
def next_letter(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """What the next letter would hold, each paper with its reason and its buttons."""
    letter = forecasts.next_letter(subscriber, now=timezone.now())
    context = {"token": token, "letter": letter}
    return render(request, "newsletter/next_letter.html", context)


@only_acts(at_preferences)
@own
def tap(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse:
    """Answer to a paper of the preview, or take that back; then the preview as it is now."""
    now = timezone.now()
    if follow := request.POST.get("follow") or request.POST.get("unfollow"):
        author = get_object_or_404(Author, pk=number(follow))
        act = feedback.follow_author if "follow" in request.POST else feedback.unfollow_author
        act(subscriber, author)
        feedback.seen(subscriber, now=now)
    else:
        paper = get_object_or_404(Paper, pk=number(request.POST.get("paper")))
        kind, undone = request.POST.get("kind", ""), request.POST.get("undo", "")
        if kind in TAPS:
            feedback.give(subscriber, paper, kind, now=now)
        elif undone in TAPS:
            feedback.undo(subscriber, paper, undone, now=now)
    return redirect("newsletter:next_letter", token)


@only_acts(at_preferences)
@own
def back_test(request: HttpRequest, token: str, subscriber: Subscriber, group: str) -> HttpResponse:
    """What the last 30 days' letters would have held under a form that is not saved."""
    now = timezone.now()
    form = GROUPS[group](request.POST, subscriber=subscriber)
    if not form.is_valid():
        return show(request, token, subscriber, wrong={group: form})
    after = forecasts.edited(subscriber, form, now=now)
    tested = forecasts.back_test(subscriber, after, now=now)
    context = {"token": token, "group": group, "tested": tested}
    return render(request, "newsletter/back_test.html", context)
