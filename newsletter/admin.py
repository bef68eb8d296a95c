"""The operator's view of editions and letters: what went to whom, what came of it, and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from newsletter import editions, preview_admin, status
from newsletter.look_admin import LookAdmin
from newsletter.models import Attempt, DeliveryEvent, Digest, Edition, Entry
from subscribers.admin import ReadOnlyAdmin

__all__ = ["DigestAdmin", "EditionAdmin", "LookAdmin"]


class LedgerAdmin(ReadOnlyAdmin):
    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"newsletter.change_{self.opts.model_name}")


class LedgerInline(admin.TabularInline):
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Edition)
class EditionAdmin(LedgerAdmin):
    list_display = ["date", "cadence", "status", "progress", "reason", "closed_at"]
    list_filter = ["status", "cadence"]
    list_per_page = 30
    readonly_fields = ["letters"]
    actions = ["pause", "resume", "cancel", "retry_failed"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        own = path("<int:edition_id>/preview/", view, name="newsletter_edition_preview")
        return [own, *super().get_urls()]

    def preview_view(self, request: HttpRequest, edition_id: int) -> HttpResponse:
        return preview_admin.preview(request, self, edition_id)

    @admin.display(description=_("Letters"))
    def letters(self, edition: Edition) -> SafeString:
        address = reverse("admin:newsletter_edition_preview", args=[edition.pk])
        return format_html('<a href="{}">{}</a>', address, _("See any reader’s letter"))

    @admin.display(description=_("Letters"))
    def progress(self, edition: Edition) -> str:
        if edition.counts:
            return ", ".join(f"{name} {n}" for name, n in edition.counts.items())
        return status.edition_line(edition).facts

    @admin.action(description=_("Pause: send nothing until resumed"), permissions=["act"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Edition]) -> None:
        _say(request, sum(editions.pause(edition, reason="by hand") for edition in queryset))

    @admin.action(description=_("Resume what is paused or held"), permissions=["act"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Edition]) -> None:
        _say(request, sum(editions.resume(edition) for edition in queryset))

    @admin.action(description=_("Cancel: send nothing more, ever"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Edition]) -> None:
        _say(request, sum(editions.cancel(edition, reason="by hand") for edition in queryset))

    @admin.action(description=_("Send the failed letters again"), permissions=["act"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[Edition]) -> None:
        now = timezone.now()
        _say(request, sum(editions.retry_failed(edition, now=now) for edition in queryset))


class EntryInline(LedgerInline):
    model = Entry
    fields = readonly_fields = ("position", "section", "paper", "score", "reasons")


class AttemptInline(LedgerInline):
    model = Attempt
    fields = readonly_fields = (
        "number", "started_at", "finished_at", "outcome", "phase", "code", "reply", "provider",
    )  # fmt: skip


class EventInline(LedgerInline):
    model = DeliveryEvent
    fields = readonly_fields = ("happened_at", "provider", "kind", "verdict")


@admin.register(Digest)
class DigestAdmin(LedgerAdmin):
    list_display = [
        "id", "edition", "subscriber_address", "kind", "status", "attempts", "uncertain_attempts",
        "sent_at", "reason",
    ]  # fmt: skip
    list_filter = ["status", "kind", "edition__cadence"]
    list_select_related = ["edition", "subscriber"]
    search_fields = ["subscriber__email", "uuid"]
    search_help_text = _("The whole address, or the number in X-Paper-Round-Digest.")
    date_hierarchy = "edition__date"
    exclude = ["view_token"]
    inlines = [EntryInline, AttemptInline, EventInline]
    actions = ["repeat", "count_as_sent"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Digest], search_term: str
    ) -> tuple[QuerySet[Digest], bool]:
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(subscriber__email=term), False
        number = "".join(c for c in term if c in "0123456789abcdef")
        return (queryset.filter(uuid=number) if len(number) == 32 else queryset.none()), False

    @admin.display(description=_("Reader"), ordering="subscriber__email")
    def subscriber_address(self, digest: Digest) -> str:
        return digest.subscriber.email

    @admin.action(description=_("Uncertain: send once more"), permissions=["act"])
    def repeat(self, request: HttpRequest, queryset: QuerySet[Digest]) -> None:
        _say(request, editions.repeat(queryset))

    @admin.action(description=_("Uncertain: count as sent"), permissions=["act"])
    def count_as_sent(self, request: HttpRequest, queryset: QuerySet[Digest]) -> None:
        _say(request, editions.count_as_sent(queryset, now=timezone.now()))


def _say(request: HttpRequest, count: int) -> None:
    messages.success(request, ngettext("%d changed.", "%d changed.", count) % count)
