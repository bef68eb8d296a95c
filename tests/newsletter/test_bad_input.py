"""Whatever one letter, the disk or the database does: that letter fails or waits, the rest goes."""

import pytest
from django.db import OperationalError
from django.db.models import ProtectedError

from newsletter import content, delivery, throttle
from newsletter.marks import Marks
from newsletter.models import Digest, Entry
from subscribers.models import Subscriber
from tests.factories import NOW, make_digest, make_paper
from tests.newsletter.test_delivery import attempts, outbox, status_of, through
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings, monkeypatch):
    settings.EMAIL_URL = settings.MAIL_PROVIDER = ""
    monkeypatch.setattr(delivery.time, "sleep", lambda seconds: None)


def failing(step, *, at: int, after_commit: bool):
    """Marks.step that fails once, as a full disk or a lost connection makes it."""
    calls = []

    def broken(self, done, following, now):
        calls.append(following)
        if len(calls) != at:
            return step(self, done, following, now)
        if after_commit:
            step(self, done, following, now)
        raise OperationalError("database or disk is full")

    return broken


def test_a_letter_whose_render_raises_fails_with_its_reason_and_the_rest_goes(
    settings, monkeypatch
):
    bad, good = make_digest(), make_digest()
    render = content.Layout.letter

    def raises(self, copy, *, squeeze=0):
        if copy.digest.pk == bad.pk:
            raise ZeroDivisionError("nobody thought of it")
        return render(self, copy, squeeze=squeeze)

    monkeypatch.setattr(content.Layout, "letter", raises)

    delivery.send_pending(NOW)

    assert status_of(bad) == (
        "failed", "cannot be printed: ZeroDivisionError: nobody thought of it",
    )  # fmt: skip
    assert status_of(good)[0] == "sent"


def test_a_paper_in_a_letter_cannot_be_deleted_by_the_admin():
    paper = make_paper()
    make_digest(papers=[paper])

    with pytest.raises(ProtectedError):
        paper.delete()


def test_a_paper_deleted_in_the_database_after_the_build_is_left_out(settings):
    gone, stays = make_paper(title="A Paper that Goes"), make_paper(title="A Paper that Stays")
    both, only = make_digest(papers=[gone, stays]), make_digest(papers=[gone])
    Entry.objects.filter(paper=gone).delete()
    gone.delete()

    delivery.send_pending(NOW)

    (file,) = outbox(settings)
    assert status_of(both)[0] == "sent"
    assert b"A Paper that Goes" not in file.read_bytes()
    assert status_of(only)[0] == "failed"


@pytest.mark.parametrize(
    "address",
    ["no-at-sign", "a b@mail.example.net", "a@b@mail.example.net", "a>,<eve@mail.example.net"],
)
def test_an_address_that_became_invalid_fails_alone(settings, address):
    bad, good = make_digest(), make_digest()
    Subscriber.objects.filter(pk=bad.subscriber_id).update(email=address)

    with SmtpServer() as server:
        through(server, settings)
        delivery.send_pending(NOW)

    assert status_of(bad)[0] == "failed"
    assert server.recipients == [good.subscriber.email]


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_mark_that_could_not_be_written_keeps_its_letter_back(
    settings, monkeypatch, after_commit
):
    digests = [make_digest() for _ in range(3)]
    broken = failing(Marks.step, at=1, after_commit=after_commit)
    monkeypatch.setattr(Marks, "step", broken)

    with SmtpServer() as server:
        through(server, settings)
        first = delivery.send_pending(NOW)
        at_first = list(server.recipients)
        left = {status_of(digest)[0] for digest in digests}
        second = delivery.send_pending(NOW)

    assert (first, at_first, left) == ({}, [], {"pending"})
    assert second == {"sent": 3}
    assert {digest.attempts for digest in Digest.objects.all()} == {1}


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_database_gone_in_the_middle_forgets_no_letter_that_went(
    settings, monkeypatch, after_commit
):
    digests = [make_digest() for _ in range(3)]
    broken = failing(Marks.step, at=2, after_commit=after_commit)
    monkeypatch.setattr(Marks, "step", broken)

    with SmtpServer() as server:
        through(server, settings)
        delivery.send_pending(NOW)
        at_first = list(server.recipients)
        first = status_of(digests[0])[0], attempts(digests[0])
        delivery.send_pending(NOW)

    assert at_first == [digests[0].subscriber.email]
    assert first == ("sent", ["sent"])
    assert sorted(server.recipients) == sorted(d.subscriber.email for d in digests)
    assert {status_of(digest)[0] for digest in digests} == {"sent"}


def test_a_full_disk_below_the_outbox_lets_all_wait(settings, monkeypatch):
    digests = [make_digest() for _ in range(3)]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("newsletter.outbox.write", full)

    counts = delivery.send_pending(NOW)

    assert counts == {"not_tried": 1}
    assert {status_of(digest)[0] for digest in digests} == {"pending"}
    assert throttle.state("relay", now=NOW).reason == "No space left on device"
