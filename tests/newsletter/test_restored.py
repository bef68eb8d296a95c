"""A backup that is put back asks the operator before it mails anybody."""

from datetime import timedelta

import pytest

from newsletter import delivery, editions, rounds
from newsletter.models import Edition, Heartbeat, Sender
from tests.factories import NOW, make_digest, make_edition

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _files(settings):
    settings.EMAIL_URL = settings.MAIL_PROVIDER = ""


def later_digest(at):
    return make_digest(edition=make_edition(date=at.date()), due_at=at)


def test_a_sender_that_the_database_forgot_holds_open_editions_until_the_operator_resumes():
    make_digest()
    delivery.send_pending(NOW)
    Sender.objects.create(host="a", pid=1, started_at=NOW)
    Sender.objects.order_by("pk").first().delete()
    digest = later_digest(NOW + DAY)

    held = delivery.send_pending(NOW + DAY)
    edition = Edition.objects.get(pk=digest.edition_id)
    editions.resume(edition)
    resumed = delivery.send_pending(NOW + DAY)

    assert (held, resumed) == ({}, {"sent": 1})
    assert edition.status == "held"
    assert edition.reason.startswith("restored from a backup? the database knows nothing of sender")


def test_a_database_silent_for_days_holds_too():
    make_digest()
    delivery.send_pending(NOW)
    digest = later_digest(NOW + 4 * DAY)

    assert delivery.send_pending(NOW + 4 * DAY) == {}
    edition = Edition.objects.get(pk=digest.edition_id)
    assert "its last sign of life is of 2026-02-20 07:00 UTC" in edition.reason

    editions.resume(edition)
    assert delivery.send_pending(NOW + 4 * DAY) == {"sent": 1}


@pytest.mark.parametrize("sends", [True, False])
def test_the_first_tick_after_a_silence_holds_before_it_gives_a_sign_of_life(sends):
    make_digest()
    delivery.send_pending(NOW)
    digest = later_digest(NOW + 4 * DAY)

    rounds.tick(NOW + 4 * DAY, send=sends)
    sent = delivery.send_pending(NOW + 4 * DAY)

    assert sent == {}
    assert Edition.objects.get(pk=digest.edition_id).status == "held"


def test_what_a_tick_builds_after_a_sender_held_the_rest_is_held_too():
    make_digest()
    delivery.send_pending(NOW)
    later_digest(NOW + 4 * DAY)
    delivery.send_pending(NOW + 4 * DAY)
    built = make_edition(date=(NOW + 5 * DAY).date())

    rounds.tick(NOW + 4 * DAY, send=False)
    built.refresh_from_db()

    assert built.status == "held"


def test_a_service_that_ticked_all_week_sends_its_weekly_letter():
    make_digest()
    delivery.send_pending(NOW)
    Heartbeat.objects.create(name="tick", beat_at=NOW + 7 * DAY)
    later_digest(NOW + 7 * DAY)

    assert delivery.send_pending(NOW + 7 * DAY) == {"sent": 1}


def test_a_new_database_on_an_old_machine_is_not_taken_for_an_old_one():
    make_digest()
    delivery.send_pending(NOW)
    Sender.objects.all().delete()
    later_digest(NOW + DAY)

    assert delivery.send_pending(NOW + DAY) == {"sent": 1}
