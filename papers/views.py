"""The public pages: lists of a day or a span, topics, papers, authors. All only read."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from papers import lists, plots, profiles, trend
from papers.models import Author, Paper, Topic

PER_PAGE = 30
SPANS = {"24h": 1, "7d": 7, "30d": 30}


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """The newest list day; `/d/DATE` is the same page for any other."""
    return _day(request, lists.latest_day(until=timezone.localdate()))


@require_safe
def day(request: HttpRequest, on: date) -> HttpResponse:
    if on > timezone.localdate() + timedelta(days=1):
        raise Http404("That day is still to come.")
    return _day(request, on)


def _day(request: HttpRequest, on: date | None) -> HttpResponse:
    topics = list(Topic.objects.active())
    chosen = {
        "topic": request.GET.get("topic", "")[:80],
        "span": request.GET.get("span", ""),
        "code": request.GET.get("code", ""),
    }
    topic = next((topic for topic in topics if topic.slug == chosen["topic"]), None)
    if chosen["topic"] and topic is None:
        raise Http404("There is no such topic.")
    span = chosen["span"] if chosen["span"] in SPANS else "24h"
    has_code = chosen["code"] == "1"

    context: dict[str, object] = {
        "day": on, "is_today": on == timezone.localdate(), "topics": topics, "topic": topic,
        "span": span, "spans": SPANS, "days": SPANS[span], "has_code": has_code,
    }  # fmt: skip
    if on is not None:
        papers = lists.ranked(on, days=SPANS[span], topic=topic, has_code=has_code)
        page = Paginator(papers, PER_PAGE).get_page(request.GET.get("page"))
        query = {"topic": topic.slug if topic else "", "span": span if span != "24h" else ""}
        query["code"] = "1" if has_code else ""
        context |= {
            "page": page,
            "rows": lists.dress(page.object_list, now=timezone.now()),
            "query": urlencode({name: value for name, value in query.items() if value}),
            "before": lists.latest_day(until=on - timedelta(days=1)),
            "after": lists.next_day(on),
        }
    return render(request, "papers/day.html", context)


@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    """All topics under their fields, each with its papers of last week."""
    since = timezone.localdate() - timedelta(days=7)
    listed = Topic.objects.active().annotate(
        papers_last_week=Count(
            "paper_topics",
            filter=Q(
                paper_topics__belongs=True, paper_topics__paper__first_mentioned_on__gte=since
            ),
        )
    )
    fields: dict[str, list[Topic]] = {}
    for topic in listed:
        fields.setdefault(topic.field, []).append(topic)
    return render(request, "papers/topics.html", {"fields": fields})


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Topic.objects.select_related("merged_into"), slug=slug)
    if found.merged_into is not None:
        return redirect(found.merged_into, permanent=True)
    if not found.is_active:
        raise Http404("This topic is not offered any more.")
    profile = profiles.of_topic(found)
    bars = plots.bars([week.papers for week in profile.weeks])
    context = {"topic": found, "profile": profile, "bars": bars}
    return render(request, "papers/topic.html", context)


@require_safe
def paper(request: HttpRequest, public_id: str) -> HttpResponse:
    if public_id.startswith("n") and public_id[1:].isdecimal():
        wanted = Q(pk=int(public_id[1:18]))
    else:
        wanted = Q(arxiv_id=public_id)
    found = get_object_or_404(Paper.objects.select_related("merged_into"), wanted)
    if found.merged_into is not None:
        return redirect(found.merged_into, permanent=True)
    fits = profiles.topics_of(found)
    readings = profiles.readings(found)
    own, *similar = lists.dress([found, *profiles.similar(found, fits)], now=timezone.now())
    context = {
        "paper": found,
        "authors": own.everyone,
        "topics": fits,
        "readings": readings,
        "trend": trend.told(found.trend_inputs),
        "line": plots.line([(reading.read_at, reading.upvotes or 0) for reading in readings]),
        "similar": similar,
        "mentions": found.mentions.order_by("mentioned_on")[:10],
    }
    return render(request, "papers/paper.html", context)


@require_safe
def author(request: HttpRequest, pk: int) -> HttpResponse:
    count = Count("authorships", filter=Q(authorships__paper__merged_into=None))
    found = get_object_or_404(Author.objects.annotate(papers_here=count), pk=pk)
    papers = Paper.objects.canonical().filter(authorships__author=found)
    paginator = Paginator(papers.order_by("-published_at", "-id"), PER_PAGE)
    # Annotated, so that no query of its own counts them.
    paginator.count = found.papers_here  # type: ignore[attr-defined]
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "author": found,
        "page": page,
        "rows": lists.dress(page.object_list, now=timezone.now()),
        "query": "",
        "affiliations": profiles.affiliations(found),
        "coauthors": profiles.coauthors(found),
        "topics": profiles.topics_of_author(found),
    }
    return render(request, "papers/author.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "papers/privacy.html")
