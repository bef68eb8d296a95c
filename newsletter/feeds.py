"""An Atom feed (RFC 4287) of the letters for everybody."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import HttpRequest
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from newsletter import sample, wording
from newsletter.models import Edition

LENGTH = 3  # each takes two queries, and no page takes more than ten


class LettersFeed(Feed):
    feed_type = Atom1Feed

    def get_object(self, request: HttpRequest, cadence: str) -> str:
        return cadence

    def title(self, obj: str) -> str:
        is_weekly = obj == Edition.Cadence.WEEKLY
        name = _("%(site)s, weekly") if is_weekly else _("%(site)s, daily")
        return name % {"site": settings.SITE_NAME}

    def link(self, obj: str) -> str:
        return reverse("newsletter:letters_feed", args=[obj])

    def items(self, obj: str) -> list[Edition]:
        editions = Edition.objects.filter(cadence=obj).exclude(status=Edition.Status.CANCELLED)
        return list(editions[:LENGTH])

    def item_title(self, item: Edition) -> str:
        return wording.long_date(item.date)

    def item_description(self, item: Edition) -> str:
        papers, _count = sample.papers_of(item)
        return " · ".join(paper.title for paper in papers)

    def item_link(self, item: Edition) -> str:
        return reverse("newsletter:sample_letter", args=[item.cadence, item.date])

    def item_updateddate(self, item: Edition) -> datetime:
        return datetime.combine(item.date, time(12), UTC)
