"""The backend as Django uses it."""

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from newsletter.dialogue import Relay, Timeouts
from newsletter.models import Attempt
from newsletter.smtp import EmailBackend, NotSentError, prepared
from tests.smtp_server import Do, Event, SmtpServer


def backend(server: SmtpServer, **kwargs) -> EmailBackend:
    relay = Relay("127.0.0.1", server.port, timeouts=Timeouts(1, 0.5, 0.5, 0.5))
    return EmailBackend(relay=relay, **kwargs)


def message(*to: str, body: str = "A paper for you.") -> EmailMultiAlternatives:
    return EmailMultiAlternatives("Hello", body, "Round <digest@example.org>", list(to))


def no_such_user(event: Event) -> Do | None:
    return Do("550 no such user") if event.phase == "rcpt" and event.to.startswith("bo@") else None


def test_it_is_made_from_djangos_own_settings(settings):
    settings.EMAIL_HOST, settings.EMAIL_HOST_USER = "127.0.0.1", ""
    settings.EMAIL_HOST_PASSWORD, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = "", False, False
    with SmtpServer() as server:
        settings.EMAIL_PORT = server.port
        connection = get_connection("newsletter.smtp.EmailBackend")

        sent = connection.send_messages([message("Ada <ada@example.net>")])

    assert sent == 1
    assert server.recipients == ["ada@example.net"]


def test_each_recipient_is_a_transaction_of_its_own():
    with SmtpServer(no_such_user) as server, pytest.raises(NotSentError):
        backend(server).send_messages([message("ada@example.net", "bo@example.net", "cy@e.net")])

    assert server.recipients == ["ada@example.net", "cy@e.net"]


def test_a_refused_message_does_not_keep_the_others_from_going():
    with SmtpServer(no_such_user) as server, pytest.raises(NotSentError) as raised:
        backend(server).send_messages(
            [message("ada@example.net"), message("bo@example.net"), message("cy@example.net")]
        )

    assert server.recipients == ["ada@example.net", "cy@example.net"]
    assert raised.value.outcome.kind == Attempt.Outcome.FAILED


def test_fail_silently_counts_only_what_was_accepted():
    with SmtpServer(no_such_user) as server:
        sent = backend(server, fail_silently=True).send_messages(
            [message("ada@example.net"), message("bo@example.net")]
        )

    assert sent == 1


def test_a_relay_that_is_not_there_raises_on_open():
    with SmtpServer() as server:
        pass

    with pytest.raises(NotSentError) as raised:
        backend(server).open()

    assert raised.value.outcome.kind == Attempt.Outcome.NOT_TRIED


def test_lines_that_begin_with_a_dot_arrive_as_written():
    with SmtpServer() as server:
        backend(server).send_messages([message("ada@example.net", body=".one\n..two\nthree")])

    assert b"\r\n..one\r\n...two\r\nthree\r\n" in server.accepted[0].data


def test_prepared_bytes_have_one_kind_of_line_end():
    assert prepared(b"a\nb\r\n.c\rd") == b"a\r\nb\r\n..c\r\nd"
