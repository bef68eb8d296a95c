from datetime import timedelta

import pytest
from django.utils.crypto import salted_hmac

from subscribers import consent
from subscribers.addresses import AddressError
from subscribers.models import ConsentEvent, Notice, Subscriber, Suppression
from tests.factories import NOW, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

ADA = "ada@mail.example.net"
Status = Subscriber.Status
LATER = NOW + timedelta(hours=2)


def sign_up(email: str = ADA, *, now=NOW, **fields) -> None:
    consent.subscribe(email, topics=fields.pop("topics", []), now=now, **fields)


def steps(email: str = ADA) -> list[str]:
    events = ConsentEvent.objects.filter(address_hash=consent.address_hash(email))
    return [event.kind for event in events]


def test_an_address_is_hashed_as_django_salts_it():
    hashed = consent.address_hash("a@example.org", secret="old key")

    expected = salted_hmac(
        "subscribers.consent address", "a@example.org", secret="old key", algorithm="sha256"
    )
    assert hashed == expected.hexdigest()


def test_a_sign_up_waits_for_its_owner_and_asks_for_one_letter():
    topic = make_topic(slug="vision")

    sign_up(" Ada@Mail.example.NET", topics=[topic], timezone="Europe/Berlin", language="de")

    reader = Subscriber.objects.get()
    assert (reader.email, reader.status, reader.confirmed_at) == (ADA, Status.PENDING, None)
    assert (reader.timezone, reader.language) == ("Europe/Berlin", "de")
    assert [p.topic for p in reader.topic_preferences.all()] == [topic]
    assert [(n.kind, n.status) for n in Notice.objects.all()] == [("confirm", "pending")]
    assert steps() == ["subscribed"]


def test_a_bad_address_stores_nothing():
    with pytest.raises(AddressError):
        sign_up("ada@mail.example.net\nBcc: bob@mail.example.net")

    assert not Subscriber.objects.exists()
    assert not ConsentEvent.objects.exists()


def test_the_latest_sign_up_before_confirming_decides_the_topics():
    first, second = make_topic(), make_topic()

    sign_up(topics=[first])
    sign_up(topics=[second], now=LATER)

    reader = Subscriber.objects.get()
    assert [p.topic for p in reader.topic_preferences.all()] == [second]


def test_a_second_letter_needs_a_minute_and_a_day_has_four():
    for minute in range(20):
        sign_up(now=NOW + timedelta(seconds=50 * minute))
        Notice.objects.update(status="sent")

    assert Notice.objects.count() == 4


def test_a_stranger_signing_up_a_readers_address_changes_nothing():
    topic, other = make_topic(), make_topic()
    reader = make_subscriber(email=ADA, topics=[topic], timezone="Asia/Tokyo")

    sign_up(topics=[other], timezone="UTC")

    reader.refresh_from_db()
    assert (reader.status, reader.timezone) == (Status.ACTIVE, "Asia/Tokyo")
    assert [p.topic for p in reader.topic_preferences.all()] == [topic]
    assert [n.kind for n in Notice.objects.all()] == ["already"]


def test_a_suppressed_address_is_neither_stored_nor_written_to():
    consent.suppress(ADA, reason="bounced", now=NOW)

    sign_up(now=LATER)

    assert not Subscriber.objects.exists()
    assert not Notice.objects.exists()
    assert steps() == ["suppressed", "subscribed"]


def test_confirming_counts_once():
    reader = make_subscriber(status=Status.PENDING)

    answers = [consent.confirm(reader, door="page", now=NOW) for _ in range(2)]

    reader.refresh_from_db()
    assert answers == [True, False]
    assert (reader.status, reader.confirmed_at, reader.rhythm_since) == (Status.ACTIVE, NOW, NOW)
    assert steps(reader.email) == ["confirmed"]


def test_an_address_suppressed_meanwhile_cannot_be_confirmed():
    reader = make_subscriber(status=Status.PENDING)
    consent.suppress(reader.email, reason="complained", now=NOW)

    assert not consent.confirm(reader, door="page", now=NOW)


def test_an_unsubscribed_reader_must_sign_up_anew_to_confirm():
    reader = make_subscriber()
    consent.withdraw(reader, door="page", now=NOW)

    refused = consent.confirm(reader, door="page", now=NOW)
    sign_up(reader.email, now=LATER)
    reader.refresh_from_db()
    accepted = consent.confirm(reader, door="page", now=LATER)

    assert not refused
    assert accepted


def test_a_pause_ends_by_itself():
    reader = make_subscriber()
    consent.pause(reader, until=NOW + timedelta(days=14), now=NOW)

    too_early = consent.resume_due(now=NOW + timedelta(days=13))
    resumed = consent.resume_due(now=NOW + timedelta(days=14))

    reader.refresh_from_db()
    assert (too_early, resumed) == (0, 1)
    assert (reader.status, reader.paused_until) == (Status.ACTIVE, None)
    assert reader.rhythm_since == NOW + timedelta(days=14)
    assert steps(reader.email) == ["paused", "resumed"]


def test_a_pause_without_end_lasts_until_they_come_back():
    reader = make_subscriber()
    consent.pause(reader, until=None, now=NOW)

    assert consent.resume_due(now=NOW + timedelta(days=1000)) == 0
    assert consent.resume(reader, now=LATER)


@pytest.mark.parametrize("status", [Status.PENDING, Status.UNSUBSCRIBED, Status.SUPPRESSED])
def test_only_a_reader_can_pause(status):
    reader = make_subscriber(status=status)

    assert not consent.pause(reader, until=None, now=NOW)
    assert not consent.resume(reader, now=NOW)


def test_withdrawing_twice_is_once_with_one_goodbye():
    reader = make_subscriber()

    answers = [consent.withdraw(reader, door="one-click", now=NOW) for _ in range(2)]

    reader.refresh_from_db()
    assert answers == [True, False]
    assert reader.status == Status.UNSUBSCRIBED
    assert [n.kind for n in Notice.objects.all()] == ["goodbye"]
    assert steps(reader.email) == ["withdrawn"]


@pytest.mark.parametrize("door", ["webhook", "operator"])
def test_nobody_is_written_to_after_others_withdrew_them(door):
    reader = make_subscriber()

    consent.withdraw(reader, door=door, now=NOW)

    assert not Notice.objects.exists()


def test_withdrawing_before_confirming_stops_the_confirmation_letter():
    sign_up()

    consent.withdraw(Subscriber.objects.get(), door="page", now=NOW)

    assert [(n.kind, n.status) for n in Notice.objects.all()] == [("confirm", "failed")]


def test_a_withdrawal_can_be_undone_for_seven_days():
    reader = make_subscriber()
    consent.withdraw(reader, door="page", now=NOW)

    too_late = consent.restore(reader, door="page", now=NOW + timedelta(days=8))
    in_time = consent.restore(reader, door="page", now=LATER)

    reader.refresh_from_db()
    assert (too_late, in_time) == (False, True)
    assert (reader.status, reader.rhythm_since) == (Status.ACTIVE, LATER)
    assert Notice.objects.get().status == "failed"


def test_a_sign_up_that_was_never_confirmed_cannot_be_restored():
    sign_up()
    reader = Subscriber.objects.get()
    consent.withdraw(reader, door="page", now=NOW)

    assert not consent.restore(reader, door="page", now=LATER)


def test_suppressing_twice_is_once_and_reaches_the_reader():
    reader = make_subscriber(email=ADA)

    consent.suppress("ADA@mail.example.net", reason="bounced", detail="550", now=NOW)
    consent.suppress(ADA, reason="complained", now=LATER)

    reader.refresh_from_db()
    assert reader.status == Status.SUPPRESSED
    assert [(s.reason, s.suppressed_at) for s in Suppression.objects.all()] == [("bounced", NOW)]
    assert steps() == ["suppressed"]


def test_a_lifted_suppression_lets_them_sign_up_but_not_read():
    reader = make_subscriber(email=ADA)
    consent.suppress(ADA, reason="bounced", now=NOW)

    lifted = consent.lift(Suppression.objects.get(), door="operator", now=LATER)
    reader.refresh_from_db()
    status = reader.status
    sign_up(now=LATER)

    assert lifted
    assert status == Status.UNSUBSCRIBED
    assert not consent.is_suppressed(ADA)
    assert [n.kind for n in Notice.objects.all()] == ["confirm"]


def test_an_address_can_be_suppressed_again_after_lifting():
    consent.suppress(ADA, reason="bounced", now=NOW)
    consent.lift(Suppression.objects.get(), door="operator", now=LATER)

    consent.suppress(ADA, reason="complained", now=LATER)

    assert consent.is_suppressed(ADA)
    assert Suppression.objects.get().reason == "complained"


def test_erasing_keeps_the_proofs_and_the_suppression_without_the_address():
    reader = make_subscriber(email=ADA)
    consent.withdraw(reader, door="page", now=NOW)
    consent.suppress(ADA, reason="complained", now=NOW)

    consent.erase(reader, door="page", now=LATER)

    assert not Subscriber.objects.exists()
    assert consent.is_suppressed(ADA)
    assert steps() == ["withdrawn", "suppressed", "erased"]
    for event in ConsentEvent.objects.all():
        assert event.subscriber_id is None
        assert ADA not in str(vars(event))


def test_a_suppression_survives_a_new_secret_key_while_the_old_one_is_kept(settings):
    consent.suppress(ADA, reason="bounced", now=NOW)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10

    assert consent.is_suppressed(ADA)
