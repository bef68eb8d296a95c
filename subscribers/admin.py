"""The operator's view of readers: find one, see every step, act only through consent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from subscribers import addresses, consent, links, notices
from subscribers.models import ConsentEvent, Notice, Subscriber, Suppression


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows are looked at; what changes them is a named action."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"subscribers.change_{self.opts.model_name}")


class ByAddressAdmin(ReadOnlyAdmin):
    """Rows that hold no address are found by one all the same, through its hash."""

    search_fields = ["address_hash"]
    search_help_text = _("The whole address.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        hashes = consent.address_hashes(_normal(search_term))
        return queryset.filter(address_hash__in=hashes), False


class HistoryInline(admin.TabularInline):
    model = ConsentEvent
    fields = ["happened_at", "kind", "door", "detail"]
    readonly_fields = ["happened_at", "kind", "door", "detail"]
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnlyAdmin):
    list_display = ["email", "status", "cadence", "timezone", "language", "created_at"]
    list_filter = ["status", "cadence", "language"]
    search_fields = ["email"]
    search_help_text = _("The whole address.")
    ordering = ["-id"]
    exclude = ["unsubscribe_token"]
    readonly_fields = ["preference_page"]
    inlines = [HistoryInline]
    actions = ["withdraw", "resume", "suppress", "erase"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Subscriber], search_term: str
    ) -> tuple[QuerySet[Subscriber], bool]:
        if not search_term:
            return queryset, False
        return queryset.filter(email=_normal(search_term)), False

    @admin.display(description=_("Preference page"))
    def preference_page(self, subscriber: Subscriber) -> SafeString:
        url = links.preferences_url(subscriber)
        return format_html('<a href="{}">{}</a>', url, _("Open as this reader"))

    @admin.action(description=_("Unsubscribe"), permissions=["act"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        now = timezone.now()
        _say(request, sum(consent.withdraw(s, door="operator", now=now) for s in queryset))

    @admin.action(description=_("Resume those that are paused"), permissions=["act"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        now = timezone.now()
        _say(request, sum(consent.resume(s, door="operator", now=now) for s in queryset))

    @admin.action(description=_("Suppress: never mail again"), permissions=["act"])
    def suppress(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        for subscriber in queryset:
            consent.suppress(
                subscriber.email, reason="operator", door="operator", now=timezone.now()
            )
        _say(request, len(queryset))

    @admin.action(description=_("Erase all data, keep the proof"), permissions=["erase"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        erased = 0
        for subscriber in queryset:
            consent.erase(subscriber, door="operator", now=timezone.now())
            erased += 1
        _say(request, erased)

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscribers.delete_subscriber")


class SuppressionForm(forms.ModelForm):
    address = forms.CharField(
        max_length=254, help_text=_("Only a keyed fingerprint of it is stored.")
    )

    class Meta:
        model = Suppression
        fields = ["detail"]

    def clean_address(self) -> str:
        try:
            return addresses.normalise(self.cleaned_data["address"])
        except addresses.AddressError as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Suppression)
class SuppressionAdmin(ByAddressAdmin):
    form = SuppressionForm
    list_display = ["fingerprint", "reason", "detail", "suppressed_at", "lifted_at"]
    list_filter = ["reason", ("lifted_at", admin.EmptyFieldListFilter)]
    ordering = ["-id"]
    actions = ["lift"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscribers.add_suppression")

    @admin.display(description=_("Address"), ordering="address_hash")
    def fingerprint(self, suppression: Suppression) -> str:
        return f"{suppression.address_hash[:12]}…"

    def save_model(
        self, request: HttpRequest, obj: Suppression, form: SuppressionForm, change: bool
    ) -> None:
        address, now = form.cleaned_data["address"], timezone.now()
        consent.suppress(address, reason="operator", detail=obj.detail, door="operator", now=now)
        obj.pk = Suppression.objects.get(address_hash=consent.address_hash(address)).pk
        obj.refresh_from_db()

    @admin.action(description=_("Lift: they may sign up again"), permissions=["act"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        now = timezone.now()
        _say(request, sum(consent.lift(s, door="operator", now=now) for s in queryset))


@admin.register(ConsentEvent)
class ConsentEventAdmin(ByAddressAdmin):
    list_display = ["happened_at", "kind", "door", "subscriber"]
    list_filter = ["kind", "door"]
    list_select_related = ["subscriber"]
    search_help_text = _("The whole address; proofs of erased readers are found too.")
    ordering = ["-id"]


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "status", "subscriber", "attempts", "created_at", "reason"]
    list_filter = ["status", "kind"]
    list_select_related = ["subscriber"]
    ordering = ["-id"]
    actions = ["send_again"]

    @admin.action(description=_("Send the failed ones again"), permissions=["act"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        _say(request, notices.send_again(queryset))


def _normal(typed: str) -> str:
    """The address in its one spelling; for what is none, itself, which finds nothing."""
    try:
        return addresses.normalise(typed)
    except addresses.AddressError:
        return typed


def _say(request: HttpRequest, count: int) -> None:
    text = ngettext("%d changed.", "%d changed.", count) % count
    messages.success(request, text)
