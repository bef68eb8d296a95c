from datetime import date

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from papers import feeds, views

FIRST_YEAR = 1991  # arXiv's first; dates near year 1 have no day or month before them


class DayConverter:
    """A date like 2026-02-20; anything else, and what was before arXiv, is no such page."""

    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        found = date.fromisoformat(value)  # ValueError: no match
        if found.year < FIRST_YEAR:
            raise ValueError("a year before arXiv's first")
        return found

    def to_url(self, value: date) -> str:
        return value.isoformat()


class PublicIdConverter(StringConverter):
    """An arXiv id, old (hep-th/9901001) or new, or our own number (n17)."""

    regex = r"[A-Za-z0-9./-]{1,40}"


register_converter(DayConverter, "day")
register_converter(PublicIdConverter, "public_id")

app_name = "papers"
urlpatterns = [
    path("today", views.today, name="today"),
    path("today/atom", feeds.TodayFeed(), name="today_feed"),
    path("d/<day:on>", views.day, name="day"),
    path("d/<day:on>/atom", feeds.DayFeed(), name="day_feed"),
    path("topics", views.topics, name="topics"),
    path("topic/<slug:slug>", views.topic, name="topic"),
    path("topic/<slug:slug>/atom", feeds.TopicFeed(), name="topic_feed"),
    path("author/<int:pk>", views.author, name="author"),
    path("author/<int:pk>/atom", feeds.AuthorFeed(), name="author_feed"),
    path("paper/<public_id:public_id>", views.paper, name="paper"),
    path("privacy", views.privacy, name="privacy"),
]
