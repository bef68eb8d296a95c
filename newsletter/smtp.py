"""A Django mail backend over the phase-aware dialogue: it says whether a letter left.

Each recipient is a transaction of its own, so that one who is refused touches nobody else.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.utils import DNS_NAME

from newsletter.dialogue import Dialogue, Envelope, Relay, RelayError, mailable
from newsletter.models import Attempt
from newsletter.outcomes import Outcome

Kind = Attempt.Outcome
LINE_END = re.compile(rb"\r\n|\r|\n")
LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class NotSentError(smtplib.SMTPException):
    """A letter was not accepted; `outcome` says how far it got and whether it may have left."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.kind} ({outcome.phase}): {outcome.code or ''} {outcome.reply}")
        self.outcome = outcome


class EmailBackend(BaseEmailBackend):
    """Takes the same settings and arguments as Django's own SMTP backend."""

    def __init__(self, *, fail_silently: bool = False, relay: Relay | None = None, **kwargs: Any):
        super().__init__(fail_silently=fail_silently)
        self.dialogue = Dialogue(relay or relay_from_settings(**kwargs))

    def open(self) -> bool:
        """True where a connection was made for this call, as Django defines it."""
        if self.dialogue.is_open:
            return False
        try:
            self.dialogue.open()
        except RelayError as fault:
            if self.fail_silently:
                return False
            raise NotSentError(fault.outcome) from fault
        return True

    def close(self) -> None:
        self.dialogue.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send each message to each of its recipients; returns how many messages went to all.

        All are tried before the first refusal is raised as NotSentError, so none is forgotten
        because of another; with `fail_silently` the count alone tells.
        """
        was_open = self.dialogue.is_open
        sent, first_refusal = 0, None
        try:
            for message in email_messages:
                refusals = [o for o in self._send(message) if not o.is_sent]
                sent += bool(message.recipients()) and not refusals
                first_refusal = first_refusal or next(iter(refusals), None)
        finally:
            if not was_open:
                self.close()
        if first_refusal and not self.fail_silently:
            raise NotSentError(first_refusal)
        return sent

    def _send(self, message: EmailMessage) -> list[Outcome]:
        data = prepared(message.message().as_bytes())
        sender = mailable(parseaddr(message.from_email)[1])
        recipients = [mailable(parseaddr(to)[1]) for to in message.recipients()]
        return [hand_over(self.dialogue, sender, to, data) for to in recipients]


def hand_over(dialogue: Dialogue, sender: str, to: str, data: bytes) -> Outcome:
    """One prepared letter to one recipient, envelope and body."""
    envelope = Envelope(sender, to, len(data), is_8bit=not data.isascii())
    refusal = dialogue.envelope(envelope)
    return blame(refusal) if refusal else dialogue.body(data)


def blame(refusal: Outcome) -> Outcome:
    """A "not now" to MAIL names only ourselves: the relay's own fault, not this letter's."""
    if refusal.kind == Kind.RETRY and refusal.phase == "mail" and refusal.code:
        return refusal._replace(kind=Kind.NOT_TRIED)
    return refusal


def prepared(message: bytes) -> bytes:
    """The bytes as they travel: CRLF line ends, leading dots doubled, no final dot."""
    return LEADING_DOT.sub(b"..", LINE_END.sub(b"\r\n", message))


def relay_from_settings(
    *,
    host: str | None = None,
    port: int | None = None,
    username: str | None = None,
    password: str | None = None,
    use_tls: bool | None = None,
    use_ssl: bool | None = None,
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    **_ignored: Any,
) -> Relay:
    """The relay of EMAIL_URL, with whatever Django's caller names instead."""

    def given(value: Any, name: str) -> Any:
        return getattr(settings, name) if value is None else value

    return Relay(
        host=given(host, "EMAIL_HOST"),
        port=given(port, "EMAIL_PORT"),
        user=given(username, "EMAIL_HOST_USER"),
        password=given(password, "EMAIL_HOST_PASSWORD"),
        starttls=given(use_tls, "EMAIL_USE_TLS"),
        implicit_tls=given(use_ssl, "EMAIL_USE_SSL"),
        hello=DNS_NAME.get_fqdn(),
        tls=tls,
    )
