"""Providers' webhooks: `/hooks/{provider}/tracking/`, for the configured providers only.

Anymail checks and reads them. Where it would only warn, we refuse: without MAIL_WEBHOOK_SECRET, and
without the signing key of a provider that signs.
"""

from __future__ import annotations

import logging

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailersend import MailerSendTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.mailtrap import MailtrapTrackingWebhookView
from anymail.webhooks.mandrill import MandrillCombinedWebhookView
from anymail.webhooks.postal import PostalTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.resend import ResendTrackingWebhookView
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView
from anymail.webhooks.unisender_go import UnisenderGoTrackingWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter import providers, reports, tracking

logger = logging.getLogger(__name__)

APPLIED_AT_ONCE = 20  # events; the sweep applies what is left, so that a provider never waits

VIEWS: dict[str, type[AnymailBaseWebhookView]] = {
    "amazon_ses": AmazonSESTrackingWebhookView,
    "brevo": BrevoTrackingWebhookView,
    "mailersend": MailerSendTrackingWebhookView,
    "mailgun": MailgunTrackingWebhookView,
    "mailjet": MailjetTrackingWebhookView,
    "mailtrap": MailtrapTrackingWebhookView,
    "mandrill": MandrillCombinedWebhookView,
    "postal": PostalTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "resend": ResendTrackingWebhookView,
    "sendgrid": SendGridTrackingWebhookView,
    "sparkpost": SparkPostTrackingWebhookView,
    "unisender_go": UnisenderGoTrackingWebhookView,
}
# Anymail's names of the keys that check a signature, in MAIL_PROVIDER_OPTIONS.
SIGNING_KEYS = {
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mailtrap": "MAILTRAP_TRACKING_SECRET",
    "mandrill": "MANDRILL_WEBHOOK_KEY",
    "postal": "POSTAL_WEBHOOK_KEY",
    "resend": "RESEND_SIGNING_SECRET",
    "sendgrid": "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY",
}
# What Anymail's readers raise for a body that is not an event of theirs.
UNREADABLE = (
    AnymailError,
    ImproperlyConfigured,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)


@csrf_exempt  # providers post without a cookie; the secret and the signature are checked instead
@require_http_methods(["POST", "HEAD", "GET"])
def tracking_hook(request: HttpRequest, provider: str) -> HttpResponse:
    if provider not in VIEWS or provider not in providers.names():
        return HttpResponse("no such provider here", status=404)
    if missing := missing_key(provider):
        logger.error("webhook of %s refused: %s is not set", provider, missing)
        return HttpResponse("webhooks are off here", status=503)
    if request.method != "POST":
        return HttpResponse()  # how some providers check the address
    if "Authorization" not in request.headers:
        # Amazon's SNS sends its secret only after such an answer.
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="webhooks"'})

    view = VIEWS[provider]()
    view.setup(request)
    try:
        view.run_validators(request)
    except (AnymailWebhookValidationFailure, *UNREADABLE) as error:
        logger.warning("webhook of %s refused: %s", provider, type(error).__name__)
        return HttpResponse("not from the provider", status=403)
    try:
        events = view.parse_events(request)
    except UNREADABLE as error:
        logger.warning("webhook of %s not understood: %s", provider, type(error).__name__)
        return HttpResponse("not an event we understand", status=400)

    now = timezone.now()
    reports.store(events, view.esp_name, now=now)
    tracking.apply_open(now, limit=APPLIED_AT_ONCE)
    return HttpResponse()


def missing_key(provider: str) -> str:
    """The setting without which this provider's webhooks could be anybody's; empty: none."""
    if not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        return "MAIL_WEBHOOK_SECRET"
    key = SIGNING_KEYS.get(provider, "")
    return key if key and not settings.ANYMAIL.get(key) else ""


app_name = "hooks"
urlpatterns = [path("<slug:provider>/tracking/", tracking_hook, name="tracking")]
