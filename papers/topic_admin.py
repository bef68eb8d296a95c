"""Topics in the admin: edit with a live preview, order, switch, merge."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import models, transaction
from django.db.models import Count, IntegerField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from papers import scoring, topic_merge, topic_trial, topics
from papers.models import Paper, PaperTopic, Topic
from papers.topic_form import TopicForm

PREVIEWED = 20
WEEK = timedelta(days=7)


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    form = TopicForm
    list_display = ("name", "position", "field", "state", "subscribers", "papers_last_week")
    list_editable = ("position",)
    list_filter = ("is_active", "field")
    list_select_related = ("merged_into",)
    list_per_page = 200
    search_fields = ("name", "slug", "description", "keywords", "synonyms")
    actions = ("move_up", "move_down", "switch_off", "switch_on", "merge")
    readonly_fields = ("subscribers", "papers_last_week", "origin")
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("field", "parent"), "description")}),
        ("What belongs to it", {"fields": ("keywords", "synonyms", "categories")}),
        ("In the list", {"fields": ("is_active", "position")}),
        ("So far", {"fields": ("subscribers", "papers_last_week", "origin")}),
    )

    class Media:
        js = ("topic-preview.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        return with_counts(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(require_POST(self.preview_view))
        own = [
            path("preview/", preview, name="papers_topic_preview_new"),
            path("<int:topic_id>/preview/", preview, name="papers_topic_preview"),
        ]
        return own + super().get_urls()

    def get_readonly_fields(self, request: HttpRequest, obj: Topic | None = None) -> Any:
        # The slug is the topic's public address, so it stays once it is out.
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Topic | None = None) -> Any:
        return {} if obj else {"slug": ("name",)}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        last = Topic.objects.aggregate(last=Max("position"))["last"] or 0
        return {"position": last + 10, **super().get_changeform_initial_data(request)}

    def has_delete_permission(self, request: HttpRequest, obj: Topic | None = None) -> bool:
        """Never: readers' choices would go with it. Switch it off or merge it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Topic | None = None) -> bool:
        merged = obj is not None and obj.merged_into_id is not None
        return not merged and super().has_change_permission(request, obj)

    @admin.display(description="state", ordering="is_active")
    def state(self, topic: Topic) -> str:
        if topic.merged_into is not None:
            return f"merged into {topic.merged_into.name}"
        return "on" if topic.is_active else "off"

    @admin.display(description="subscribers", ordering="subscriber_count")
    def subscribers(self, topic: Topic) -> int:
        return getattr(topic, "subscriber_count", 0)

    @admin.display(description="papers last week", ordering="paper_count")
    def papers_last_week(self, topic: Topic) -> int:
        return getattr(topic, "paper_count", 0)

    @admin.display(description="text")
    def origin(self, topic: Topic) -> str:
        if not topic.shipped_hash:
            return "Your own."
        if topic.shipped_hash == topics.text_of(topic).digest():
            return "As shipped; load_topics keeps it up to date."
        return "Shipped, then edited here; load_topics leaves it alone."

    def save_model(
        self, request: HttpRequest, obj: Topic, form: forms.ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if obj.is_active and (
            obj.scored_hash != scoring.text_hash(obj) or "is_active" in form.changed_data
        ):
            transaction.on_commit(partial(scoring.refresh_topic, obj))

    def preview_view(self, request: HttpRequest, topic_id: int | None = None) -> HttpResponse:
        """The best matches for the text as it stands in the form; nothing is saved."""
        topic = get_object_or_404(Topic, pk=topic_id) if topic_id else Topic()
        form = TopicForm(request.POST, instance=topic)
        for name in ("parent", "position", "is_active", "slug"):
            form.fields.pop(name)
        tested = None
        if form.is_valid():
            tested = topic_trial.back_test(form.instance, now=end_of_news())
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preview of {form.instance.name}",
            "form": form,
            "tested": tested,
            "shown": f":{PREVIEWED}",
            "days": len(tested.days) if tested else 0,
        }
        return TemplateResponse(request, "admin/papers/topic/preview.html", context)

    @admin.action(description="Move up", permissions=["change"])
    def move_up(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        self._move(request, queryset, step=-1)

    @admin.action(description="Move down", permissions=["change"])
    def move_down(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        self._move(request, queryset, step=1)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        chosen = list(queryset.filter(is_active=True))
        Topic.objects.filter(pk__in=[t.pk for t in chosen]).update(is_active=False)
        self._log(request, chosen, "Switched off.")
        self.message_user(request, f"{len(chosen)} topics switched off.")

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        chosen = list(queryset.filter(is_active=False, merged_into=None))
        Topic.objects.filter(pk__in=[t.pk for t in chosen]).update(is_active=True)
        self._log(request, chosen, "Switched on.")
        # Papers came in while it was off.
        transaction.on_commit(partial(scoring.refresh_topics, chosen))
        self.message_user(request, f"{len(chosen)} topics switched on.")

    @admin.action(description="Merge into another topic…", permissions=["change"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Topic]) -> HttpResponse | None:
        chosen = list(queryset.filter(merged_into=None))
        form = MergeForm(request.POST if "into" in request.POST else None, chosen=chosen)
        if not chosen:
            self.message_user(request, "These are merged already.", messages.WARNING)
            return None
        if form.is_valid():
            self._merge(request, chosen, form.cleaned_data["into"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Merge topics",
            "opts": self.opts,
            "chosen": chosen,
            "form": form,
        }
        return TemplateResponse(request, "admin/papers/topic/merge.html", context)

    def _merge(self, request: HttpRequest, chosen: list[Topic], into: Topic) -> None:
        with transaction.atomic():
            moved = sum(topic_merge.merge(t, into).get("preferences", 0) for t in chosen)
            self._log(request, chosen, f"Merged into {into.name}.")
            names = ", ".join(topic.name for topic in chosen)
            self._log(request, [into], f"Took over the readers of {names}.")
        self.message_user(request, f"{names} merged into {into.name}; {moved} readers moved.")

    def _move(self, request: HttpRequest, queryset: QuerySet[Topic], *, step: int) -> None:
        chosen = set(queryset.values_list("pk", flat=True))
        before = list(Topic.objects.order_by("position", "name", "pk"))
        after = moved(before, chosen, step=step)
        for position, topic in enumerate(after, start=1):
            topic.position = position * 10
        Topic.objects.bulk_update(after, ["position"])
        direction = "up" if step < 0 else "down"
        self._log(request, [t for t in after if t.pk in chosen], f"Moved {direction}.")

    def _log(self, request: HttpRequest, chosen: list[Topic], message: str) -> None:
        if chosen and request.user.pk:
            LogEntry.objects.log_actions(request.user.pk, chosen, CHANGE, message)


class MergeForm(forms.Form):
    into = forms.ModelChoiceField(
        Topic.objects.none(), label="Merge into", empty_label="Choose a topic"
    )

    def __init__(self, *args: Any, chosen: list[Topic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Topic.objects.active().exclude(pk__in=[topic.pk for topic in chosen])
        self.fields["into"].queryset = others  # type: ignore[attr-defined]


def moved(rows: list[Topic], chosen: set[int], *, step: int) -> list[Topic]:
    """The rows in a new order: each chosen one a place up (-1) or down (1), as far as it can."""
    order = rows[:] if step < 0 else rows[::-1]
    for n in range(1, len(order)):
        if order[n].pk in chosen and order[n - 1].pk not in chosen:
            order[n - 1], order[n] = order[n], order[n - 1]
    return order if step < 0 else order[::-1]


def with_counts(rows: QuerySet[Topic]) -> QuerySet[Topic]:
    """With `subscriber_count` (active readers) and `paper_count` (of the last week)."""
    # Readers live a floor above: reached by the name of the relation, not by import.
    preferences = Topic._meta.get_field("preferences").related_model
    since = newest_day() - WEEK
    return rows.annotate(
        subscriber_count=_count(preferences, Q(subscriber__status="active")),
        paper_count=_count(PaperTopic, Q(belongs=True, paper__first_mentioned_on__gt=since)),
    )


def _count(model: type[models.Model], which: Q) -> Coalesce:
    rows = model._default_manager.filter(which, topic=OuterRef("pk")).order_by().values("topic")
    counted = rows.annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def newest_day() -> date:
    """Today, or the last day with papers where the news stopped before."""
    newest: date | None = Paper.objects.aggregate(day=Max("first_mentioned_on"))["day"]
    today = timezone.now().date()
    return min(newest or today, today)


def end_of_news() -> datetime:
    return datetime.combine(newest_day(), time.max, tzinfo=timezone.get_default_timezone())
