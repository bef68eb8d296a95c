"""What is due goes out once, to those who may be mailed, and each end is written down."""

from datetime import date, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from newsletter import delivery, throttle
from newsletter.models import Attempt, Digest, Edition, Sender
from subscribers import consent
from subscribers.models import Subscriber, Suppression
from tests.factories import NOW, make_digest, make_edition, make_subscriber
from tests.smtp_server import DROP, Do, Event, SmtpServer

pytestmark = pytest.mark.django_db

Status = Digest.Status
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _files(settings):
    settings.EMAIL_URL = settings.MAIL_PROVIDER = ""


def outbox(settings) -> list[Path]:
    return sorted(Path(settings.EMAIL_FILE_PATH).glob("*.eml"))


def through(server: SmtpServer, settings) -> None:
    settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False


def script(phase: str, do: Do, to: str = ""):
    """Misbehave once in this phase, for this recipient where one is named."""
    left = [do]

    def answer(event: Event) -> Do | None:
        if event.phase == phase and to in event.to and left:
            return left.pop()
        return None

    return answer


def status_of(digest: Digest) -> tuple[str, str]:
    digest.refresh_from_db()
    return digest.status, digest.reason


def attempts(digest: Digest) -> list[str]:
    return list(digest.attempt_log.values_list("outcome", flat=True))


def test_what_is_due_goes_into_the_outbox_once(settings):
    digest = make_digest()

    first = delivery.send_pending(NOW)
    second = delivery.send_pending(NOW)

    assert (first, second) == ({"sent": 1}, {})
    (file,) = outbox(settings)
    assert message_from_bytes(file.read_bytes())["Message-ID"] == digest.message_id
    assert status_of(digest) == ("sent", "")
    assert digest.sent_at >= NOW
    assert attempts(digest) == ["sent"]


def test_what_is_due_later_waits(settings):
    make_digest(due_at=NOW + MINUTE)
    make_digest(not_before=NOW + MINUTE)

    assert delivery.send_pending(NOW) == {}
    assert delivery.send_pending(NOW + MINUTE) == {"sent": 2}


def test_a_letter_too_late_is_not_sent_but_a_first_letter_is(settings):
    late = make_digest(due_at=NOW - timedelta(hours=13))
    first = make_digest(due_at=NOW - timedelta(hours=13), kind=Digest.Kind.FIRST)

    delivery.send_pending(NOW)
    delivery.sweep(NOW)

    assert status_of(late) == ("expired", "more than 12 hours late")
    assert status_of(first)[0] == "sent"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "unsubscribed"}, "reader is unsubscribed"),
        ({"status": "paused"}, "reader is paused"),
        ({"status": "suppressed"}, "suppressed"),
        ({"status": "pending", "confirmed_at": None}, "reader is pending"),
    ],
)
def test_nobody_is_mailed_who_may_not_be(settings, fields, reason):
    digest = make_digest(subscriber=make_subscriber(**fields))

    counts = delivery.send_pending(NOW)

    assert counts == {"skipped": 1}
    assert status_of(digest) == ("skipped", reason)
    assert outbox(settings) == []
    assert attempts(digest) == []


def test_a_suppressed_address_is_not_mailed_whatever_its_readers_state_says(settings):
    digest = make_digest()
    hashed = consent.address_hash(digest.subscriber.email)
    Suppression.objects.create(address_hash=hashed, reason="bounced", suppressed_at=NOW)

    delivery.send_pending(NOW)

    assert status_of(digest) == ("skipped", "suppressed")


def test_a_reader_who_leaves_after_the_claim_gets_no_letter(settings, monkeypatch):
    digest = make_digest()
    print_batch = delivery.Worker._printable

    def leave_meanwhile(self, batch):
        Subscriber.objects.update(status="unsubscribed")
        return print_batch(self, batch)

    monkeypatch.setattr(delivery.Worker, "_printable", leave_meanwhile)

    delivery.send_pending(NOW)

    assert status_of(digest) == ("skipped", "reader is unsubscribed")
    assert outbox(settings) == []


def test_a_changed_address_is_printed_anew(settings, monkeypatch):
    digest = make_digest()
    print_batch = delivery.Worker._printable
    moves = ["new@mail.example.net"]

    def move_meanwhile(self, batch):
        made = list(print_batch(self, batch))
        if moves:
            Subscriber.objects.update(email=moves.pop())
        return iter(made)

    monkeypatch.setattr(delivery.Worker, "_printable", move_meanwhile)

    delivery.send_pending(NOW)

    (file,) = outbox(settings)
    assert b"X-Envelope-To: new@mail.example.net" in file.read_bytes()
    assert status_of(digest)[0] == "sent"


@pytest.mark.parametrize("status", ["paused", "held", "cancelled"])
def test_nothing_of_an_edition_that_is_not_open_goes(settings, status):
    digest = make_digest(edition=make_edition(status=status))

    assert delivery.send_pending(NOW) == {}
    assert status_of(digest) == ("pending", "")


def test_a_letter_that_cannot_be_printed_fails_alone(settings):
    broken = make_digest(papers=[])
    good = make_digest()

    counts = delivery.send_pending(NOW)

    assert counts == {"failed": 1, "sent": 1}
    assert status_of(broken)[1].startswith("cannot be printed: ")
    assert status_of(good)[0] == "sent"


def test_a_full_disk_makes_letters_wait_and_blames_none(settings, tmp_path):
    digests = [make_digest() for _ in range(3)]
    (tmp_path / "file").touch()
    settings.EMAIL_FILE_PATH = str(tmp_path / "file" / "outbox")

    counts = delivery.send_pending(NOW)

    assert counts == {"not_tried": 1}
    assert {status_of(digest)[0] for digest in digests} == {"pending"}
    assert {digest.attempts for digest in digests} == {0}
    assert throttle.state("relay", now=NOW).paused_until


def test_one_edition_one_reader_or_a_few_letters_can_be_named(settings):
    digests = [make_digest() for _ in range(4)]
    other = make_digest(edition=make_edition(date=date(2026, 2, 19)))

    assert delivery.send_pending(NOW, edition=other.edition.date) == {"sent": 1}
    assert delivery.send_pending(NOW, subscriber=digests[2].subscriber.email) == {"sent": 1}
    assert delivery.send_pending(NOW, limit=2) == {"sent": 2}
    assert delivery.send_pending(NOW) == {"sent": 1}


def test_a_turn_that_is_over_takes_no_more_letters(settings, monkeypatch):
    monkeypatch.setattr(delivery, "LEAST", 1)
    monkeypatch.setattr(delivery, "FIRST", 1)
    letters = [make_digest() for _ in range(3)]

    none = delivery.send_pending(NOW, seconds=0)
    rest = delivery.send_pending(NOW, seconds=60)

    assert (none, rest) == ({}, {"sent": 3})
    assert [attempts(digest) for digest in letters] == [["sent"]] * 3


def test_smtp_takes_them_one_after_the_other_on_one_connection(settings):
    digests = [make_digest() for _ in range(5)]

    with SmtpServer() as server:
        through(server, settings)
        counts = delivery.send_pending(NOW)

    assert counts == {"sent": 5}
    assert server.recipients == [digest.subscriber.email for digest in digests]
    assert server.connections == 1


def test_a_greylisted_letter_waits_and_goes_later(settings):
    digest = make_digest()

    with SmtpServer(script("rcpt", Do("451 4.7.1 greylisted"))) as server:
        through(server, settings)
        first = delivery.send_pending(NOW)
        too_soon = delivery.send_pending(NOW + timedelta(seconds=30))
        later = delivery.send_pending(NOW + 2 * MINUTE)

    assert (first, too_soon, later) == ({"retry": 1}, {}, {"sent": 1})
    assert status_of(digest) == ("sent", "")
    assert digest.attempts == 2
    assert attempts(digest) == ["retry", "sent"]


def test_a_refusal_for_good_fails_one_letter_and_a_missing_mailbox_is_suppressed(settings):
    gone, good = make_digest(), make_digest()
    refuse = script("rcpt", Do("550 5.1.1 no such user"), gone.subscriber.email)

    with SmtpServer(refuse) as server:
        through(server, settings)
        counts = delivery.send_pending(NOW)

    assert counts == {"failed": 1, "sent": 1}
    assert status_of(gone) == ("failed", "550 5.1.1 no such user")
    assert server.recipients == [good.subscriber.email]
    gone.subscriber.refresh_from_db()
    assert gone.subscriber.status == "suppressed"


def test_a_reply_lost_after_the_dot_is_uncertain_and_repeated_with_the_same_message_id(settings):
    digest = make_digest()

    with SmtpServer(script("dot", Do(accept=True, drop=True))) as server:
        through(server, settings)
        first = delivery.send_pending(NOW)
        delivery.sweep(NOW + MINUTE)
        during_grace = delivery.send_pending(NOW + MINUTE)
        delivery.sweep(NOW + 11 * MINUTE)
        later = delivery.send_pending(NOW + 11 * MINUTE)

    assert (first, during_grace, later) == ({"uncertain": 1}, {}, {"sent": 1})
    ids = [message_from_bytes(letter.data)["Message-ID"] for letter in server.accepted]
    assert ids == [digest.message_id] * 2
    assert status_of(digest) == ("sent", "")
    assert digest.uncertain_attempts == 1


def test_a_connection_that_breaks_before_the_dot_costs_a_try_and_no_doubt(settings):
    digest = make_digest()

    with SmtpServer(script("data", DROP)) as server:
        through(server, settings)
        first = delivery.send_pending(NOW)
        later = delivery.send_pending(NOW + 2 * MINUTE)

    assert (first, later) == ({"retry": 1}, {"sent": 1})
    status_of(digest)
    assert digest.uncertain_attempts == 0


def test_a_relay_that_is_not_there_pauses_all_and_blames_none(settings):
    digests = [make_digest() for _ in range(3)]
    with SmtpServer() as server:
        pass
    through(server, settings)

    first = delivery.send_pending(NOW)
    during = delivery.send_pending(NOW + timedelta(seconds=1))

    assert (first, during) == ({"not_tried": 1}, {})
    assert [status_of(digest) for digest in digests] == [("pending", "")] * 3
    assert [digest.attempts for digest in digests] == [0, 0, 0]


@pytest.mark.parametrize("phase", ["mail", "connect"])
def test_a_relay_that_says_not_now_to_us_pauses_all_and_blames_none(settings, phase):
    digests = [make_digest() for _ in range(3)]

    with SmtpServer(script(phase, Do("421 too busy", drop=True))) as server:
        through(server, settings)
        first = delivery.send_pending(NOW)
        later = delivery.send_pending(NOW + 2 * MINUTE)

    assert first == {"not_tried": 1}
    assert later == {"sent": 3}
    for digest in digests:
        digest.refresh_from_db()
    assert [digest.attempts for digest in digests] == [1, 1, 1]


def test_a_letter_refused_again_and_again_fails_in_the_end(settings):
    digest = make_digest(kind=Digest.Kind.FIRST)
    with SmtpServer(lambda e: Do("451 not now") if e.phase == "rcpt" else None) as server:
        through(server, settings)
        for hour in range(0, 50, 5):
            delivery.send_pending(NOW + timedelta(hours=hour))

    assert status_of(digest) == ("failed", "refused 8 times: 451 not now")


def test_a_withdrawn_reader_in_the_middle_of_a_pipelined_batch_gets_nothing(settings):
    before, leaver, after = (make_digest() for _ in range(3))

    Subscriber.objects.filter(pk=leaver.subscriber.pk).update(status="unsubscribed")
    with SmtpServer() as server:
        through(server, settings)
        counts = delivery.send_pending(NOW)

    assert counts == {"sent": 2, "skipped": 1}
    assert server.recipients == [before.subscriber.email, after.subscriber.email]


def test_a_rate_limit_for_a_domain_sets_its_letters_aside(settings):
    settings.MAIL_DOMAIN_RATES = {"mail.example.net": 0.1}
    for _ in range(3):
        make_digest()
    other = make_digest(subscriber=make_subscriber(email="ada@example.org"))

    counts = delivery.send_pending(NOW)

    assert counts == {"sent": 2, "put aside": 2}
    assert status_of(other)[0] == "sent"


def test_the_command_says_what_it_would_do_and_what_it_did(settings, capsys):
    digest = make_digest(due_at=NOW, kind=Digest.Kind.FIRST)

    call_command("send_digests", "--dry-run")
    call_command("send_digests", "--edition", "2026-02-20", "--subscriber", digest.subscriber.email)

    assert capsys.readouterr().out.splitlines() == ["1 would be sent", "sent: 1"]


@pytest.mark.parametrize("limit", ["-3", "0", "many"])
def test_a_limit_that_is_no_number_of_letters_is_refused(limit):
    with pytest.raises(CommandError, match="is no number of letters"):
        call_command("send_digests", "--limit", limit)


def test_an_edition_closes_when_its_day_is_over_and_all_is_accounted_for(settings):
    make_digest()
    make_digest(subscriber=make_subscriber(status="unsubscribed"))
    edition = Edition.objects.get()
    delivery.send_pending(NOW)

    delivery.sweep(NOW + timedelta(hours=1))
    edition.refresh_from_db()
    assert edition.status == "open"

    delivery.sweep(NOW + timedelta(days=2))
    edition.refresh_from_db()
    assert edition.status == "closed"
    assert edition.counts == {"due": 2, "sent": 1, "failed": 0, "skipped": 1, "expired": 0}


def test_an_edition_that_does_not_balance_stays_open_and_says_why(settings):
    make_digest(status=Status.UNCERTAIN, uncertain_since=NOW, due_at=NOW)
    settings.DIGEST_ON_UNCERTAIN = "hold"

    delivery.sweep(NOW + timedelta(hours=46))

    edition = Edition.objects.get()
    assert (edition.status, edition.reason) == ("open", "not closed: 1 uncertain")


def test_each_try_is_in_the_ledger_before_the_call(settings, monkeypatch):
    digest = make_digest()
    seen = []

    def look(self, letter, provider, then):
        seen.append((status_of(digest)[0], attempts(digest)))
        raise KeyboardInterrupt

    monkeypatch.setattr("newsletter.transports.FilesWay.hand_over", look)

    with pytest.raises(KeyboardInterrupt):
        delivery.send_pending(NOW)

    assert seen == [("sending", [Attempt.Outcome.OPEN])]


def test_a_reader_whose_suppression_was_lifted_is_mailed_again():
    digest = make_digest()
    hashed = consent.address_hash(digest.subscriber.email)
    Suppression.objects.create(
        address_hash=hashed, reason="bounced", suppressed_at=NOW - MINUTE, lifted_at=NOW
    )

    assert delivery.send_pending(NOW, limit=1) == {"sent": 1}


@pytest.mark.parametrize("warms_up", [False, True])
def test_looks_at_what_may_not_go_yet_leave_no_sender_behind(settings, warms_up):
    with SmtpServer() as server:
        through(server, settings)
        settings.MAIL_WARMUP_SINCE = NOW.date() if warms_up else None
        digest = make_digest()
        if warms_up:
            throttle.take(["relay"], 10_000, NOW)
        else:
            throttle.pause("relay", 60, "down", now=NOW)

        counts = [delivery.send_pending(NOW + timedelta(seconds=n)) for n in range(0, 20, 2)]

        assert counts == [{}] * 10
        assert not Sender.objects.exists()
        assert delivery.send_pending(NOW + 11 * timedelta(hours=1)) == (
            {} if warms_up else {"sent": 1}
        )
    assert attempts(digest) == ([] if warms_up else ["sent"])
