"""What a reader does on the pages of everybody, signed in by the cookie of their browser."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from papers import lists
from papers.models import Author, Paper, Topic
from subscribers import feedback
from subscribers.doors import only_acts, signed_in
from subscribers.models import Subscriber
from subscribers.preference_views import number

PER_PAGE = 30


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def saved(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """The papers they saved, newest first, each with a button that removes it."""
    asked = max(1, number(request.GET.get("page")))
    if request.method == "POST":
        now = timezone.now()
        paper = get_object_or_404(Paper, pk=number(request.POST.get("paper")))
        feedback.undo(subscriber, paper, feedback.Kind.SAVED, now=now)
        feedback.seen(subscriber, now=now)
        return HttpResponseRedirect(f"{request.path}?page={asked}&removed#saved")

    page = Paginator(feedback.saved(subscriber), PER_PAGE).get_page(asked)
    papers = Paper.objects.in_bulk(page.object_list)
    context = {
        "page": page,
        "rows": lists.dress((papers[pk] for pk in page.object_list), now=timezone.now()),
        "query": "",
        "is_removed": "removed" in request.GET,
    }
    return render(request, "subscribers/saved_papers.html", context)


@only_acts(lambda slug: reverse("papers:topic", args=[slug]))
@signed_in
def follow_topic(request: HttpRequest, subscriber: Subscriber, slug: str) -> HttpResponse:
    topic = get_object_or_404(Topic.objects.active(), slug=slug)
    act = feedback.unfollow_topic if "unfollow" in request.POST else feedback.follow_topic
    act(subscriber, topic)
    return _back_to(topic, subscriber)


@only_acts(lambda pk: reverse("papers:author", args=[pk]))
@signed_in
def follow_author(request: HttpRequest, subscriber: Subscriber, pk: int) -> HttpResponse:
    author = get_object_or_404(Author, pk=pk)
    act = feedback.unfollow_author if "unfollow" in request.POST else feedback.follow_author
    act(subscriber, author)
    return _back_to(author, subscriber)


@only_acts(lambda pk, kind: _paper(pk).get_absolute_url())
@signed_in
def tap(request: HttpRequest, subscriber: Subscriber, pk: str, kind: str) -> HttpResponse:
    """What they say of a paper on its page."""
    paper = _paper(pk)
    now = timezone.now()
    if "undo" in request.POST:
        feedback.undo(subscriber, paper, kind, now=now)
        feedback.seen(subscriber, now=now)
    else:
        feedback.give(subscriber, paper, kind, now=now)
    return HttpResponseRedirect(f"{paper.get_absolute_url()}#{kind}")


def _back_to(subject: Topic | Author, subscriber: Subscriber) -> HttpResponse:
    feedback.seen(subscriber, now=timezone.now())
    # The browser moves the focus to the button, which says what it is now.
    return HttpResponseRedirect(f"{subject.get_absolute_url()}#follow")


def _paper(pk: str) -> Paper:
    return feedback.canonical(get_object_or_404(Paper, pk=int(pk)))
