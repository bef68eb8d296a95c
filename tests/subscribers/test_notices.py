import smtplib
from datetime import timedelta

import pytest
from anymail.exceptions import AnymailRecipientsRefused
from django.core.mail.backends.locmem import EmailBackend as LocMemBackend

from subscribers import consent, notices
from subscribers.models import ConsentEvent, Notice, Subscriber
from tests.factories import NOW, make_subscriber, make_topic
from tests.smtp_server import DROP, Do, Event, SmtpServer

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _scripted(settings):
    ScriptedBackend.faults = []
    settings.EMAIL_BACKEND = f"{__name__}.ScriptedBackend"


class ScriptedBackend(LocMemBackend):
    """Raises the next of `faults` before it would take a letter; None lets one pass."""

    faults: list[Exception | None] = []

    def open(self):
        if self.faults and isinstance(self.faults[0], ConnectionRefusedError):
            raise self.faults.pop(0)

    def send_messages(self, messages):
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault
        return super().send_messages(messages)


def queue(kind: str = "confirm", **fields) -> Notice:
    status = {"confirm": "pending", "goodbye": "unsubscribed"}.get(kind, "active")
    reader = make_subscriber(status=status, topics=[make_topic(name="Vision")])
    return Notice.objects.create(subscriber=reader, kind=kind, created_at=NOW, **fields)


def test_a_confirmation_is_sent_once_with_its_proof(mailoutbox):
    notice = queue()

    sent = [notices.send_due(now=NOW), notices.send_due(now=NOW + MINUTE)]

    notice.refresh_from_db()
    assert sent == [1, 0]
    assert [m.to for m in mailoutbox] == [[notice.subscriber.email]]
    assert "/c/" in mailoutbox[0].body
    assert "Vision" in mailoutbox[0].body
    assert (notice.status, notice.sent_at) == ("sent", NOW)
    assert [e.kind for e in ConsentEvent.objects.all()] == ["confirmation_sent"]


@pytest.mark.parametrize("kind", ["already", "sign_in", "goodbye", "changed"])
def test_every_kind_reaches_its_reader(mailoutbox, kind):
    queue(kind)

    notices.send_due(now=NOW)

    assert len(mailoutbox) == 1
    assert "http" in mailoutbox[0].body


def test_a_fault_is_tried_again_later_with_the_same_message_id(mailoutbox):
    notice = queue()
    ScriptedBackend.faults = [smtplib.SMTPServerDisconnected("gone")]

    notices.send_due(now=NOW)
    too_early = notices.send_due(now=NOW + MINUTE / 2)
    in_time = notices.send_due(now=NOW + MINUTE)

    assert (too_early, in_time) == (0, 1)
    assert mailoutbox[0].extra_headers["Message-ID"].startswith(f"<notice-{notice.pk}@")


def test_the_fifth_fault_is_the_last(mailoutbox):
    notice = queue()
    ScriptedBackend.faults = [TimeoutError()] * 9

    for hour in range(9):
        notices.send_due(now=NOW + timedelta(hours=3 * hour))

    notice.refresh_from_db()
    assert (notice.status, notice.attempts, notice.reason) == ("failed", 5, "TimeoutError")
    assert mailoutbox == []


def through(server: SmtpServer, settings) -> None:
    settings.EMAIL_BACKEND = "newsletter.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False


def always(phase: str, do: Do):
    def answer(event: Event) -> Do | None:
        return do if event.phase == phase else None

    return answer


@pytest.mark.parametrize("kind", ["confirm", "sign_in"])
def test_a_recipient_whom_the_relay_refuses_for_good_is_asked_for_once(settings, kind):
    notice = queue(kind)
    with SmtpServer(always("rcpt", Do("550 no such user <x@example.net>"))) as server:
        through(server, settings)

        for minutes in range(0, 300, 30):
            notices.send_due(now=NOW + minutes * MINUTE)

    notice.refresh_from_db()
    assert len([line for line in server.commands if line.startswith("RCPT")]) == 1
    assert (notice.status, notice.attempts) == ("failed", 1)
    assert notice.reason == "550 no such user <‹address›>"


@pytest.mark.parametrize(
    ("phase", "reply"), [("mail", "451 busy"), ("mail", "550 not you"), ("rcpt", "530 log in")]
)
def test_a_relay_at_fault_itself_costs_no_attempt_however_long_it_lasts(settings, phase, reply):
    notice, other = queue(), queue()
    with SmtpServer(always(phase, Do(reply))) as server:
        through(server, settings)

        for minute in range(9):
            notices.send_due(now=NOW + minute * MINUTE)
        tries = [line for line in server.commands if line.startswith("MAIL")]
        server.script = lambda event: None
        sent = notices.send_due(now=NOW + 10 * MINUTE)

    notice.refresh_from_db()
    assert len(tries) == 9
    assert sent == 2
    assert server.recipients == [notice.subscriber.email, other.subscriber.email]
    assert (notice.status, notice.attempts) == ("sent", 1)


@pytest.mark.parametrize(
    ("phase", "do", "reason"),
    [
        ("rcpt", Do("451 greylisted"), "451 greylisted"),
        ("dot", DROP, "the connection was closed"),
    ],
)
def test_a_letter_refused_for_now_or_without_an_answer_is_tried_five_times(
    settings, phase, do, reason
):
    notice = queue()
    with SmtpServer(always(phase, do)) as server:
        through(server, settings)

        for hour in range(0, 27, 3):
            notices.send_due(now=NOW + timedelta(hours=hour))

    notice.refresh_from_db()
    assert len([line for line in server.commands if line.startswith("RCPT")]) == 5
    assert (notice.status, notice.attempts, notice.reason) == ("failed", 5, reason)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (smtplib.SMTPRecipientsRefused({"x": (550, b"no such user")}), "550 no such user"),
        (AnymailRecipientsRefused(), "refused by the provider"),
    ],
)
def test_another_backends_refusal_for_good_is_not_tried_again(fault, reason):
    notice = queue()
    ScriptedBackend.faults = [fault]

    notices.send_due(now=NOW)

    notice.refresh_from_db()
    assert (notice.status, notice.attempts, notice.reason) == ("failed", 1, reason)


def test_a_greylisted_recipient_is_tried_again():
    notice = queue()
    ScriptedBackend.faults = [smtplib.SMTPRecipientsRefused({"x": (451, b"later")})]

    notices.send_due(now=NOW)

    notice.refresh_from_db()
    assert notice.status == "pending"


def test_a_refusal_said_only_in_anymails_status_counts(monkeypatch):
    class Status:
        status = {"rejected"}

    def answer(self, messages):
        messages[0].anymail_status = Status()
        return 1

    monkeypatch.setattr(ScriptedBackend, "send_messages", answer)
    notice = queue()

    notices.send_due(now=NOW)

    notice.refresh_from_db()
    assert (notice.status, notice.reason) == ("failed", "rejected by the provider")


def test_a_relay_that_is_away_costs_no_attempts(mailoutbox):
    notice = queue()
    ScriptedBackend.faults = [ConnectionRefusedError()]

    notices.send_due(now=NOW)
    notice.refresh_from_db()
    attempts = notice.attempts
    notices.send_due(now=NOW + MINUTE)

    assert attempts == 0
    assert len(mailoutbox) == 1


def test_one_bad_letter_does_not_hold_up_the_others(mailoutbox):
    queue()
    queue()
    ScriptedBackend.faults = [smtplib.SMTPDataError(451, b"busy")]

    sent = notices.send_due(now=NOW)

    assert sent == 1
    assert len(mailoutbox) == 1


def test_a_letter_whose_sender_died_goes_again(mailoutbox):
    queue(status="sending", claimed_at=NOW, attempts=1)

    too_early = notices.send_due(now=NOW + timedelta(minutes=14))
    in_time = notices.send_due(now=NOW + timedelta(minutes=16))

    assert (too_early, in_time) == (0, 1)


def test_a_letter_whose_senders_keep_dying_is_given_up(mailoutbox):
    notice = queue(status="sending", claimed_at=NOW, attempts=5)

    notices.send_due(now=NOW + timedelta(minutes=16))

    notice.refresh_from_db()
    assert (notice.status, mailoutbox) == ("failed", [])


@pytest.mark.parametrize("kind", list(notices.FOR_STATUS))
def test_a_suppressed_reader_gets_no_letter_of_any_kind(mailoutbox, kind):
    notice = queue(kind)
    consent.suppress(notice.subscriber.email, reason="bounced", now=NOW)
    Notice.objects.update(status="pending")

    notices.send_due(now=NOW)

    notice.refresh_from_db()
    assert mailoutbox == []
    assert (notice.status, notice.reason) == ("failed", "suppressed")


def test_a_confirmation_that_was_overtaken_is_not_sent(mailoutbox):
    notice = queue()
    consent.confirm(notice.subscriber, door="page", now=NOW)

    notices.send_due(now=NOW)

    assert mailoutbox == []


def test_a_sign_in_link_older_than_its_hour_is_not_sent(mailoutbox):
    notice = queue("sign_in")

    notices.send_due(now=NOW + timedelta(hours=2))

    notice.refresh_from_db()
    assert (notice.reason, mailoutbox) == ("too late to be of use", [])


def test_the_operator_is_alerted_once_a_day_for_each_matter(settings, mailoutbox):
    settings.OPERATOR_EMAIL = "op@mail.example.net"

    answers = [
        notices.alert_operator("Source down", "hf is silent", now=NOW),
        notices.alert_operator("Source down", "hf is silent", now=NOW + MINUTE),
        notices.alert_operator("Disk full", "no room", now=NOW + MINUTE),
        notices.alert_operator("Source down", "still", now=NOW + timedelta(days=2)),
    ]
    notices.send_due(now=NOW + timedelta(days=2))

    assert answers == [True, False, True, True]
    assert [m.subject for m in mailoutbox] == [
        "Paper Round: Source down",
        "Paper Round: Disk full",
        "Paper Round: Source down",
    ]
    assert {m.to[0] for m in mailoutbox} == {"op@mail.example.net"}


def test_without_an_operators_address_there_is_no_alert(settings):
    settings.OPERATOR_EMAIL = ""

    assert not notices.alert_operator("Source down", "hf is silent", now=NOW)
    assert not Notice.objects.exists()


def test_a_letter_is_in_its_readers_language_and_direction(mailoutbox):
    notice = queue()
    Subscriber.objects.update(language="ar")

    notices.send_due(now=NOW)

    assert 'dir="rtl"' in mailoutbox[0].alternatives[0][0]
    assert notice.subscriber.email in mailoutbox[0].body
