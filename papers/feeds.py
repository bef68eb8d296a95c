"""An Atom feed (RFC 4287) for each list, with conditional GET."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from hashlib import blake2b
from typing import Any

from django.contrib.syndication.views import Feed
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import condition

from papers import lists
from papers.dates import dated
from papers.models import Author, Paper, Topic

LENGTH = 50


class PaperFeed(Feed):
    """Papers of one list; subclasses say which and how it is called."""

    feed_type = Atom1Feed

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: Callable[..., HttpResponse] = condition(etag_func=self.etag)(super().__call__)
        response = answer(request, *args, **kwargs)
        # A paper that joins or leaves the list makes it another without any paper being newer.
        del response["Last-Modified"]
        return response

    def etag(self, request: HttpRequest, **kwargs: Any) -> str:
        """Another one whenever a paper, the order, the feed's name or its language changes."""
        obj = self.get_object(request, **kwargs)
        papers = self.papers(obj).values_list("pk", "changed_at")[:LENGTH]
        said = [get_language(), self.title(obj), self.subtitle(obj), *papers]
        return blake2b(repr(said).encode(), digest_size=16).hexdigest()

    def title(self, obj: Any) -> str:
        raise Http404

    def subtitle(self, obj: Any) -> str:
        return ""

    def papers(self, obj: Any) -> QuerySet[Paper]:
        raise Http404

    def items(self, obj: Any) -> QuerySet[Paper]:
        return lists.with_authors(self.papers(obj))[:LENGTH]

    def feed_guid(self, obj: Any) -> str:
        return str(self.link(obj))

    def item_title(self, item: Paper) -> str:
        return item.title

    def item_description(self, item: Paper) -> str:
        return item.short_summary or item.abstract

    def item_link(self, item: Paper) -> str:
        return item.get_absolute_url()

    def item_author_name(self, item: Paper) -> str:
        return ", ".join(authorship.author.name for authorship in item.authorships.all()[:10])

    def item_pubdate(self, item: Paper) -> datetime | None:
        if item.first_mentioned_on:
            return datetime.combine(item.first_mentioned_on, time(), UTC)
        return item.published_at

    def item_updateddate(self, item: Paper) -> datetime:
        return item.changed_at

    def item_categories(self, item: Paper) -> list[str]:
        return list(item.categories)


class DayFeed(PaperFeed):
    def get_object(self, request: HttpRequest, on: date | None = None, **_: Any) -> date | None:
        return on

    def title(self, obj: date | None) -> str:
        return _("Papers of %(on)s") % {"on": dated(obj, "l j F Y")}

    def link(self, obj: date | None) -> str:
        return reverse("papers:day", args=[obj])

    def papers(self, obj: date | None) -> QuerySet[Paper]:
        return lists.ranked(obj) if obj else Paper.objects.none()


class TodayFeed(DayFeed):
    def get_object(self, request: HttpRequest, on: date | None = None, **_: Any) -> date | None:
        return lists.latest_day(until=timezone.localdate())

    def title(self, obj: date | None) -> str:
        return _("Papers of the day")

    def link(self, obj: date | None) -> str:
        return reverse("papers:today")


class TopicFeed(PaperFeed):
    def get_object(self, request: HttpRequest, slug: str = "", **_: Any) -> Topic:
        return get_object_or_404(Topic.objects.active(), slug=slug)

    def title(self, obj: Topic) -> str:
        return obj.name

    def subtitle(self, obj: Topic) -> str:
        return obj.description

    def link(self, obj: Topic) -> str:
        return obj.get_absolute_url()

    def papers(self, obj: Topic) -> QuerySet[Paper]:
        papers = lists.of_topic(Paper.objects.canonical(), obj)
        return papers.order_by("-first_mentioned_on", "-id")


class AuthorFeed(PaperFeed):
    def get_object(self, request: HttpRequest, pk: int = 0, **_: Any) -> Author:
        return get_object_or_404(Author, pk=pk)

    def title(self, obj: Author) -> str:
        return obj.name

    def link(self, obj: Author) -> str:
        return obj.get_absolute_url()

    def papers(self, obj: Author) -> QuerySet[Paper]:
        papers = Paper.objects.canonical().filter(authorships__author=obj)
        return papers.order_by("-published_at", "-id")
