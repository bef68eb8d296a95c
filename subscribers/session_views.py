"""What a reader does on the pages of everybody, signed in by the cookie of their browser."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from papers import lists
from papers.models import Paper
from subscribers import feedback
from subscribers.doors import signed_in
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
        "rows": lists.dress(papers[pk] for pk in page.object_list),
        "query": "",
        "is_removed": "removed" in request.GET,
    }
    return render(request, "subscribers/saved_papers.html", context)
