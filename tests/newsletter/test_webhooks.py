"""What providers post to us: who is believed, and what is kept."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from newsletter import hooks
from newsletter.models import DeliveryEvent, Digest
from subscribers.models import Subscriber
from tests.factories import NOW, make_digest, make_subscriber
from tests.newsletter import webhooks

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:django-anymail has dropped"),
]


@pytest.fixture
def provider(settings):
    def configure(name: str) -> str:
        settings.MAIL_PROVIDER = name
        settings.ANYMAIL = webhooks.keys()
        return name

    return configure


def bounce(email: str, uuid: str = "", *, sg_event_id: str = "e1", **fields) -> list[dict]:
    return [
        {
            "email": email,
            "timestamp": 1771570800,
            "event": "bounce",
            "type": "bounce",
            "status": "5.1.1",
            "reason": f"550 5.1.1 The account {email} does not exist",
            "ip": "192.0.2.7",
            "sg_event_id": sg_event_id,
            "digest": uuid,
            **fields,
        }
    ]


def test_a_hard_bounce_reaches_the_digest_and_ends_the_subscription(client, provider):
    digest = make_digest(status="sent", sent_at=NOW)
    payload = bounce(digest.subscriber.email, str(digest.uuid))

    response = webhooks.post(client, provider("sendgrid"), payload)

    digest.refresh_from_db()
    digest.subscriber.refresh_from_db()
    assert response.status_code == 200
    assert digest.status == Digest.Status.BOUNCED
    assert digest.subscriber.status == Subscriber.Status.SUPPRESSED


def test_what_is_kept_holds_no_address_and_nothing_we_do_not_need(client, provider):
    digest = make_digest(status="sent", sent_at=NOW)
    payload = bounce(digest.subscriber.email, str(digest.uuid), useragent="Mail/1.0")

    webhooks.post(client, provider("sendgrid"), payload)

    event = DeliveryEvent.objects.get()
    kept = json.dumps(event.payload) + event.verdict + event.event_key
    assert event.digest == digest
    assert "@" not in kept
    assert "192.0.2.7" not in kept
    assert "Mail/1.0" not in kept


def test_the_same_event_twice_is_one(client, provider):
    name = provider("sendgrid")
    reader = make_subscriber()

    for _ in range(2):
        webhooks.post(client, name, bounce(reader.email))

    assert DeliveryEvent.objects.count() == 1


def test_opens_and_clicks_are_accepted_and_forgotten(client, provider):
    payload = bounce("ada@mail.example.net", event="open")

    response = webhooks.post(client, provider("sendgrid"), payload)

    assert response.status_code == 200
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("name", sorted(hooks.VIEWS))
def test_without_the_secret_nobody_is_believed(client, provider, settings, name):
    provider(name)

    without = webhooks.post(client, name, {}, secret="")
    wrong = webhooks.post(client, name, {"event-data": {}}, secret="hook:guess")
    del settings.ANYMAIL["WEBHOOK_SECRET"]
    unset = webhooks.post(client, name, {})

    assert [without.status_code, wrong.status_code, unset.status_code] == [401, 403, 503]
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("name", sorted(hooks.SIGNING_KEYS))
def test_a_forged_signature_is_refused_and_so_is_a_missing_key(client, provider, settings, name):
    provider(name)

    forged = webhooks.post(client, name, {"event-data": {}}, key="forged")
    del settings.ANYMAIL[hooks.SIGNING_KEYS[name]]
    unset = webhooks.post(client, name, {"event-data": {}})

    assert [forged.status_code, unset.status_code] == [403, 503]
    assert not DeliveryEvent.objects.exists()


def test_only_the_configured_provider_has_a_hook(client, provider):
    provider("resend")

    assert webhooks.post(client, "brevo", {"event": "spam"}).status_code == 404
    assert webhooks.post(client, "acme", {}).status_code == 404


def test_a_provider_may_look_whether_the_hook_is_there(client, provider):
    provider("mandrill")

    assert client.head("/hooks/mandrill/tracking/").status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"{}", b"null", b'{"event": {}}', b"\xff\xfe", b'["x"]']
)
@pytest.mark.parametrize("name", ["brevo", "mailjet", "postmark", "sparkpost", "sendgrid"])
def test_a_body_that_is_no_event_breaks_nothing(client, provider, name, body):
    provider(name)
    headers = {"Authorization": webhooks.AUTHORIZATION}
    headers |= webhooks.signature_headers(name, body, {}, webhooks.KEY)

    response = client.post(
        f"/hooks/{name}/tracking/", data=body, content_type="application/json", headers=headers
    )

    assert response.status_code in {200, 400, 403}


def test_a_flood_is_stored_at_once_and_applied_by_the_sweep(client, provider, monkeypatch):
    monkeypatch.setattr(hooks, "APPLIED_AT_ONCE", 2)
    readers = [make_subscriber() for _ in range(5)]
    events = [bounce(r.email, sg_event_id=str(r.pk))[0] for r in readers]

    webhooks.post(client, provider("sendgrid"), events)

    assert DeliveryEvent.objects.count() == 5
    assert DeliveryEvent.objects.filter(applied_at=None).count() == 3


# The real payloads

INBOUND = {
    "incorrect_received_event.json",
    "misconfigured_inbound.json",
    "postmark-inbound-test-payload.json",
}


def real_payloads(folder: Path) -> list[tuple[str, str, object]]:
    found = []
    for file in sorted((folder / "anymail").rglob("*.json")):
        provider = "postmark" if file.parent.name == "anymail" else file.parent.name
        found.append((provider, file.name, json.loads(file.read_bytes())))
    for file in sorted(folder.glob("ses_sns_*.json")):  # a bounce, a confirmation
        found.append(("amazon_ses", file.name, json.loads(file.read_bytes())))
    return found


@pytest.mark.realdata
def test_every_real_payload_is_accepted_or_refused_for_its_reason(client, provider, real_data):
    counts, refused, unbelieved = Counter(), {}, []

    for name, file, payload in real_payloads(real_data / "esp_webhooks"):
        provider(name)
        forged = webhooks.post(client, name, payload, secret="hook:guess")
        if forged.status_code != 403 or DeliveryEvent.objects.exists():
            unbelieved.append(file)
        response = webhooks.post(client, name, payload)
        counts[response.status_code] += 1
        if response.status_code != 200:
            refused[file] = response.status_code
        DeliveryEvent.objects.all().delete()

    assert unbelieved == []
    assert refused == dict.fromkeys(INBOUND, 400)
    assert counts == {200: 84, 400: 3}


SISIMAI = {
    "json-amazonses-01.json": {"hard bounce"},
    "json-amazonses-03.json": {"complaint"},
    "json-amazonses-05.json": {"delivered"},
    "json-sendgrid-13.json": {"delivered"},
    "json-sendgrid-15.json": {"complaint"},
    "json-sendgrid-17.json": {"complaint"},
    # Answers of SendGrid's API to a question about bounces: no events, so refused.
    **{f"json-sendgrid-{n}.json": None for n in ("01", "03", "05", "07", "09", "11")},
}


@pytest.mark.realdata
def test_real_events_of_another_collection_are_told_from_answers(client, provider, real_data):
    found = {}

    for file in sorted((real_data / "esp_webhooks" / "sisimai").glob("*.json")):
        payload = json.loads(file.read_bytes())
        name = "sendgrid" if "sendgrid" in file.name else "amazon_ses"
        if name == "amazon_ses":  # as Amazon's SNS wraps it
            payload = {
                "Type": "Notification",
                "MessageId": file.name,
                "Message": json.dumps(payload),
            }
        response = webhooks.post(client, provider(name), payload)
        verdicts = {event.payload["verdict"] for event in DeliveryEvent.objects.all()}
        found[file.name] = verdicts if response.status_code == 200 else None
        DeliveryEvent.objects.all().delete()

    assert found == SISIMAI


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "file", "verdicts"),
    [
        ("amazon_ses", "bounce_event.json", {"hard bounce"}),
        ("amazon_ses", "multiple_bounce_event.json", {"hard bounce"}),
        ("amazon_ses", "delivery_event.json", {"delivered"}),
        ("amazon_ses", "send_event.json", {"accepted"}),
        ("amazon_ses", "open_event.json", set()),
        ("brevo", "hard_bounce.json", {"hard bounce"}),
        ("brevo", "soft_bounce_event.json", {"soft bounce"}),
        ("brevo", "spam.json", {"complaint"}),
        ("brevo", "complaint.json", {"complaint"}),
        ("brevo", "unsubscribe.json", {"unsubscribed"}),
        ("brevo", "deferred_event.json", {"accepted"}),
        ("mailersend", "hard_bounced_event.json", {"hard bounce"}),
        ("mailersend", "spam_complaint_event.json", {"complaint"}),
        ("mailersend", "unsubscribed_event.json", {"unsubscribed"}),
        ("mailgun", "failed_permanent_event.json", {"hard bounce"}),
        ("mailgun", "failed_greylisted_event.json", {"accepted"}),
        ("mailgun", "dropped_spam.json", {"complaint"}),
        ("mailgun", "dropped_timed_out.json", {"refused by the provider"}),
        ("mailgun", "rejected_event.json", {"refused by the provider"}),
        ("mailjet", "bounced_greylist_event.json", {"accepted"}),
        ("mailjet", "spam_event.json", {"complaint"}),
        ("mailtrap", "bounce_event.json", {"hard bounce"}),
        ("mailtrap", "unsubscribe_event.json", {"unsubscribed"}),
        ("mandrill", "hard_bounce_event.json", {"hard bounce"}),
        ("postal", "ignore_incoming_events.json", set()),
        ("postmark", "bounce_event.json", {"hard bounce"}),
        ("postmark", "bounce_unsubscribe_variant.json", {"unsubscribed"}),
        ("postmark", "unsubscribe.json", {"unsubscribed"}),
        ("postmark", "resubscribe.json", set()),
        ("resend", "hard_bounced_event.json", {"hard bounce"}),
        ("resend", "complained_event.json", {"complaint"}),
        ("resend", "suppressed_event.json", {"rejected by the provider"}),
        ("sendgrid", "bounce_event.json", {"hard bounce"}),
        ("sendgrid", "deferred_event.json", {"accepted"}),
        ("sendgrid", "dropped_bounced.json", {"rejected by the provider"}),
        ("sendgrid", "dropped_invalid_event.json", {"rejected by the provider"}),
        ("sparkpost", "bounce_event.json", {"hard bounce"}),
        ("sparkpost", "delay_event.json", {"accepted"}),
    ],
)
def test_a_real_payload_means_what_its_name_says(client, provider, real_data, name, file, verdicts):
    payload = json.loads((real_data / "esp_webhooks" / "anymail" / name / file).read_bytes())

    webhooks.post(client, provider(name), payload)

    assert {event.payload["verdict"] for event in DeliveryEvent.objects.all()} == verdicts
