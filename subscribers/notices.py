"""Transactional letters: each Notice row is sent once, or again after a fault, at most five times.

A letter of these kinds may come twice when a process dies at the wrong moment, never not at all.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta
from typing import Any

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import translation
from django.utils.module_loading import import_string

from subscribers import consent, links, mail, preferences
from subscribers.look import Look
from subscribers.models import ConsentEvent, Notice, Subscriber

logger = logging.getLogger(__name__)

Kind = Notice.Kind
Status = Notice.Status

MAX_ATTEMPTS = 5
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 25, 120)]  # after the first, second, … try
STALE_AFTER = timedelta(minutes=15)  # longer than any time-out of a mail backend
ALERT_AGAIN_AFTER = timedelta(days=1)

# Who may get which kind; to everybody else the letter has become pointless.
FOR_STATUS: dict[str, set[str]] = {
    Kind.CONFIRM: {Subscriber.Status.PENDING},
    Kind.ALREADY: {Subscriber.Status.ACTIVE, Subscriber.Status.PAUSED},
    Kind.SIGN_IN: {Subscriber.Status.ACTIVE, Subscriber.Status.PAUSED},
    Kind.CHANGED: {Subscriber.Status.ACTIVE, Subscriber.Status.PAUSED},
    Kind.GOODBYE: {Subscriber.Status.UNSUBSCRIBED},
}
# After this long the letter would only surprise.
WORTH_SENDING: dict[str, timedelta] = {
    Kind.CONFIRM: links.CONFIRM_WITHIN,
    Kind.SIGN_IN: links.SIGN_IN_WITHIN,
}
REFUSED_BY_PROVIDER = {"rejected", "failed", "invalid"}  # anymail's words


class NoLetterError(Exception):
    """The letter must not go, need not go, or was refused for good; the message is the reason."""


class RelayFaultError(Exception):
    """No letter would have gone just now; the message is the reason."""


def send_due(*, now: datetime, limit: int = 100) -> int:
    """Send what is due, oldest first; returns how many letters were accepted.

    Safe to run several at once. A relay that cannot be reached, or that will not have us, costs no
    attempts; the rest then waits for the next call.
    """
    _take_back_stale(now)
    due = Notice.objects.filter(Q(not_before=None) | Q(not_before__lte=now), status=Status.PENDING)
    ids = list(due.order_by("id").values_list("id", flat=True)[:limit])
    if not ids:
        return 0
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException, AnymailError) as error:
        logger.warning("notices wait: mail relay not reachable: %s", type(error).__name__)
        return 0
    sent = 0
    try:
        for notice_id in ids:
            sent += _send(notice_id, connection, now)
    except RelayFaultError as fault:
        logger.warning("notices wait: %s", fault)
    finally:
        connection.close()
    return sent


def alert_operator(about: str, text: str, *, now: datetime) -> bool:
    """Write to OPERATOR_EMAIL; one letter a day for each subject matter `about`.

    Where that is not set, or no letter can leave, the log has it.
    """
    recent = Notice.objects.filter(
        kind=Kind.OPERATOR_ALERT, created_at__gt=now - ALERT_AGAIN_AFTER, context__about=about
    )
    if recent.exists():
        return False
    logger.error("for the operator: %s: %s", about, text)
    if not settings.OPERATOR_EMAIL:
        return False
    Notice.objects.create(
        kind=Kind.OPERATOR_ALERT, created_at=now, context={"about": about, "text": text}
    )
    return True


def send_again(notices: QuerySet[Notice]) -> int:
    """Give failed ones a new start; returns how many. Pointless ones will fail again."""
    failed = notices.filter(status=Status.FAILED)
    return failed.update(status=Status.PENDING, attempts=0, not_before=None)


def _send(notice_id: int, connection: BaseEmailBackend, now: datetime) -> bool:
    waiting = Notice.objects.filter(pk=notice_id, status=Status.PENDING)
    claimed = waiting.update(status=Status.SENDING, claimed_at=now, attempts=F("attempts") + 1)
    if claimed != 1:
        return False

    notice = Notice.objects.select_related("subscriber").filter(pk=notice_id).first()
    if notice is None:  # its reader was erased just now
        return False
    try:
        message = _letter(notice, now)
        _hand_over(message, connection)
    except NoLetterError as error:
        _fail(notice, str(error))
        return False
    except RelayFaultError as fault:
        _hand_back(notice, str(fault), now)
        raise
    except (OSError, smtplib.SMTPException, AnymailError, ValueError) as error:
        _try_later(notice, _said(error) or type(error).__name__, now)
        return False
    _mark_sent(notice, now)
    return True


def _letter(notice: Notice, now: datetime) -> EmailMultiAlternatives:
    # The same on every try, so that a second copy can be recognised as one.
    headers = {"Message-ID": f"<notice-{notice.pk}@{settings.MAIL_DOMAIN}>"}
    subscriber = notice.subscriber
    if subscriber is None:
        if not settings.OPERATOR_EMAIL:
            raise NoLetterError("OPERATOR_EMAIL is not set")
        context = {**notice.context, "action_url": f"{settings.SITE_URL}/admin/"}
        return mail.compose(
            notice.kind, settings.OPERATOR_EMAIL, context, headers=headers, look=_look()
        )
    if consent.is_suppressed(subscriber.email):
        raise NoLetterError("suppressed")
    if subscriber.status not in FOR_STATUS[notice.kind]:
        raise NoLetterError(f"reader is {subscriber.status}")
    if notice.kind in WORTH_SENDING and now - notice.created_at > WORTH_SENDING[notice.kind]:
        raise NoLetterError("too late to be of use")
    with translation.override(subscriber.language):
        context = _context(notice, subscriber, now)
    return mail.compose(
        notice.kind,
        subscriber.email,
        context,
        language=subscriber.language,
        headers=headers,
        look=_look(),
    )


def _look() -> Look:
    """The operator's, which is kept where the digest is made: settings.LETTER_LOOK."""
    current: Look = import_string(settings.LETTER_LOOK)()
    return current


def _context(notice: Notice, subscriber: Subscriber, now: datetime) -> dict[str, Any]:
    """What the templates may print; the links are made at sending and stored nowhere."""
    values: dict[str, Any] = {**notice.context, "address": subscriber.email}
    if notice.kind == Kind.CONFIRM:
        chosen = subscriber.topic_preferences.select_related("topic")
        values["topics"] = [preference.topic.name for preference in chosen]
        values["action_url"] = links.confirm_url(subscriber, now=now)
    elif notice.kind == Kind.SIGN_IN:
        values["action_url"] = links.sign_in_url(subscriber, now=now)
    elif notice.kind == Kind.GOODBYE:
        values["action_url"] = links.restore_url(subscriber, now=now)
    else:
        values["rhythm"] = preferences.next_letter(subscriber, now=now)
        values["action_url"] = links.preferences_url(subscriber)
        values["unsubscribe_url"] = links.unsubscribe_url(subscriber)
    return values


def _hand_over(message: EmailMultiAlternatives, connection: BaseEmailBackend) -> None:
    try:
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        if code >= 500:
            raise NoLetterError(f"{code} {words.decode('ascii', 'replace')}"[:300]) from error
        raise
    except AnymailRecipientsRefused as error:
        raise NoLetterError("refused by the provider") from error
    except smtplib.SMTPException as error:
        # Our own backend's error tells what became of the letter, in the words of its ledger.
        kind = getattr(getattr(error, "outcome", None), "kind", "")
        if kind == "failed":
            raise NoLetterError(_said(error)) from error
        if kind == "not_tried":
            raise RelayFaultError(_said(error)) from error
        raise
    # anymail can answer without an exception: the recipient's own status tells.
    answer = getattr(message, "anymail_status", None)
    refused = set(getattr(answer, "status", None) or ()) & REFUSED_BY_PROVIDER
    if refused:
        raise NoLetterError(f"{', '.join(sorted(refused))} by the provider")


def _said(error: Exception) -> str:
    """What the other side answered, where the error knows it; without addresses."""
    outcome = getattr(error, "outcome", None)
    parts = (getattr(outcome, "code", None), getattr(outcome, "reply", ""))
    return " ".join(str(part) for part in parts if part)[:300]


@transaction.atomic
def _mark_sent(notice: Notice, now: datetime) -> None:
    Notice.objects.filter(pk=notice.pk, status=Status.SENDING).update(
        status=Status.SENT, sent_at=now, reason=""
    )
    if notice.kind == Kind.CONFIRM and notice.subscriber:
        consent.record(
            notice.subscriber, ConsentEvent.Kind.CONFIRMATION_SENT, door="notice", now=now
        )


def _hand_back(notice: Notice, reason: str, now: datetime) -> None:
    """The try does not count."""
    Notice.objects.filter(pk=notice.pk, status=Status.SENDING).update(
        status=Status.PENDING,
        attempts=F("attempts") - 1,
        not_before=now + BACK_OFF[0],
        reason=reason[:300],
    )


def _try_later(notice: Notice, reason: str, now: datetime) -> None:
    logger.warning("notice %s, try %s: %s", notice.pk, notice.attempts, reason)
    if notice.attempts >= MAX_ATTEMPTS:
        _fail(notice, reason)
        return
    Notice.objects.filter(pk=notice.pk, status=Status.SENDING).update(
        status=Status.PENDING, not_before=now + BACK_OFF[notice.attempts - 1], reason=reason[:300]
    )


def _fail(notice: Notice, reason: str) -> None:
    logger.info("notice %s not sent: %s", notice.pk, notice.kind)
    Notice.objects.filter(pk=notice.pk, status=Status.SENDING).update(
        status=Status.FAILED, reason=reason[:300]
    )


def _take_back_stale(now: datetime) -> None:
    """Rows whose sender died: nobody knows whether the letter left, so it goes again."""
    stale = Notice.objects.filter(status=Status.SENDING, claimed_at__lt=now - STALE_AFTER)
    stale.filter(attempts__gte=MAX_ATTEMPTS).update(
        status=Status.FAILED, reason="the sender died at the last try"
    )
    stale.update(status=Status.PENDING, reason="the sender died")
