import json
from datetime import timedelta

import pytest
from django.utils import timezone

from papers.ingest import ingest
from papers.models import Author
from papers.sources.base import PaperRecord
from subscribers import consent, feedback, links
from subscribers.models import ConsentEvent, Subscriber
from tests.factories import NOW, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader():
    return make_subscriber(email="ada@mail.example.net", timezone="Europe/Berlin")


@pytest.fixture
def home(reader):
    return "/p/" + links.make(reader.pk, "preferences")


RHYTHM = {"rhythm": "weekdays", "hour": "18", "timezone": "Asia/Tokyo"}
MAIL = {"name": "Ada", "max_papers": "8", "summaries": "short", "language": "de"}


def test_the_page_restates_the_rhythm_and_names_its_owner(client, home):
    page = client.get(home).content.decode()

    assert "ada@mail.example.net" in page
    assert "Next mail: " in page
    assert "07:00 Berlin" in page


def test_the_page_takes_as_many_queries_for_many_topics_and_tastes(
    client, home, reader, django_assert_max_num_queries
):
    for _ in range(40):
        make_topic()
        feedback.give(reader, make_paper(), "more", now=NOW)

    with django_assert_max_num_queries(10):
        client.get(home)


def test_a_reader_whose_zone_no_clock_knows_any_more_sees_utc_and_can_choose(client, home, reader):
    Subscriber.objects.update(timezone="Mars/Olympus_Mons")

    page = client.get(home).content.decode()
    client.post(f"{home}/when", RHYTHM)

    reader.refresh_from_db()
    assert '<option value="UTC" selected>' in page
    assert "Olympus" not in page
    assert reader.timezone == "Asia/Tokyo"


def test_the_rhythm_is_saved_and_says_so(client, home, reader):
    answer = client.post(f"{home}/when", RHYTHM, follow=True)

    reader.refresh_from_db()
    assert (reader.weekdays, reader.hour, reader.timezone) == (0b11111, 18, "Asia/Tokyo")
    assert answer.redirect_chain[0][0].endswith("?saved=when#saved")
    assert answer.content.decode().count("<strong>Saved</strong>") == 1
    assert "18:00 Tokyo" in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "cadence", "weekdays"),
    [
        ({"rhythm": "daily"}, "daily", 0b1111111),
        ({"rhythm": "days", "days": ["1", "6"]}, "daily", 0b1000010),
        ({"rhythm": "weekly", "days": ["6", "3"]}, "weekly", 0b0001000),
    ],
)
def test_every_rhythm_comes_back_as_it_was_chosen(client, home, reader, fields, cadence, weekdays):
    client.post(f"{home}/when", RHYTHM | fields)

    reader.refresh_from_db()
    assert (reader.cadence, reader.weekdays) == (cadence, weekdays)
    page = client.get(home).content.decode()
    radio = page.split(f'value="{fields["rhythm"]}"')[1].split(">")[0]
    assert "checked" in radio


@pytest.mark.parametrize(
    "fields",
    [
        {"rhythm": "hourly"},
        {"rhythm": "days"},
        {"rhythm": "days", "days": ["7"]},
        {"hour": "24"},
        {"hour": "-1"},
        {"hour": "noon"},
        {"timezone": "Mars/Olympus"},
        {"timezone": ""},
    ],
)
def test_a_wrong_rhythm_is_answered_clearly_and_changes_nothing(client, home, reader, fields):
    before = Subscriber.objects.values().get()

    answer = client.post(f"{home}/when", RHYTHM | fields)

    assert answer.status_code == 400
    assert "That did not work yet." in answer.content.decode()
    assert Subscriber.objects.values().get() == before


def test_a_zone_under_an_old_name_is_kept_on_offer(client):
    reader = make_subscriber(timezone="Asia/Calcutta")

    page = client.get("/p/" + links.make(reader.pk, "preferences")).content.decode()

    assert '<option value="Asia/Calcutta" selected>' in page


def test_topics_get_weights(client, home, reader):
    more, off, hidden = make_topic(), make_topic(), make_topic(is_active=False)
    for topic in (off, hidden):
        feedback.follow_topic(reader, topic)

    client.post(f"{home}/topics", {f"topic-{more.pk}": "3", f"topic-{off.pk}": "0"})

    weights = dict(reader.topic_preferences.values_list("topic", "weight"))
    assert weights == {more.pk: 3, hidden.pk: 2}


@pytest.mark.parametrize("weight", ["4", "-1", "x"])
def test_an_unknown_weight_changes_nothing(client, home, reader, weight):
    topic = make_topic()

    answer = client.post(f"{home}/topics", {f"topic-{topic.pk}": weight})

    assert answer.status_code == 400
    assert not reader.topic_preferences.exists()


def test_people_and_keywords_are_kept(client, home, reader):
    maya, bo = (Author.objects.create(name=n, key=n.lower()) for n in ("Maya Ellison", "Bo Lind"))
    feedback.follow_author(reader, bo)

    answer = client.post(
        f"{home}/people",
        {
            "follow": " maya  ellison ",
            "mute": "Bo Lind",
            "want": "lidar\r\n\r\n  point   clouds \nlidar",
            "mute_words": "survey",
            "search": "cheap sensors",
            "interest": "How little data does a robot need?\u202e",
        },
    )

    assert answer.status_code == 302
    assert [f.author for f in reader.follows.all()] == [maya]
    assert set(reader.rules.values_list("kind", "text", "author__name")) == {
        ("mute_author", "", "Bo Lind"),
        ("want", "lidar", None),
        ("want", "point clouds", None),
        ("mute", "survey", None),
        ("search", "cheap sensors", None),
        ("interest", "How little data does a robot need?", None),
    }


@pytest.mark.parametrize("field", ["follow", "mute"])
@pytest.mark.parametrize(
    "typed",
    ["José García-Ruiz", "jose garcia ruiz", "García-Ruiz, José", "  JOSE   Garcia-Ruiz\u202e "],
)
def test_an_author_is_found_by_any_spelling_of_the_name(client, home, reader, field, typed):
    papers = [
        PaperRecord(source="hf", arxiv_id=f"2602.0000{n}", title=f"On letter {n}", authors=(name,))
        for n, name in enumerate(["José García-Ruiz", "Jo Garcia"])
    ]
    ingest(papers, now=NOW)

    answer = client.post(f"{home}/people", {field: typed})

    assert answer.status_code == 302
    chosen = reader.follows if field == "follow" else reader.rules
    assert [row.author.name for row in chosen.all()] == ["José García-Ruiz"]


@pytest.mark.parametrize("typed", ["!!!", "Garcia", "José", "—"])
def test_half_a_name_or_none_is_no_author(client, home, reader, typed):
    Author.objects.create(name="José García", key="jose garcia")

    answer = client.post(f"{home}/people", {"follow": typed})

    assert answer.status_code == 400
    assert not reader.follows.exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"follow": "Nobody Here"}, "No paper here is by an author of that name"),
        ({"want": "x" * 101}, "At most 100 letters a line"),
        ({"want": "\n".join(map(str, range(101)))}, "At most 100 lines"),
        ({"followed": ["999999"]}, "Select a valid choice"),
        ({"followed": ["1 OR 1=1"]}, "is not a valid value"),
    ],
)
def test_wrong_people_or_words_change_nothing(client, home, reader, fields, says):
    answer = client.post(f"{home}/people", {"mute_words": "survey", **fields})

    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not reader.rules.exists()


def test_the_mail_is_saved(client, home, reader):
    client.post(f"{home}/mail", MAIL | {"text_only": "on"})

    reader.refresh_from_db()
    assert (reader.name, reader.max_papers, reader.summaries) == ("Ada", 8, "short")
    assert (reader.language, reader.wants_surprise, reader.text_only) == ("de", False, True)


@pytest.mark.parametrize(
    "fields",
    [{"max_papers": "9"}, {"summaries": "epic"}, {"language": "tlh"}, {"name": "x" * 81}],
)
def test_a_wrong_mail_changes_nothing(client, home, reader, fields):
    before = Subscriber.objects.values().get()

    answer = client.post(f"{home}/mail", MAIL | fields)

    assert answer.status_code == 400
    assert Subscriber.objects.values().get() == before


def test_saving_never_overwrites_a_withdrawal_made_meanwhile(client, home, reader):
    consent.withdraw(reader, door="page", now=timezone.now())

    client.post(f"{home}/mail", MAIL)

    reader.refresh_from_db()
    assert reader.status == "unsubscribed"


def test_a_pause_from_the_page_and_back(client, home, reader):
    client.post(f"{home}/pause-here", {"weeks": ""})
    reader.refresh_from_db()
    paused = (reader.status, reader.paused_until)
    client.post(f"{home}/pause-here", {"resume": "1"})

    reader.refresh_from_db()
    assert paused == ("paused", None)
    assert reader.status == "active"


def test_the_letters_pause_link_asks_and_pauses_for_two_weeks(client, reader):
    url = f"/p/{links.make(reader.pk, 'pause')}/pause"

    asked = client.get(url).content.decode()
    paused = client.post(url, {"weeks": "2"}).content.decode()

    reader.refresh_from_db()
    assert "Pause for two weeks?" in asked
    assert "Paused until " in paused
    assert 13.9 < (reader.paused_until - timezone.now()).days + 1 <= 14.1


def test_a_pause_link_does_not_open_the_preferences(client, reader):
    assert client.get(f"/p/{links.make(reader.pk, 'pause')}").status_code == 404


def test_learnt_tastes_are_shown_and_forgotten_one_by_one_or_all(client, home, reader):
    first, second = make_paper(title="Sparse <worlds>"), make_paper()
    for paper in (first, second):
        feedback.give(reader, paper, "more", now=NOW)

    page = client.get(home).content.decode()
    client.post(f"{home}/forget", {"paper": first.pk, "kind": "more"})
    after_one = feedback.standing(reader, [first, second])
    client.post(f"{home}/forget", {"all": "1"})

    assert "Sparse &lt;worlds&gt;" in page
    assert after_one == {second.pk: {"more"}}
    assert feedback.standing(reader, [first, second]) == {}


@pytest.mark.parametrize("paper", ["", "0", "x", "99999999999999999999", "²"])
def test_forgetting_a_paper_that_is_none_is_a_404(client, home, paper):
    assert client.post(f"{home}/forget", {"paper": paper, "kind": "more"}).status_code == 404


def test_the_export_holds_everything_but_the_keys(client, home, reader):
    topic = make_topic(slug="vision")
    feedback.follow_topic(reader, topic)
    feedback.give(reader, make_paper(title="Sparse worlds"), "saved", now=NOW)
    consent.pause(reader, until=None, now=NOW)

    answer = client.get(f"{home}/export")
    data = json.loads(answer.content)

    assert "attachment" in answer["Content-Disposition"]
    assert data["subscriber"]["email"] == "ada@mail.example.net"
    assert data["topics"][0]["topic"] == "vision"
    assert data["feedback"][0]["title"] == "Sparse worlds"
    assert [event["step"] for event in data["consent"]] == ["paused"]
    assert reader.unsubscribe_token not in answer.content.decode()


def test_erasing_asks_first_and_leaves_only_the_proof(client, home, reader):
    asked = client.get(f"{home}/erase").content.decode()
    still_there = Subscriber.objects.exists()
    client.post(f"{home}/erase")

    assert "cannot be undone" in asked
    assert still_there
    assert not Subscriber.objects.exists()
    assert [event.kind for event in ConsentEvent.objects.all()] == ["erased"]
    assert client.get(home).status_code == 404


def test_a_saved_group_shows_that_its_reader_is_alive(client, home, reader):
    client.get(home)
    reader.refresh_from_db()
    after_get = reader.last_seen_at
    client.post(f"{home}/mail", MAIL)

    reader.refresh_from_db()
    assert after_get is None
    assert reader.last_seen_at is not None


POSTED_TO = ("when", "topics", "people", "mail", "pause-here", "papers", "forget")


@pytest.mark.parametrize("address", [*POSTED_TO, "tap", "try/topics", "try/people"])
def test_a_tab_that_is_loaded_again_leads_to_the_page_and_does_nothing(
    client, home, reader, address
):
    answer = client.get(f"{home}/{address}")
    of_another = client.put(f"{home}/{address}")

    assert (answer.status_code, answer["Location"]) == (302, home)
    assert of_another.status_code == 405
    assert client.get("/p/nobody/" + address, follow=True).status_code == 404


@pytest.mark.parametrize("days", [1, 8])
def test_who_left_is_told_so_and_shown_the_way_back(client, home, reader, days, time_machine):
    time_machine.move_to(NOW)
    consent.withdraw(reader, door="page", now=NOW)
    time_machine.move_to(NOW + timedelta(days=days))

    page = client.get(home).content.decode()

    assert "No mail: this address is not subscribed." in page
    assert ("/back/" in page) is (days == 1)
    assert ("Subscribe again" in page) is (days == 8)
    assert "pause-here" not in page
    assert f"/u/{reader.unsubscribe_token}" not in page


def test_a_reader_is_offered_no_way_back(client, home):
    page = client.get(home).content.decode()

    assert "Subscribe again" not in page
    assert "/back/" not in page
    assert "pause-here" in page


def test_who_left_is_not_asked_whether_to_pause(client, reader):
    consent.withdraw(reader, door="page", now=NOW)
    link = "/p/" + links.make(reader.pk, "pause") + "/pause"

    page = client.get(link).content.decode()

    assert "You are unsubscribed" in page
    assert "Pause for two weeks" not in page
