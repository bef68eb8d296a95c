"""What is heard about letters later, in any order, any number of times."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from anymail.signals import AnymailTrackingEvent
from django.db import DatabaseError

from newsletter import brake, reports, tracking
from newsletter.models import DeliveryEvent, Digest, Edition
from subscribers.models import Notice, Subscriber, Suppression
from tests.factories import NOW, make_digest, make_edition, make_subscriber

pytestmark = pytest.mark.django_db

Status = Digest.Status
_ids = itertools.count(1)


@pytest.fixture
def digest():
    return make_digest(papers=[], status="sent", sent_at=NOW, provider_message_id="esp-1")


def event(digest: Digest | None, kind: str, **fields) -> AnymailTrackingEvent:
    fields.setdefault("event_id", f"event-{next(_ids)}")
    fields.setdefault("timestamp", NOW)
    if digest:
        fields.setdefault("recipient", digest.subscriber.email)
        fields.setdefault("metadata", {"digest": str(digest.uuid)})
    return AnymailTrackingEvent(event_type=kind, **fields)


def hard(digest, **fields):
    return event(digest, "bounced", mta_response="550 5.1.1 user unknown", **fields)


def soft(digest, **fields):
    return event(digest, "bounced", mta_response="452 4.2.2 mailbox full", **fields)


def hear(*events: AnymailTrackingEvent, now=NOW) -> int:
    reports.store(events, "Resend", now=now)
    return tracking.apply_open(now)


def status_of(digest: Digest) -> str:
    return Digest.objects.values_list("status", flat=True).get(pk=digest.pk)


EVENTS = {
    "delivered": lambda digest: event(digest, "delivered"),
    "soft": soft,
    "hard": hard,
    "complained": lambda digest: event(digest, "complained"),
    "queued": lambda digest: event(digest, "queued"),
}


@pytest.mark.parametrize(
    ("heard", "end"),
    [
        ({"delivered"}, "delivered"),
        ({"soft"}, "bounced"),
        ({"queued"}, "sent"),
        ({"soft", "delivered"}, "delivered"),
        ({"hard", "delivered"}, "bounced"),
        ({"hard", "soft", "delivered"}, "bounced"),
        ({"complained", "hard"}, "complained"),
        ({"queued", "delivered", "complained"}, "complained"),
    ],
)
def test_the_order_of_events_does_not_matter(heard, end):
    for order in itertools.permutations(sorted(heard)):
        digest = make_digest(papers=[], status="sent", sent_at=NOW)

        for name in order:
            hear(EVENTS[name](digest))

        assert status_of(digest) == end, order


def test_a_replay_changes_nothing(digest):
    bounce = hard(digest, event_id="same")

    assert hear(bounce, bounce) == 1
    assert hear(bounce) == 0

    assert DeliveryEvent.objects.count() == 1
    assert Suppression.objects.count() == 1


def test_two_workers_apply_an_event_once(digest):
    reports.store([hard(digest)], "Resend", now=NOW)
    mine, yours = DeliveryEvent.objects.get(), DeliveryEvent.objects.get()

    assert tracking.apply(mine, now=NOW) is not None
    assert tracking.apply(yours, now=NOW) is None


def test_a_crash_in_the_middle_leaves_the_event_open(digest, monkeypatch):
    def crash(*args, **kwargs):
        raise DatabaseError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(tracking.consent, "suppress", crash)
        assert hear(hard(digest)) == 0
    assert status_of(digest) == Status.SENT

    assert tracking.apply_open(NOW) == 1
    assert status_of(digest) == Status.BOUNCED


def test_an_event_that_always_breaks_is_closed_after_days(digest, monkeypatch):
    def crash(*args, **kwargs):
        raise ValueError("never")

    reports.store([hard(digest)], "Resend", now=NOW)
    monkeypatch.setattr(tracking.consent, "suppress", crash)

    tracking.apply_open(NOW + timedelta(days=4))

    assert DeliveryEvent.objects.get().verdict == "ignored: could not be applied"


@pytest.mark.parametrize(
    ("kind", "fields", "reader", "reason"),
    [
        ("bounced", {"mta_response": "550 5.1.1 no such user"}, "suppressed", "bounced"),
        ("complained", {}, "suppressed", "complained"),
        ("rejected", {"reject_reason": "bounced"}, "suppressed", "rejected"),
        ("rejected", {"reject_reason": "spam"}, "suppressed", "complained"),
        ("unsubscribed", {}, "unsubscribed", None),
        ("rejected", {"reject_reason": "unsubscribed"}, "unsubscribed", None),
        ("rejected", {"reject_reason": "other"}, "active", None),
        ("bounced", {"mta_response": "554 5.7.1 blocked"}, "active", None),
        ("deferred", {}, "active", None),
        ("unknown", {}, "active", None),
    ],
)
def test_the_reader_is_suppressed_only_for_what_cannot_mend(digest, kind, fields, reader, reason):
    hear(event(digest, kind, **fields))

    digest.subscriber.refresh_from_db()
    assert digest.subscriber.status == reader
    assert list(Suppression.objects.values_list("reason", flat=True)) == (
        [reason] if reason else []
    )


@pytest.mark.parametrize("kind", ["queued", "sent", "deferred", "delivered"])
def test_a_word_from_the_provider_settles_what_nobody_knew(kind):
    digest = make_digest(
        papers=[],
        status="uncertain",
        uncertain_since=NOW,
        uncertain_attempts=1,
    )

    hear(event(digest, kind, message_id="esp-9"), now=NOW + timedelta(hours=1))

    digest.refresh_from_db()
    assert digest.status == ("delivered" if kind == "delivered" else "sent")
    assert (digest.sent_at, digest.uncertain_since) == (NOW, None)
    assert digest.provider_message_id == "esp-9"


def test_a_letter_waiting_to_be_tried_again_is_not_sent_twice():
    again = make_digest(papers=[], status="pending", uncertain_attempts=1)
    fresh = make_digest(papers=[], status="pending")

    hear(event(again, "sent"), event(fresh, "sent"))

    assert [status_of(again), status_of(fresh)] == ["sent", "pending"]


@pytest.mark.parametrize("status", ["claimed", "sending"])
def test_an_event_waits_for_the_senders_own_note(status):
    digest = make_digest(papers=[], status=status)
    hear(event(digest, "delivered"))
    assert DeliveryEvent.objects.get().applied_at is None

    Digest.objects.filter(pk=digest.pk).update(status="sent", sent_at=NOW)
    tracking.apply_open(NOW + timedelta(seconds=1))

    assert status_of(digest) == Status.DELIVERED


@pytest.mark.parametrize(
    "reference",
    [
        {"metadata": {}, "message_id": "esp-1"},
        {"metadata": {}, "message_id": "<esp-1>"},
        {"metadata": None, "tags": ["{uuid}"]},
        {"metadata": {}, "message_id": "<{uuid}@papers.example.org>"},
    ],
)
def test_a_digest_is_found_by_whatever_came_back(digest, reference):
    fields = {
        name: [value[0].format(uuid=digest.uuid)]
        if isinstance(value, list)
        else value.format(uuid=digest.uuid)
        if isinstance(value, str)
        else value
        for name, value in reference.items()
    }

    hear(event(digest, "delivered", **fields))

    assert status_of(digest) == Status.DELIVERED


def test_an_id_nobody_has_noted_yet_is_waited_for():
    digest = make_digest(papers=[], status="sent", sent_at=NOW)
    hear(event(digest, "delivered", metadata={}, message_id="esp-77"))
    assert status_of(digest) == Status.SENT

    Digest.objects.filter(pk=digest.pk).update(provider_message_id="esp-77")
    tracking.apply_open(NOW + timedelta(minutes=1))

    assert status_of(digest) == Status.DELIVERED


def test_an_address_without_its_letter_is_suppressed_when_the_wait_is_over():
    reader = make_subscriber()
    lost = event(None, "complained", recipient=reader.email, message_id="who-knows")
    hear(lost)
    assert not Suppression.objects.exists()

    tracking.apply_open(NOW + timedelta(minutes=11))

    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.SUPPRESSED


def test_an_event_about_somebody_elses_letter_touches_only_the_one_it_names(digest):
    other = make_subscriber()

    hear(hard(digest, recipient=other.email))

    digest.subscriber.refresh_from_db()
    other.refresh_from_db()
    assert status_of(digest) == Status.SENT
    assert [digest.subscriber.status, other.status] == ["active", "suppressed"]


def test_a_stranger_is_ignored():
    hear(event(None, "complained", recipient="stranger@mail.example.net"))

    assert DeliveryEvent.objects.get().verdict == "ignored: nobody here (complaint)"
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"recipient": None},
        {"recipient": "not an address", "metadata": {"digest": "not a uuid"}},
        {"recipient": "a@b\x00.example", "message_id": "x" * 5000, "description": "\x00" * 9},
        {"metadata": {"digest": ["a", "list"]}},
        {"metadata": "text", "tags": "text", "event_id": None, "esp_event": {"a": object()}},
    ],
)
def test_a_strange_event_is_kept_and_breaks_nothing(fields):
    hear(event(None, "bounced", **fields), now=NOW)
    tracking.apply_open(NOW + timedelta(hours=1))

    assert DeliveryEvent.objects.get().applied_at is not None


def test_arrivals_are_applied_by_the_thousand(django_assert_max_num_queries):
    edition = make_edition()
    digests = [
        make_digest(papers=[], edition=edition, status="sent", sent_at=NOW) for _ in range(30)
    ]
    forged = event(digests[0], "delivered", recipient="somebody@else.example")
    arrivals = [event(digest, "delivered") for digest in digests[1:]]
    reports.store([forged, *arrivals], "Resend", now=NOW)

    with django_assert_max_num_queries(8):
        assert tracking.apply_arrivals(NOW, chunks=5) == 29

    assert Digest.objects.filter(status=Status.DELIVERED).count() == 29
    tracking.apply_open(NOW)
    assert status_of(digests[0]) == Status.SENT
    assert DeliveryEvent.objects.filter(applied_at=None).count() == 0


def test_an_address_is_kept_only_while_it_is_needed(digest):
    reports.store([event(digest, "delivered"), hard(digest)], "Resend", now=NOW)
    kept = {e.kind: "recipient" in e.payload for e in DeliveryEvent.objects.all()}
    assert kept == {"delivered": False, "bounced": True}

    tracking.apply_open(NOW)

    assert not any("recipient" in e.payload for e in DeliveryEvent.objects.all())


def letters_to(reader: Subscriber, days: int, step: timedelta) -> list[Digest]:
    first = make_edition().date
    return [
        make_digest(
            papers=[],
            edition=make_edition(date=first + timedelta(days=n)),
            subscriber=reader,
            status="sent",
            sent_at=NOW + n * step,
        )
        for n in range(days)
    ]


def test_letters_that_keep_coming_back_end_the_subscription():
    reader = make_subscriber()
    letters = letters_to(reader, 4, timedelta(days=1))

    for letter in letters[:3]:
        hear(soft(letter))
    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.ACTIVE

    hear(soft(letters[3]))
    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.SUPPRESSED


def test_one_delivered_letter_begins_the_count_anew():
    reader = make_subscriber()
    letters = letters_to(reader, 5, timedelta(days=1))

    hear(soft(letters[0]), event(letters[1], "delivered"))
    hear(*[soft(letter) for letter in letters[2:]])

    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.ACTIVE


def test_four_bounces_of_one_bad_day_count_as_one():
    reader = make_subscriber()
    letters = letters_to(reader, 4, timedelta(hours=1))

    hear(*[soft(letter) for letter in letters])

    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.ACTIVE


# The complaint brake


@pytest.mark.parametrize(
    ("sent", "complaints", "grip"),
    [
        (10_000, 9, "free"),
        (10_000, 10, "warn"),
        (10_000, 24, "warn"),
        (10_000, 25, "stop"),
        (50, 1, "warn"),
        (50, 3, "stop"),
        (0, 0, "free"),
    ],
)
def test_the_brake_warns_and_stops_at_its_limits(sent, complaints, grip):
    assert brake.grip(sent, complaints) == grip


def test_complaints_hold_open_editions_and_tell_the_operator_once(settings):
    settings.OPERATOR_EMAIL = "op@example.org"
    digests = [make_digest(papers=[], status="sent", sent_at=NOW) for _ in range(4)]

    hear(*[event(digest, "complained") for digest in digests[:3]])
    edition = Edition.objects.get()
    assert edition.status == Edition.Status.HELD
    assert edition.reason.startswith("complaint brake: 3 complaints about the last 4 letters")
    assert Notice.objects.filter(kind="operator_alert").count() == 1

    Edition.objects.update(status=Edition.Status.OPEN)  # the operator resumes
    assert brake.check(now=NOW) == "free"
    hear(event(digests[3], "complained"))

    assert Edition.objects.get().status == Edition.Status.OPEN
    assert Notice.objects.filter(kind="operator_alert").count() == 1
