from datetime import UTC, datetime, timedelta

import pytest

from papers.models import Author
from subscribers import preferences
from subscribers.models import ConsentEvent, Notice, Subscriber
from tests.factories import NOW, make_subscriber, make_topic

BERLIN = "Europe/Berlin"


def reader(**fields) -> Subscriber:
    fields = {"status": "active", "timezone": BERLIN, "hour": 7, "weekdays": 0b0000001} | fields
    return Subscriber(**fields)


def test_the_rhythm_is_restated_in_the_readers_own_hours():
    # 20 February 2026 is a Friday; in Berlin it is 08:00.
    sentence = preferences.next_letter(reader(), now=NOW)

    assert sentence == "Next mail: Monday 07:00 Berlin"


@pytest.mark.parametrize(
    ("fields", "now", "sentence"),
    [
        # On 29 March 2026 Berlin's clocks jump from 02:00 to 03:00.
        (
            {"hour": 2, "weekdays": 0b1000000},
            datetime(2026, 3, 28, 12, tzinfo=UTC),
            "Next mail: Sunday 03:00 Berlin",
        ),
        (
            {"hour": 7, "weekdays": 0b1000000},
            datetime(2026, 3, 28, 12, tzinfo=UTC),
            "Next mail: Sunday 07:00 Berlin",
        ),
        (
            {"cadence": "weekly", "weekdays": 0b0110000},
            datetime(2026, 2, 20, 12, tzinfo=UTC),
            "Next mail: Friday 07:00 Berlin",
        ),
        ({"timezone": "America/New_York"}, NOW, "Next mail: Monday 07:00 New York"),
        ({"timezone": "Mars/Olympus_Mons"}, NOW, "Next mail: Monday 07:00 UTC"),
        ({"status": "paused"}, NOW, "Paused until you come back."),
        (
            {"status": "paused", "paused_until": NOW + timedelta(days=14)},
            NOW,
            "Paused until Friday 6 March.",
        ),
        ({"status": "unsubscribed"}, NOW, "No mail: this address is not subscribed."),
    ],
)
def test_the_sentence_is_true_through_clock_changes_and_pauses(fields, now, sentence):
    assert preferences.next_letter(reader(**fields), now=now) == sentence


@pytest.mark.django_db
def test_a_new_rhythm_is_kept_proved_and_announced_once():
    subscriber = make_subscriber()
    rhythm = {"cadence": "weekly", "weekdays": 1, "hour": 18, "timezone": BERLIN}

    answers = [preferences.set_rhythm(subscriber, **rhythm, now=NOW) for _ in range(2)]

    subscriber.refresh_from_db()
    assert answers == [True, False]
    assert (subscriber.cadence, subscriber.hour, subscriber.rhythm_since) == ("weekly", 18, NOW)
    assert [e.detail for e in ConsentEvent.objects.all()] == [rhythm]
    notice = Notice.objects.get()
    assert (notice.kind, notice.not_before) == ("changed", NOW + preferences.CHANGED_AFTER)


@pytest.mark.django_db
def test_topics_get_their_weight_or_go_and_those_not_named_stay():
    kept, gone, new, hidden = (make_topic() for _ in range(4))
    subscriber = make_subscriber(topics=[kept, gone, hidden])

    preferences.set_topics(subscriber, {kept: 3, gone: 0, new: 1})

    weights = dict(subscriber.topic_preferences.values_list("topic", "weight"))
    assert weights == {kept.pk: 3, new.pk: 1, hidden.pk: 2}


@pytest.mark.django_db
def test_keywords_that_stay_keep_their_row():
    subscriber = make_subscriber()
    preferences.set_keywords(subscriber, "want", ["lidar", "radar"])
    before = subscriber.rules.get(text="radar").pk

    preferences.set_keywords(subscriber, "want", ["radar", "sonar", "sonar"])
    preferences.set_keywords(subscriber, "mute", ["survey"])

    rules = set(subscriber.rules.values_list("kind", "text"))
    assert rules == {("want", "radar"), ("want", "sonar"), ("mute", "survey")}
    assert subscriber.rules.get(text="radar").pk == before


@pytest.mark.django_db
def test_an_author_both_followed_and_muted_is_muted():
    ada, bo = (Author.objects.create(name=n, key=n) for n in ("ada", "bo"))
    subscriber = make_subscriber()

    preferences.set_people(subscriber, followed=[ada, bo], muted=[bo])
    preferences.set_people(subscriber, followed=[ada, bo], muted=[bo])

    assert [f.author for f in subscriber.follows.all()] == [ada]
    assert [(r.kind, r.author) for r in subscriber.rules.all()] == [("mute_author", bo)]
