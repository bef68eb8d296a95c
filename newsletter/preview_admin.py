"""Where an operator sees any edition's letter to any reader, and sends themselves a test."""

from __future__ import annotations

import smtplib
from datetime import datetime
from typing import Any

from anymail.exceptions import AnymailError
from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsletter import preflight, previews
from newsletter.models import Edition
from newsletter.views import as_letter
from subscribers import addresses
from subscribers.models import Subscriber


class ReaderForm(forms.Form):
    reader = forms.CharField(
        label=gettext_lazy("The reader’s whole address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"size": 40}),
    )

    def clean_reader(self) -> Subscriber:
        try:
            address = addresses.normalise(self.cleaned_data["reader"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        reader = Subscriber.objects.filter(email=address).first()
        if reader is None:
            raise forms.ValidationError(_("Nobody subscribed with this address."))
        return reader


@as_letter
def preview(request: HttpRequest, admin: ModelAdmin[Any], edition_id: int) -> HttpResponse:
    """GET shows; POST sends a test to the operator's own address."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    edition = get_object_or_404(Edition, pk=edition_id)
    form = ReaderForm(request.POST if request.method == "POST" else request.GET or None)
    context = {
        **admin.admin_site.each_context(request),
        "title": _("The letter of %s") % edition,
        "opts": admin.opts,
        "edition": edition,
        "form": form,
        "to": request.user.email,  # type: ignore[union-attr]
    }
    if form.is_valid():
        reader, now = form.cleaned_data["reader"], timezone.now()
        try:
            letter = previews.preview(edition, reader, now=now)
        except LookupError as error:
            context["nothing"] = str(error)
        else:
            if request.GET.get("part") == "html":
                return HttpResponse(str(letter.alternatives[0][0]))
            context |= {"letter": letter, "reader": reader}
            if request.method == "POST":
                _send_test(request, edition, reader, now)
    return TemplateResponse(request, "admin/newsletter/preview.html", context)


def _send_test(request: HttpRequest, edition: Edition, reader: Subscriber, now: datetime) -> None:
    to = request.user.email  # type: ignore[union-attr]
    if not to:
        messages.error(request, _("Your account has no address to send it to."))
        return
    if reason := preflight.forbids_sending():
        messages.error(request, reason)
        return
    try:
        previews.to_operator(edition, reader, to=to, now=now).send()
    except (OSError, smtplib.SMTPException, AnymailError) as error:
        messages.error(request, _("It could not be sent: %s") % type(error).__name__)
        return
    messages.success(request, _("Sent to %s.") % to)
