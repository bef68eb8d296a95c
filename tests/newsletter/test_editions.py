"""An operator stops, resumes and repairs an edition; senders obey at their next letter."""

from datetime import timedelta

import pytest

from newsletter import delivery, editions
from newsletter.models import Digest, Edition, Sender
from tests.factories import NOW, make_digest, make_edition

pytestmark = pytest.mark.django_db

Status = Edition.Status


@pytest.fixture(autouse=True)
def _files(settings):
    settings.EMAIL_URL = settings.MAIL_PROVIDER = ""


def statuses() -> list[tuple[str, str]]:
    return list(Digest.objects.order_by("pk").values_list("status", "reason"))


def test_a_paused_edition_waits_and_a_resumed_one_goes_on():
    digest = make_digest()

    assert editions.pause(digest.edition)
    assert delivery.send_pending(NOW) == {}
    assert editions.resume(digest.edition)
    assert delivery.send_pending(NOW) == {"sent": 1}


def test_a_pause_in_the_middle_of_a_batch_holds_at_the_next_letter(monkeypatch):
    digests = [make_digest() for _ in range(3)]
    hand_over = delivery.Worker._mark_and_hand_over

    def pause_after_the_first(self, letter, provider, following):
        done = hand_over(self, letter, provider, following)
        editions.pause(digests[0].edition)
        return done

    monkeypatch.setattr(delivery.Worker, "_mark_and_hand_over", pause_after_the_first)

    counts = delivery.send_pending(NOW)

    assert counts["sent"] == 1
    assert statuses() == [("sent", ""), ("pending", ""), ("pending", "")]


def test_a_cancelled_edition_keeps_what_has_left_and_drops_the_rest():
    first = make_digest()
    delivery.send_pending(NOW)
    make_digest()

    assert editions.cancel(first.edition, reason="wrong papers")
    delivery.sweep(NOW + timedelta(days=2))

    assert statuses() == [("sent", ""), ("skipped", "edition cancelled")]
    edition = Edition.objects.get()
    assert (edition.status, edition.reason) == ("cancelled", "wrong papers")
    assert edition.counts == {"due": 2, "sent": 1, "failed": 0, "skipped": 1, "expired": 0}


def test_a_letter_given_back_to_a_cancelled_edition_is_dropped_by_the_sweep():
    digest = make_digest(edition=make_edition(status=Status.CANCELLED))

    delivery.sweep(NOW)

    digest.refresh_from_db()
    assert (digest.status, digest.reason) == ("skipped", "edition cancelled")


def test_what_is_cancelled_or_closed_is_neither_paused_nor_resumed():
    for date, status in (("2026-02-18", Status.CANCELLED), ("2026-02-19", Status.CLOSED)):
        edition = make_edition(date=date, status=status)

        assert not editions.pause(edition)
        assert not editions.resume(edition)
        assert not editions.cancel(edition)


def test_only_the_failed_are_retried_and_their_edition_opens_again():
    edition = make_edition(status=Status.CLOSED, closed_at=NOW, counts={"due": 4})
    make_digest(status="failed", reason="554 content", attempts=1)
    make_digest(status="failed", reason="unsettled", uncertain_attempts=3)
    make_digest(status="failed", reason="554", due_at=NOW - timedelta(hours=13))
    make_digest(status="sent", sent_at=NOW)

    assert editions.retry_failed(edition, now=NOW) == 1
    assert delivery.send_pending(NOW) == {"sent": 1}
    assert [status for status, _ in statuses()] == ["sent", "failed", "failed", "sent"]


def test_uncertain_letters_of_a_paused_edition_wait_for_the_operator():
    make_digest(status="uncertain", uncertain_since=NOW, uncertain_attempts=1)
    editions.pause(Edition.objects.get())

    delivery.sweep(NOW + timedelta(hours=1))

    assert statuses()[0][0] == "uncertain"


def test_an_operators_word_settles_what_is_uncertain():
    sent, again = (
        make_digest(status="uncertain", uncertain_since=NOW, uncertain_attempts=3) for _ in "ab"
    )

    assert editions.count_as_sent(Digest.objects.filter(pk=sent.pk), now=NOW) == 1
    assert editions.repeat(Digest.objects.filter(pk=again.pk)) == 1
    assert delivery.send_pending(NOW) == {"sent": 1}
    assert [status for status, _ in statuses()] == ["sent", "sent"]


def test_held_letters_are_counted_with_the_others_and_those_of_other_days_are_not():
    sender = Sender.objects.create(host="a", pid=1, started_at=NOW)
    edition = make_digest().edition
    for status in ("pending", "claimed", "sending", "sending", "sent"):
        is_held = status in {"claimed", "sending"}
        sent_at = NOW if status == "sent" else None
        make_digest(
            edition=edition, status=status, sender=sender if is_held else None, sent_at=sent_at
        )
    make_digest(
        edition=make_edition(date=NOW.date() - timedelta(days=1)), status="claimed", sender=sender
    )

    counts = editions.by_status(edition)

    assert counts == {"pending": 2, "claimed": 1, "sending": 2, "sent": 1}


@pytest.mark.parametrize(("tries", "status"), [(1, "pending"), (2, "pending"), (3, "uncertain")])
def test_a_letter_nobody_knows_the_end_of_is_repeated_at_most_twice(tries, status):
    make_digest(status="uncertain", uncertain_since=NOW, uncertain_attempts=tries)

    delivery.sweep(NOW + timedelta(hours=1))

    assert statuses()[0][0] == status


def test_the_failed_of_a_cancelled_edition_stay_failed_and_its_counts_stand():
    make_digest(status="failed", reason="554")
    edition = Edition.objects.get()
    editions.cancel(edition)
    delivery.sweep(NOW + timedelta(days=2))

    again = editions.retry_failed(edition, now=NOW)

    edition.refresh_from_db()
    assert again == 0
    assert statuses() == [("failed", "554")]
    assert edition.counts["failed"] == 1
