"""One letter to one provider: what is known afterwards."""

from __future__ import annotations

import base64
import json
import socket
import threading
from datetime import UTC, datetime

import pytest
from django.core.mail import EmailMultiAlternatives
from hypothesis import given
from hypothesis import strategies as st

from newsletter import answers, providers
from newsletter.models import Attempt
from newsletter.settings import PROVIDER_KEYS
from tests.newsletter.fake_provider import ACCEPTED, ADDRESS, serve

Kind = Attempt.Outcome
DIGEST = "6f1c3d1e-7f1a-4b6e-9a53-0d6ac6a5d111"
ALL = sorted(PROVIDER_KEYS)
KEYLESS = [name for name in ALL if name not in providers.KEYED]


@pytest.fixture(scope="module")
def server():
    fake, http = serve()
    yield fake
    http.shutdown()


@pytest.fixture
def fake(server, settings):
    point_at(server.url, settings)
    yield server
    providers.close()


def point_at(url: str, settings) -> None:
    settings.ANYMAIL = {
        **{key: "k" for key in PROVIDER_KEYS.values() if key},
        **{
            f"{name.upper()}_API_URL": url for name in ALL if name not in {"amazon_ses", "mandrill"}
        },
        "MANDRILL_API_URL": url,
        "MAILGUN_SENDER_DOMAIN": "mg.example.org",
        "MAILJET_SECRET_KEY": "k",
        "REQUESTS_TIMEOUT": (0.3, 0.3),
        "AMAZON_SES_CLIENT_PARAMS": {
            "endpoint_url": url.rstrip("/"),
            "region_name": "eu-west-1",
            "aws_access_key_id": "k",
            "aws_secret_access_key": "k",
            "config": {"read_timeout": 0.3},
        },
    }


def letter(**fields) -> EmailMultiAlternatives:
    fields.setdefault("subject", "Three papers for Friday")
    fields.setdefault("to", [ADDRESS])
    headers = {"X-Paper-Round-Digest": DIGEST, **fields.pop("headers", {})}
    message = EmailMultiAlternatives(
        body="text", from_email="Paper Round <digest@example.org>", headers=headers, **fields
    )
    message.attach_alternative("<p>html</p>", "text/html")
    return message


def send(name: str, message: EmailMultiAlternatives | None = None):
    return providers.hand_over(message or letter(), providers.connection(name))


def sent_text(body: bytes) -> str:
    """The request's body; what Amazon gets is base64 in JSON."""
    text = body.decode()
    if '"Raw"' in text:
        text = base64.b64decode(json.loads(text)["Content"]["Raw"]["Data"]).decode()
        return text.partition("X-Metadata:")[2]
    return text


@pytest.mark.parametrize("name", ALL)
def test_an_accepted_letter_is_sent_with_the_providers_id(fake, name):
    fake.reset(ACCEPTED[name])

    outcome = send(name)

    assert outcome.kind == Kind.SENT
    assert outcome.message_id
    assert DIGEST in sent_text(fake.requests[0].body)


@pytest.mark.parametrize("name", ALL)
def test_a_connection_dropped_after_reading_is_uncertain_and_tried_once(fake, name):
    fake.reset("drop")

    outcome = send(name)

    assert outcome.kind == Kind.UNCERTAIN
    assert outcome.phase == "request"
    assert len(fake.requests) == 1


@pytest.mark.parametrize("name", ["amazon_ses", "postmark", "resend"])
def test_an_answer_that_never_comes_is_uncertain(fake, name):
    fake.reset("hang")

    assert send(name).kind == Kind.UNCERTAIN


@pytest.mark.parametrize("name", KEYLESS)
def test_a_server_error_without_a_key_is_uncertain(fake, name):
    fake.reset((503, {"message": "later"}, {"Retry-After": "30"}))

    outcome = send(name)

    assert (outcome.kind, outcome.code, outcome.retry_after) == (Kind.UNCERTAIN, 503, 30)
    assert len(fake.requests) == 1


@pytest.mark.parametrize("name", sorted(providers.KEYED))
def test_a_server_error_with_a_key_is_tried_again(fake, name):
    fake.reset((500, {"message": "oops"}, {}))

    assert send(name).kind == Kind.RETRY


@pytest.mark.parametrize("name", sorted(providers.KEYED))
def test_a_server_error_for_a_letter_without_a_key_is_uncertain(fake, name):
    fake.reset((500, {"message": "oops"}, {}))
    message = letter()
    del message.extra_headers["X-Paper-Round-Digest"]

    assert send(name, message).kind == Kind.UNCERTAIN


@pytest.mark.parametrize("name", ALL)
def test_too_many_requests_is_tried_again_when_the_provider_says(fake, name):
    fake.reset((429, {"message": "slow down"}, {"Retry-After": "7"}))

    outcome = send(name)

    assert (outcome.kind, outcome.retry_after) == (Kind.RETRY, 7)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("name", ALL)
def test_a_refused_key_is_the_accounts_fault_and_nobodys_attempt(fake, name, status):
    fake.reset((status, {"message": "who are you"}, {}))

    assert send(name).kind == Kind.NOT_TRIED


@pytest.mark.parametrize("name", [name for name in ALL if name != "postmark"])
def test_a_letter_refused_as_invalid_has_failed(fake, name):
    fake.reset((422, {"message": f"bad address {ADDRESS}"}, {}))

    outcome = send(name)

    assert (outcome.kind, outcome.code) == (Kind.FAILED, 422)
    assert ADDRESS not in outcome.reply


@pytest.mark.parametrize("name", ALL)
def test_a_provider_nobody_can_reach_was_not_tried(settings, name):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        point_at(f"http://127.0.0.1:{free.getsockname()[1]}/", settings)
    providers.close()

    outcome = send(name)
    providers.close()

    assert (outcome.kind, outcome.phase) == (Kind.NOT_TRIED, "connect")


@pytest.mark.parametrize("name", ["brevo", "mailgun", "postmark", "resend", "sparkpost"])
def test_an_answer_nobody_understands_is_uncertain(fake, name):
    fake.reset("garbage")

    assert send(name).kind == Kind.UNCERTAIN


def postmark(code: int, message: str) -> tuple[int, dict, dict]:
    return 422, {"ErrorCode": code, "Message": message}, {}


@pytest.mark.parametrize(
    ("answer", "kind", "suppress"),
    [
        (postmark(406, "You tried to send to an inactive recipient."), Kind.FAILED, True),
        (
            postmark(
                406, f"Found inactive addresses: {ADDRESS}. Inactive recipients are ones that …"
            ),
            Kind.FAILED,
            True,
        ),
        (postmark(300, f"Invalid 'To' address: '{ADDRESS}'."), Kind.FAILED, False),
        (postmark(300, "Invalid metadata content."), Kind.FAILED, False),
        (postmark(405, "Not allowed to send: out of credits."), Kind.NOT_TRIED, False),
        (postmark(400, "Sender signature not found."), Kind.NOT_TRIED, False),
        (postmark(100, "Maintenance."), Kind.RETRY, False),
        (
            (
                200,
                {
                    "ErrorCode": 0,
                    "MessageID": "x",
                    "To": ADDRESS,
                    "Message": "Message OK, but will not deliver to these inactive addresses: "
                    f"{ADDRESS}. Inactive recipients are ones that have generated a hard bounce.",
                },
                {},
            ),
            Kind.FAILED,
            True,
        ),
    ],
)
def test_postmark_says_what_it_means_in_its_code(fake, answer, kind, suppress):
    fake.reset(answer)

    outcome = send("postmark")

    assert (outcome.kind, outcome.suppress) == (kind, suppress)
    assert ADDRESS not in outcome.reply


@pytest.mark.parametrize(
    ("name", "answer", "kind"),
    [
        ("resend", (409, {"name": "concurrent_idempotent_requests"}, {}), Kind.RETRY),
        ("resend", (409, {"name": "invalid_idempotent_request"}, {}), Kind.SENT),
        ("brevo", (400, {"code": "duplicate_parameter"}, {}), Kind.SENT),
        ("brevo", (400, {"code": "invalid_parameter"}, {}), Kind.FAILED),
        ("brevo", (400, {"code": "not_enough_credits"}, {}), Kind.NOT_TRIED),
        (
            "mandrill",
            (200, [{"email": ADDRESS, "status": "rejected", "_id": "x"}], {}),
            Kind.FAILED,
        ),
        ("mandrill", (200, [{"email": ADDRESS, "status": "invalid", "_id": "x"}], {}), Kind.FAILED),
    ],
)
def test_a_providers_own_code_decides(fake, name, answer, kind):
    fake.reset(answer)

    assert send(name).kind == kind


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccountSuspendedException", 400, Kind.NOT_TRIED),
        ("MessageRejected", 400, Kind.FAILED),
        ("TooManyRequestsException", 429, Kind.RETRY),
    ],
)
def test_amazon_ses_names_its_faults(fake, code, status, kind):
    fake.reset((status, {"message": "no"}, {"x-amzn-ErrorType": code}))

    outcome = send("amazon_ses")

    assert (outcome.kind, outcome.code) == (kind, status)
    assert len(fake.requests) == 1


def test_resend_gets_the_same_key_on_every_try(fake):
    fake.reset((500, {}, {}), ACCEPTED["resend"])

    outcomes = [send("resend").kind, send("resend").kind]

    assert outcomes == [Kind.RETRY, Kind.SENT]
    assert [r.headers["Idempotency-Key"] for r in fake.requests] == [DIGEST, DIGEST]
    assert "Idempotency-Key" not in fake.requests[0].json()["headers"]


def test_brevo_gets_its_key_in_the_body(fake):
    fake.reset(ACCEPTED["brevo"])

    send("brevo")

    assert fake.requests[0].json()["headers"]["idempotencyKey"] == DIGEST


def test_a_thread_keeps_its_connection_and_others_have_their_own(fake):
    fake.reset(ACCEPTED["postmark"])

    def two() -> None:
        send("postmark")
        send("postmark")
        providers.close()

    two()
    other = threading.Thread(target=two)
    other.start()
    other.join()

    used = [request.connection for request in fake.requests]
    assert used[0] == used[1] != used[2] == used[3]


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Three papers\r\nBcc: everybody@example.org"},
        {"to": ["ada@mail.example.net\nBcc: x@example.org"]},
        {"headers": {"List-Id": "a\nX: b"}},
        {"headers": {"X-\rEvil": "a"}},
        {"to": []},
        {"to": [ADDRESS, "bo@mail.example.net"]},
        {"bcc": ["bo@mail.example.net"]},
        {"to": ["not an address"]},
    ],
)
def test_a_letter_that_must_not_go_fails_alone_and_untried(fake, fields):
    fake.reset(ACCEPTED["resend"])

    outcome = send("resend", letter(**fields))

    assert (outcome.kind, outcome.phase) == (Kind.FAILED, "compose")
    assert fake.requests == []
    assert send("resend").kind == Kind.SENT


@pytest.mark.parametrize(
    ("paused", "may_have", "chosen"),
    [
        ({}, "", "resend"),
        ({"resend": 20.0}, "", None),  # soon over
        ({"resend": 900.0}, "", "postmark"),
        ({"resend": 900.0, "postmark": 5.0}, "", None),
        ({"resend": 900.0}, "resend", None),  # it may have this letter: nobody else repeats it
        ({}, "postmark", "postmark"),
        ({}, "gone", "resend"),
    ],
)
def test_a_second_provider_takes_over_what_is_still_pending(paused, may_have, chosen):
    assert providers.choose(["resend", "postmark"], paused, may_have=may_have) == chosen


def test_the_configured_providers_come_in_order(fake, settings):
    settings.MAIL_PROVIDER, settings.MAIL_FALLBACK_PROVIDER = "resend", "postmark"

    assert [providers.connection(name).name for name in providers.names()] == ["resend", "postmark"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("Fri, 20 Feb 2026 07:01:00 GMT", 60),
        ("Fri, 20 Feb 2026 06:00:00 GMT", 0),
        ("-5", 0),
        ("inf", 0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_may_be_a_number_or_a_date(value, seconds):
    now = datetime(2026, 2, 20, 7, 0, tzinfo=UTC)

    assert answers.retry_after({"retry-after": value}, now) == seconds


@given(st.text())
def test_any_retry_after_is_read_without_an_exception(value):
    seconds = answers.retry_after({"retry-after": value}, datetime(2026, 2, 20, tzinfo=UTC))

    assert seconds is None or seconds >= 0
