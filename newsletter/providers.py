"""Mail providers by django-anymail, behind one gateway that says what became of each letter."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from anymail.backends.brevo import BrevoPayload
from anymail.backends.brevo import EmailBackend as AnymailBrevo
from anymail.backends.resend import EmailBackend as AnymailResend
from anymail.backends.resend import ResendPayload
from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.module_loading import import_string

from newsletter import answers
from newsletter.models import Attempt
from newsletter.outcomes import Outcome, quoted

logger = logging.getLogger(__name__)

DIGEST_HEADER = "X-Paper-Round-Digest"
METADATA = "digest"  # comes back in every webhook
WITHOUT_METADATA = {"mailersend", "postal"}  # a tag does there
FALL_OVER_AFTER = 120.0  # seconds of pause before a second provider takes over

Kind = Attempt.Outcome


def hand_over(message: EmailMessage, connection: AnymailBaseBackend) -> Outcome:
    """Offer one letter to its one reader to a provider, and say what came of it. Never raises."""
    if fault := unfit(message):
        return Outcome(Kind.FAILED, "compose", reply=fault)

    key = digest_of(message)
    connection.phase = "compose"
    try:
        _label(message, key, connection)
        connection.send_messages([message])
    except AnymailAPIError as error:
        error.esp_name = error.esp_name or connection.esp_name
        return answers.understand(
            error, keyed=connection.has_keys and bool(key), now=timezone.now()
        )
    except AnymailRecipientsRefused:
        pass  # the recipient's status says it, as it does where nothing was raised
    except Exception as error:  # the phase says what is known, whatever it was
        return _broken(error, connection.phase)
    return _by_recipient(message)


def unfit(message: EmailMessage) -> str:
    """Why this letter may not go to a provider at all; empty where it may."""
    recipients = message.recipients()
    if len(recipients) != 1:
        return f"one reader a letter, not {len(recipients)}"
    lines = [message.subject, message.from_email, *recipients, *message.reply_to]
    lines += [part for pair in message.extra_headers.items() for part in pair]
    if any(c in str(line) for line in lines for c in "\r\n\0"):
        return "a line break in a header"
    return ""


def digest_of(message: EmailMessage) -> str:
    """The digest's uuid; letters that are no digest have none."""
    return str(message.extra_headers.get(DIGEST_HEADER, ""))


def _label(message: Any, key: str, connection: AnymailBaseBackend) -> None:
    """Have every webhook about this letter bring the digest's uuid back."""
    if key and connection.name in WITHOUT_METADATA:
        message.tags = [key]
    elif key:
        message.metadata = {METADATA: key}


def _by_recipient(message: EmailMessage) -> Outcome:
    """By the provider's word on the one recipient, which is all that counts."""
    status = getattr(message, "anymail_status", None)
    if status is None or not status.recipients:
        return Outcome(Kind.FAILED, "compose", reply="cancelled before it was offered")
    recipient = next(iter(status.recipients.values()))
    message_id = str(recipient.message_id or "")[:300]
    body = _json(status.esp_response)
    if recipient.status in {"sent", "queued"}:
        return Outcome(Kind.SENT, "answered", _http(status), message_id=message_id)
    words = quoted(f"{recipient.status}: {body.get('Message') or body.get('message') or ''}")
    if recipient.status in {"rejected", "invalid", "failed"} or body.get("ErrorCode") == 406:
        # 406: Postmark's word for an address that bounced or complained; no exception is raised.
        inactive = recipient.status == "rejected" or body.get("ErrorCode") == 406
        return Outcome(Kind.FAILED, "answered", _http(status), words, suppress=inactive)
    return Outcome(Kind.UNCERTAIN, "answered", _http(status), words, message_id)


def _http(status: Any) -> int | None:
    return getattr(status.esp_response, "status_code", None)


def _json(response: Any) -> dict[str, Any]:
    if isinstance(response, dict):
        return response
    try:
        body = response.json()
    except (AttributeError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _broken(error: Exception, phase: str) -> Outcome:
    logger.warning("a letter broke at %s: %s", phase, type(error).__name__)
    kind = Kind.FAILED if phase == "compose" else Kind.UNCERTAIN
    return Outcome(kind, phase, reply=quoted(f"{type(error).__name__}: {error.args[:1]}"))


# Connections


def names() -> tuple[str, ...]:
    """The configured providers, first choice first."""
    return tuple(
        dict.fromkeys(
            name for name in (settings.MAIL_PROVIDER, settings.MAIL_FALLBACK_PROVIDER) if name
        )
    )


def choose(
    providers: Sequence[str], paused: Mapping[str, float], *, may_have: str = ""
) -> str | None:
    """Which provider takes a pending letter; None: wait.

    `paused` holds seconds left by provider. `may_have` names the provider that perhaps accepted
    this letter before: only there a repetition is recognised, so nobody else gets it.
    """
    if may_have in providers:
        return None if paused.get(may_have) else may_have
    for name in providers:
        left = paused.get(name, 0.0)
        if not left:
            return name
        if left < FALL_OVER_AFTER:
            return None  # soon over; two senders at once would look like two newsletters
    return None


_of_thread = threading.local()


def connection(name: str) -> AnymailBaseBackend:
    """This thread's connection to a provider, opened once and kept alive."""
    held: dict[str, AnymailBaseBackend] = _of_thread.__dict__.setdefault("connections", {})
    if name not in held:
        backend = connect(name)
        backend.open()
        held[name] = backend
    return held[name]


def close() -> None:
    """End this thread's connections."""
    for backend in _of_thread.__dict__.pop("connections", {}).values():
        backend.close()


def connect(name: str) -> AnymailBaseBackend:
    """A fresh backend of a provider, not opened yet, that knows how far a letter got."""
    backend = KEYED.get(name) or import_string(f"anymail.backends.{name}.EmailBackend")
    watched = type(f"Watched{name.title()}", (Watched, backend), {"has_keys": name in KEYED})
    options = {"client_params": _one_attempt()} if name == "amazon_ses" else {}
    made = watched(**options)
    made.name = name
    return made


def _one_attempt() -> dict[str, Any]:
    """boto would post a letter three times where the reply is lost."""
    given: dict[str, Any] = settings.ANYMAIL.get("AMAZON_SES_CLIENT_PARAMS", {})
    config = {"connect_timeout": 5, "read_timeout": 30, **given.get("config", {})}
    return {**given, "config": {**config, "retries": {"total_max_attempts": 1}}}


class Watched:
    """Mixed into a provider's backend: knows whether the request has begun."""

    name = ""
    phase = "compose"
    has_keys = False

    def post_to_esp(self, payload: Any, message: EmailMessage) -> Any:
        self.phase = "request"
        response = super().post_to_esp(payload, message)  # type: ignore[misc]  # a mixin
        self.phase = "answered"
        return response


class KeyedResendPayload(ResendPayload):
    """A header of the request, kept for a day: resend.com/docs/dashboard/emails/idempotency-keys"""

    def __init__(self, message: EmailMessage, defaults: Any, backend: Any) -> None:
        key = digest_of(message)
        headers = {"Idempotency-Key": key} if key else {}
        super().__init__(message, defaults, backend, headers=headers)


class KeyedResend(AnymailResend):
    def build_message_payload(self, message: EmailMessage, defaults: Any) -> ResendPayload:
        return KeyedResendPayload(message, defaults, self)


class KeyedBrevoPayload(BrevoPayload):
    """Among the mail's headers in the body, kept for 15 to 30 minutes; a second use is refused
    as duplicate_parameter: developers.brevo.com/docs/heterogenous-versions-batch-emails"""

    def __init__(self, message: EmailMessage, defaults: Any, backend: Any) -> None:
        super().__init__(message, defaults, backend)
        if key := digest_of(message):
            self.data["headers"]["idempotencyKey"] = key


class KeyedBrevo(AnymailBrevo):
    def build_message_payload(self, message: EmailMessage, defaults: Any) -> BrevoPayload:
        return KeyedBrevoPayload(message, defaults, self)


KEYED: dict[str, type[AnymailBaseBackend]] = {"resend": KeyedResend, "brevo": KeyedBrevo}
