"""The only place a mail object is made: three templates that share a stem."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from email.charset import QP, Charset
from email.mime.text import MIMEText
from email.utils import formataddr
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context
from django.template.loader import get_template
from django.utils import translation

from subscribers import look, wire

# Transactional letters are automatic but not bulk: no List-Unsubscribe, no Precedence.
AUTOMATIC = {
    "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
    "X-Auto-Response-Suppress": "OOF, AutoReply",
}

QUOTED_PRINTABLE = Charset("utf-8")
QUOTED_PRINTABLE.body_encoding = QP


class Letter(EmailMultiAlternatives):
    """Text as quoted-printable, HTML in seven bits; the same letter is the same bytes each time."""

    def message(self, *, policy: Any = None) -> Any:
        message: Any = super().message()
        text = message
        if message.is_multipart():
            text = message.get_payload(0)
            message.set_boundary(boundary(self.extra_headers["Message-ID"]))
        del text["Content-Transfer-Encoding"]
        MIMEText.set_payload(text, self.body, charset=QUOTED_PRINTABLE)
        return message


def boundary(message_id: str) -> str:
    """Between the parts of one letter; "=_" never occurs in quoted-printable text (RFC 2045)."""
    return f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:24]}"


def compose(
    name: str,
    to: str,
    context: Mapping[str, Any],
    *,
    language: str = "en",
    headers: Mapping[str, str] | None = None,
) -> Letter:
    """The letter `letter/{name}` for one recipient, in their language; nothing is sent.

    Subject and text are not HTML and are rendered without escaping.
    """
    values = {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "postal_address": settings.POSTAL_ADDRESS,
        **context,
    }
    with translation.override(language):
        values.setdefault("language", translation.get_language() or "en")
        values.setdefault("direction", "rtl" if translation.get_language_bidi() else "ltr")
        values.setdefault("css", look.styles(str(values["direction"])))
        values.setdefault("dark", look.DARK)
        subject = " ".join(_render(f"letter/{name}.subject.txt", values, escape=False).split())
        text = _render(f"letter/{name}.txt", values, escape=False)
        html = _render(f"letter/{name}.html", values, escape=True)

    message_id = f"<{uuid4()}@{settings.MAIL_DOMAIN}>"
    message = Letter(
        subject=subject,
        body=text,
        from_email=formataddr((settings.SITE_NAME, settings.MAIL_FROM)),
        to=[to],
        reply_to=[settings.MAIL_REPLY_TO],
        headers={"Message-ID": message_id, **AUTOMATIC, **(headers or {})},
    )
    message.attach_alternative(wire.ascii_html(html), "text/html")
    return message


def _render(template: str, values: dict[str, Any], *, escape: bool) -> str:
    # Django's loader wraps the template it found; its own render() would escape text too.
    wrapped: Any = get_template(template)
    return str(wrapped.template.render(Context(values, autoescape=escape)))
