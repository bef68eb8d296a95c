"""The only place a mail object is made: three templates that share a stem."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from email.charset import QP, Charset
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formataddr
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context
from django.utils import translation

from subscribers import engine, wire
from subscribers.look import SHIPPED, Look, styles

logger = logging.getLogger(__name__)

# Transactional letters are automatic but not bulk: no List-Unsubscribe, no Precedence.
AUTOMATIC = {
    "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
    "X-Auto-Response-Suppress": "OOF, AutoReply",
}

SPACES = re.compile("[^\\S\u00a0\u202f]+")
SUBJECT_LONGEST = 200  # characters; beyond it a line of the header could be too long
QUOTED_PRINTABLE = Charset("utf-8")
QUOTED_PRINTABLE.body_encoding = QP


class Letter(EmailMultiAlternatives):
    """Text as quoted-printable, HTML in seven bits; the same letter is the same bytes each time."""

    def message(self, *, policy: Any = None) -> Any:
        message: Any = super().message()
        message.replace_header("Subject", subject_header(str(self.subject)))
        text = message
        if message.is_multipart():
            text = message.get_payload(0)
            message.set_boundary(boundary(self.extra_headers["Message-ID"]))
        del text["Content-Transfer-Encoding"]
        MIMEText.set_payload(text, self.body, charset=QUOTED_PRINTABLE)
        return message


def subject_header(subject: str) -> str | Header:
    """Encoded words begin behind "Subject:", not on a line of their own as Django folds them."""
    if subject.isascii():
        return subject
    return Header(subject, "utf-8", header_name="Subject", maxlinelen=76)


def boundary(message_id: str) -> str:
    """Between the parts of one letter: the part of its Message-ID that is one letter's own.

    "=_" never occurs in quoted-printable text (RFC 2045), a random number not in HTML.
    """
    return f"=_{message_id[1:].partition('@')[0]}"


def compose(
    name: str,
    to: str,
    context: Mapping[str, Any],
    *,
    language: str = "en",
    headers: Mapping[str, str] | None = None,
    look: Look = SHIPPED,
) -> Letter:
    """The letter `letter/{name}` for one recipient, in their language; nothing is sent."""
    with translation.override(language):
        try:
            subject, text, html = _parts(name, context, look)
        except Exception:
            if look.is_proof or not look.templates:
                raise
            # A letter in the shipped templates is better than none.
            logger.exception("a template of the operator's own fails; the shipped ones are used")
            subject, text, html = _parts(name, context, replace(look, templates=()))

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


def _parts(name: str, context: Mapping[str, Any], look: Look) -> tuple[str, str, str]:
    """Subject, text and HTML; the first two are not HTML and are rendered without escaping."""
    all_values = values(context, look)
    subject, text, html = (
        render(f"letter/{name}.{kind}", all_values, escape=kind == "html", look=look)
        for kind in ("subject.txt", "txt", "html")
    )
    return one_line(subject)[:SUBJECT_LONGEST], text, html


def one_line(words: str) -> str:
    """Without breaks and double spaces; a no-break space stays, as French has it before a colon."""
    return SPACES.sub(" ", words).strip()


def page(
    name: str, context: Mapping[str, Any], *, language: str = "en", look: Look = SHIPPED
) -> str:
    """The HTML of the letter `letter/{name}` alone, for the web."""
    with translation.override(language):
        return render(f"letter/{name}.html", values(context, look), escape=True, look=look)


def values(context: Mapping[str, Any], look: Look = SHIPPED) -> dict[str, Any]:
    """What every letter's templates may use, in the language that is switched on."""
    direction = "rtl" if translation.get_language_bidi() else "ltr"
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "postal_address": settings.POSTAL_ADDRESS,
        "owner": owner(),
        "language": translation.get_language() or "en",
        "direction": direction,
        "css": styles(direction, look.light),
        "dark": look.dark,
        "masthead": look.masthead or settings.SITE_NAME,
        "intro": look.intro,
        "footer_note": look.footer,
        **context,
    }


def owner() -> str:
    """The site's name and postal address; an address that begins with the name says both."""
    name, address = settings.SITE_NAME, settings.POSTAL_ADDRESS
    return address if address.startswith(name) else ", ".join(filter(None, (name, address)))


def render(template: str, context: Mapping[str, Any], *, escape: bool, look: Look = SHIPPED) -> str:
    """One template, nothing else."""
    found = engine.of(look).get_template(template)
    return str(found.render(Context(dict(context), autoescape=escape)))
