"""The letters' look in the admin: a change is a new version, and an old one can be used again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsletter import looks, proofs
from newsletter.look_form import LookForm, TemplateForm
from newsletter.models import LookVersion
from subscribers import engine
from subscribers.admin import ReadOnlyAdmin


@admin.register(LookVersion)
class LookAdmin(ReadOnlyAdmin):
    form = LookForm
    list_display = ["created_at", "masthead", "accent", "own_templates"]
    fields = ["masthead", "accent", "accent_dark", "intro", "footer"]
    actions = ["use_again"]
    change_list_template = "admin/newsletter/look_list.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("newsletter.add_lookversion")

    def has_act_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("templates/", view(self.templates_view), name="newsletter_look_templates"),
            path(
                "templates/<str:name>/", view(self.template_view), name="newsletter_look_template"
            ),
            *super().get_urls(),
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        row = looks.latest()
        return {name: getattr(row, name) for name in self.form.base_fields} if row else {}

    def save_model(
        self, request: HttpRequest, obj: LookVersion, form: LookForm, change: bool
    ) -> None:
        row = looks.latest()
        obj.created_at = timezone.now()
        obj.templates = dict(row.templates) if row else {}
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("Templates of your own"))
    def own_templates(self, row: LookVersion) -> str:
        return ", ".join(sorted(row.templates))

    @admin.action(description=gettext_lazy("Use this look again"), permissions=["act"])
    def use_again(self, request: HttpRequest, queryset: QuerySet[LookVersion]) -> None:
        rows = list(queryset[:2])
        if len(rows) != 1:
            messages.error(request, _("Choose one look."))
            return
        self._save(request, looks.again(rows[0]), _("Used the look of %s again.") % rows[0])

    def templates_view(self, request: HttpRequest) -> HttpResponse:
        """All templates, the operator's own marked."""
        self._check(request)
        row = looks.latest()
        own = row.templates if row else {}
        names = [(name, name in own) for name in engine.shipped()]
        context = self._context(request, _("Templates of the letters")) | {"names": names}
        return TemplateResponse(request, "admin/newsletter/templates.html", context)

    def template_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Edit one; a broken one is refused and the last good one stays."""
        self._check(request)
        shipped = engine.shipped()
        if name not in shipped:
            raise Http404
        row = looks.latest()
        present = (row.templates if row else {}).get(name)
        initial = {"text": present or shipped[name]}
        form = TemplateForm(name, request.POST or None, initial=initial)
        if request.method == "POST" and "restore" in request.POST:
            if row and present is not None:
                self._save(
                    request, looks.with_template(row, name, ""), _("The shipped %s again.") % name
                )
            return HttpResponseRedirect(reverse("admin:newsletter_look_templates"))
        if request.method == "POST" and form.is_valid():
            new = looks.with_template(row, name, form.cleaned_data["text"])
            self._save(request, new, _("In use: %s") % name)
            if why := proofs.slows(looks.look_of(new)):
                messages.warning(
                    request, _("Letters now take longer to print, one by one: %s") % why
                )
            return HttpResponseRedirect(reverse("admin:newsletter_look_templates"))
        context = self._context(request, name) | {"form": form, "is_own": present is not None}
        return TemplateResponse(request, "admin/newsletter/template.html", context)

    def _check(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request):
            raise PermissionDenied

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts}

    def _save(self, request: HttpRequest, row: LookVersion, what: str) -> None:
        row.save()
        self.log_addition(request, row, what)
        messages.success(request, what)
