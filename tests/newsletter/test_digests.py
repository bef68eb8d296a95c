from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter import digests, letter, rounds
from newsletter.models import Digest, Edition, Entry
from papers import scoring
from papers.models import Fetch, Paper
from subscribers.models import Subscriber
from tests.factories import NOW, make_digest, make_edition, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

FRIDAY = NOW  # 2026-02-20 07:00 UTC
DAY = timedelta(days=1)
BEFORE = FRIDAY - timedelta(days=10)


@pytest.fixture
def topic():
    """A topic with five papers of the day that belong to it, among others that do not."""
    Fetch.objects.create(
        source="hf",
        target="2026-02-20",
        status="done",
        started_at=FRIDAY,
        finished_at=FRIDAY - timedelta(hours=1),
    )
    topic = make_topic(name="Offline reinforcement learning", keywords=["offline RL"])
    papers = [make_paper(title=f"Offline RL for robot arm {n}") for n in range(5)]
    papers += [make_paper() for _ in range(5)]
    scoring.refresh([paper.pk for paper in papers], now=FRIDAY)
    return topic


def reader(topic, **fields):
    fields.setdefault("hour", 7)
    fields.setdefault("rhythm_since", FRIDAY - timedelta(hours=1))
    return make_subscriber(topics=[topic], confirmed_at=BEFORE, **fields)


def play(now, *, fresh=True):
    """A minute of the service, with sources that have just answered or been silent since."""
    if fresh:
        Fetch.objects.create(
            source="hf", target=f"{now}", status="done", started_at=now, finished_at=now
        )
    with time_machine.travel(now, tick=False):
        return rounds.tick(now)


def statuses():
    return list(Digest.objects.order_by("subscriber_id").values_list("status", "reason"))


def test_a_reader_whose_hour_has_come_gets_a_digest_with_entries_and_reasons(topic):
    reader(topic)

    counts = digests.build_due(FRIDAY)

    assert counts == {"pending": 1}
    digest = Digest.objects.get()
    assert digest.edition.date == FRIDAY.date()
    assert digest.pool_size == 10
    first = digest.entries.first()
    assert first.section == "top"
    assert first.reasons[0]["kind"] == "topic"
    assert first.reasons[0]["phrase"] == "offline RL"


def test_building_again_changes_nothing(topic):
    reader(topic)
    digests.build_due(FRIDAY)
    before = list(Digest.objects.values()), list(Entry.objects.values())

    counts = digests.build_due(FRIDAY + timedelta(minutes=1))

    assert counts == {}
    assert (list(Digest.objects.values()), list(Entry.objects.values())) == before


def test_a_reader_whose_hour_is_still_to_come_waits(topic):
    reader(topic, hour=8)

    assert digests.build_due(FRIDAY) == {}


def test_a_day_that_the_reader_did_not_choose_passes_without_a_digest(topic):
    reader(topic, weekdays=0b1101111)  # all but Friday

    assert digests.build_due(FRIDAY) == {}


def test_the_hour_is_the_readers_own(topic):
    in_berlin = reader(topic, hour=8, timezone="Europe/Berlin")
    reader(topic, hour=7, timezone="America/New_York")

    digests.build_due(FRIDAY)

    assert [digest.subscriber for digest in Digest.objects.all()] == [in_berlin]


def test_nobody_but_active_readers_gets_a_digest(topic):
    for status in (
        Subscriber.Status.PENDING,
        Subscriber.Status.PAUSED,
        "unsubscribed",
        "suppressed",
    ):
        reader(topic, status=status)

    assert digests.build_due(FRIDAY) == {}


def test_a_paper_that_a_reader_has_had_never_comes_again(topic):
    ada = reader(topic)
    digests.build_due(FRIDAY)
    had = set(Entry.objects.values_list("paper_id", flat=True))

    digests.build_due(FRIDAY + timedelta(days=1))

    monday = Digest.objects.order_by("pk").last()
    assert monday.edition.date != FRIDAY.date()
    assert not had & set(monday.entries.values_list("paper_id", flat=True))
    assert Entry.objects.filter(subscriber=ada).count() == len(
        set(Entry.objects.filter(subscriber=ada).values_list("paper_id", flat=True))
    )


def test_a_paper_that_was_sent_under_another_record_does_not_come_back(topic):
    ada = reader(topic)
    sent = make_paper(title="Offline RL for robot arms, as printed", arxiv_id=None, doi="10.1/x")
    make_digest(subscriber=ada, papers=[sent], edition=make_edition(date=FRIDAY.date() - DAY))
    preprint = Paper.objects.filter(title__startswith="Offline RL").exclude(pk=sent.pk).first()
    Paper.objects.filter(pk=sent.pk).update(merged_into=preprint)

    digests.build_due(FRIDAY)

    friday = Digest.objects.get(edition__date=FRIDAY.date())
    assert friday.entries.exists()
    assert not friday.entries.filter(paper=preprint).exists()


def test_a_reader_without_a_fitting_paper_is_skipped_with_the_reason(topic):
    reader(make_topic(name="Sourdough", keywords=["sourdough starter"]), wants_surprise=False)

    digests.build_due(FRIDAY)

    assert statuses() == [("skipped", digests.NOTHING_PASSED)]


def test_a_letter_more_than_twelve_hours_late_is_recorded_as_expired(topic):
    reader(topic)

    digests.build_due(FRIDAY + timedelta(hours=12, minutes=1))

    assert statuses() == [("expired", digests.TOO_LATE)]


def test_an_hour_before_the_rhythm_was_chosen_is_not_due(topic):
    reader(topic, rhythm_since=FRIDAY + timedelta(minutes=30))

    assert digests.build_due(FRIDAY + timedelta(hours=1)) == {}


def test_a_changed_zone_gives_no_second_digest_for_the_same_date(topic):
    ada = reader(topic)
    digests.build_due(FRIDAY)
    Subscriber.objects.filter(pk=ada.pk).update(timezone="America/New_York")

    digests.build_due(FRIDAY + timedelta(hours=5))

    assert Digest.objects.filter(subscriber=ada).count() == 1


def test_a_reader_who_turned_weekly_today_gets_no_second_letter_today(topic):
    ada = reader(topic, weekdays=0b0010000)
    digests.build_due(FRIDAY)
    Subscriber.objects.filter(pk=ada.pk).update(cadence="weekly", hour=8)

    digests.build_due(FRIDAY + timedelta(hours=1))

    assert Digest.objects.filter(subscriber=ada).count() == 1


def test_a_weekly_reader_gets_the_weekly_edition_on_the_first_chosen_day(topic):
    reader(topic, cadence="weekly", weekdays=0b0110000)  # Friday, Saturday

    digests.build_due(FRIDAY)
    digests.build_due(FRIDAY + timedelta(days=1))

    assert [str(digest.edition) for digest in Digest.objects.all()] == ["weekly 2026-02-20"]


def test_an_unknown_zone_goes_by_utc_and_keeps_nobody_from_a_letter(topic):
    reader(topic, timezone="Mars/Olympus_Mons")
    reader(topic)

    assert digests.build_due(FRIDAY) == {"pending": 2}


def test_without_a_source_for_36_hours_nobody_gets_old_papers(topic):
    reader(topic)
    Fetch.objects.update(finished_at=FRIDAY - timedelta(hours=37))

    digests.build_due(FRIDAY)

    assert statuses() == [("skipped", digests.NO_FRESH_PAPERS)]


def test_a_cancelled_edition_skips_its_readers_with_the_reason(topic):
    reader(topic)
    Edition.objects.create(date=FRIDAY.date(), created_at=FRIDAY, status="cancelled")

    digests.build_due(FRIDAY)

    assert statuses() == [("skipped", digests.EDITION_CANCELLED)]


def test_a_newcomer_gets_the_first_letter_at_once_and_no_other_that_day(topic):
    make_subscriber(topics=[topic], confirmed_at=FRIDAY - timedelta(seconds=5), hour=8)

    digests.first_letters(FRIDAY)
    digests.first_letters(FRIDAY)
    digests.build_due(FRIDAY + timedelta(hours=1))

    assert list(Digest.objects.values_list("kind", "status")) == [("first", "pending")]


def test_the_third_empty_day_in_a_row_brings_a_short_note_and_not_again_for_a_fortnight(topic):
    bread = make_topic(name="Sourdough", keywords=["sourdough starter"])
    wednesday = datetime(2026, 2, 18, 7, tzinfo=UTC)
    reader(bread, wants_surprise=False, rhythm_since=wednesday)

    for days in range(8):
        Fetch.objects.update(finished_at=wednesday + timedelta(days=days))
        digests.build_due(wednesday + timedelta(days=days))

    kinds = list(Digest.objects.order_by("pk").values_list("edition__date__day", "kind", "status"))
    assert [row for row in kinds if row[1] == "quiet"] == [(20, "quiet", "pending")]
    assert all(status == "skipped" for _, kind, status in kinds if kind != "quiet")


@pytest.mark.parametrize(
    ("weekdays", "note_on"),
    [(0b0011111, 2), (0b1111111, 2), (0b0010101, 4)],
)
def test_a_quiet_note_is_true_of_the_days_that_a_reader_chose(weekdays, note_on):
    monday = datetime(2026, 2, 16, 7, tzinfo=UTC)
    bread = make_topic(name="Sourdough", keywords=["sourdough starter"])
    reader(bread, wants_surprise=False, rhythm_since=monday, weekdays=weekdays)

    for days in range(5):
        play(monday + days * DAY)

    assert list(Digest.objects.filter(kind="quiet").values_list("edition__date", flat=True)) == [
        (monday + note_on * DAY).date()
    ]
    body = letter.email(Digest.objects.get(kind="quiet")).body
    assert "On the last three days for which you asked for a letter" in " ".join(body.split())


@pytest.mark.parametrize("with_papers", [True, False])
def test_a_weekend_with_papers_ends_a_row_of_silent_days(with_papers):
    thursday = datetime(2026, 2, 19, 7, tzinfo=UTC)
    bread = make_topic(name="Sourdough", keywords=["sourdough starter"])
    baker = reader(bread, wants_surprise=False, rhythm_since=thursday)
    for days in range(5):
        if with_papers and days == 3:
            sunday = make_edition(date=(thursday + days * DAY).date())
            make_digest(subscriber=baker, edition=sunday, status="sent", sent_at=thursday)
        play(thursday + days * DAY)

    kinds = dict(Digest.objects.values_list("edition__date__day", "kind"))

    assert kinds[23] == ("regular" if with_papers else "quiet")


def test_twice_the_readers_take_no_more_queries(topic):

    def queries_for(number, hour):
        for _ in range(number):
            reader(topic, hour=hour)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            digests.build_due(FRIDAY + timedelta(hours=hour - 7))
        return len(captured)

    queries_for(1, 7)

    assert queries_for(3, 8) == queries_for(12, 9)


def test_two_builders_that_meet_leave_one_digest(topic):
    ada = reader(topic)
    due = [digests.Due(ada.pk, FRIDAY)]
    edition = digests.open_edition("daily", FRIDAY.date(), FRIDAY)

    first = digests.build(edition, due, now=FRIDAY)
    second = digests.build(edition, due, now=FRIDAY)

    assert (first, second) == ({"pending": 1}, {})
    assert Digest.objects.count() == 1


def test_a_closed_edition_opens_again_for_a_reader_it_had_missed(topic):
    make_digest(status="skipped", reason="nothing passed")
    Edition.objects.update(status="closed", closed_at=FRIDAY)

    edition = digests.open_edition("daily", FRIDAY.date(), FRIDAY)

    assert edition.status == Edition.Status.OPEN


@pytest.mark.parametrize("gaps", [[], [2, 3, 4], [4, 5, 6, 7, 8]])
def test_more_readers_than_a_page_holds_are_all_due_once_whatever_ids_are_gone(
    topic, monkeypatch, gaps
):
    monkeypatch.setattr(digests, "PAGE", 3)
    readers = [reader(topic) for _ in range(11)]
    Subscriber.objects.filter(pk__in=[readers[n].pk for n in gaps]).delete()

    due = [one.subscriber_id for *_, due in digests.all_due(FRIDAY) for one in due]

    assert due == [row.pk for n, row in enumerate(readers) if n not in gaps]


def test_who_is_due_is_read_a_page_at_a_time(topic, monkeypatch):
    monkeypatch.setattr(digests, "PAGE", 3)
    for _ in range(7):
        reader(topic)
    ((_, _, due),) = digests.all_due(FRIDAY)
    next(due)

    Subscriber.objects.update(status=Subscriber.Status.PAUSED)

    assert len(list(due)) == 2  # the rest of the page that was read


def test_a_build_that_broke_off_is_completed_by_the_next(topic, monkeypatch):
    monkeypatch.setattr(digests, "PAGE", 3)
    monkeypatch.setattr(digests, "BATCH", 2)
    for _ in range(8):
        reader(topic)
    save, saved = digests.save, []

    def break_off(*what):
        if len(saved) == 2:
            raise ConnectionError
        saved.append(save(*what))
        return saved[-1]

    monkeypatch.setattr(digests, "save", break_off)
    with pytest.raises(ConnectionError):
        digests.build_due(FRIDAY)
    monkeypatch.setattr(digests, "save", save)

    counts = digests.build_due(FRIDAY)

    assert counts == {"pending": 4}
    assert Digest.objects.count() == 8


def test_of_two_builders_at_once_the_later_one_passes_over_what_the_other_wrote(topic, monkeypatch):
    monkeypatch.setattr(digests, "PAGE", 3)
    for _ in range(7):
        reader(topic)
    ((cadence, day, due),) = digests.all_due(FRIDAY)
    edition = digests.open_edition(cadence, day, FRIDAY)
    begun = next(due)

    other = digests.build_due(FRIDAY)
    counts = digests.build(edition, [begun, *due], now=FRIDAY)

    assert (other, counts) == ({"pending": 7}, {})
    assert Digest.objects.count() == 7


def test_a_paper_given_by_another_builder_meanwhile_leaves_its_batch_to_the_next_tick(
    topic, monkeypatch
):
    one, another = reader(topic), reader(topic)
    had, day_before = digests.had, make_edition(date=FRIDAY.date() - DAY)
    given = Paper.objects.get(title="Offline RL for robot arm 0")

    def meanwhile(*args):
        seen = had(*args)
        make_digest(edition=day_before, subscriber=one, papers=[given])
        monkeypatch.setattr(digests, "had", had)
        return seen

    monkeypatch.setattr(digests, "had", meanwhile)

    counts = [digests.build_due(FRIDAY), digests.build_due(FRIDAY)]

    assert counts == [{}, {"pending": 2}]
    assert Entry.objects.filter(subscriber=one, paper=given).count() == 1
    assert Entry.objects.filter(subscriber=another, paper=given).count() == 1
