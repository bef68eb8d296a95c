"""Letters before they are written: the next one, and those a rule would have changed."""

from datetime import timedelta

import pytest

from newsletter import forecasts
from newsletter.models import Digest
from papers import pool as pools
from papers.models import Author, PaperTopic
from subscribers import feedback, links
from subscribers.models import Feedback, Rule, Subscriber
from subscribers.preference_forms import PeopleForm
from tests.factories import NOW, make_digest, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pool_of_another_test(monkeypatch, time_machine):
    monkeypatch.setattr(pools, "_recent", {})
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def bees():
    return make_topic(name="Honey bees", keywords=["honey bee"])


@pytest.fixture
def reader(bees):
    return make_subscriber(topics=[bees])


@pytest.fixture
def home(reader):
    return "/p/" + links.make(reader.pk, "preferences")


@pytest.fixture
def papers(bees):
    """One a day over six weeks, today's first; every second is about orchards too."""
    rows = [
        make_paper(
            title=f"The honey bee in {'orchards' if n % 2 else 'towns'}, part {n}",
            first_mentioned_on=(NOW - timedelta(days=n)).date(),
            authors=["Maya Ellison" if n % 3 == 0 else "Bo Lind"],
        )
        for n in range(42)
    ]
    for paper in rows:
        fits(bees, paper)
    for _ in range(10):
        make_paper()
    return rows


def fits(topic, paper):
    PaperTopic.objects.create(paper=paper, topic=topic, score=2.0, belongs=True)


def titles(letter):
    return [row.paper.title for row in letter.rows]


def people(reader, **fields):
    form = PeopleForm(dict(fields), subscriber=reader)
    assert form.is_valid(), form.errors
    return forecasts.edited(reader, form, now=NOW)


def test_the_next_letter_holds_new_papers_with_their_reasons(reader, papers):
    letter = forecasts.next_letter(reader, now=NOW)

    assert set(titles(letter)) <= {paper.title for paper in papers[:7]}
    assert letter.rows[0].section == "top"
    assert "your topic Honey bees" in letter.rows[0].why
    assert not Digest.objects.exists()


def test_what_a_reader_has_got_is_not_in_the_next_letter(reader, papers):
    make_digest(subscriber=reader, papers=papers[:2])

    letter = forecasts.next_letter(reader, now=NOW)

    assert letter.rows
    assert not {paper.title for paper in papers[:2]} & set(titles(letter))


def test_a_tap_changes_the_preview_and_can_be_undone(client, home, reader, papers):
    before = titles(forecasts.next_letter(reader, now=NOW))

    page = client.post(f"{home}/tap", {"paper": papers[0].pk, "kind": "seen"}, follow=True)
    after = titles(forecasts.next_letter(reader, now=NOW))
    client.post(f"{home}/tap", {"paper": papers[0].pk, "undo": "seen"})
    undone = titles(forecasts.next_letter(reader, now=NOW))

    assert f"Undo: {papers[0].title}" in page.content.decode()
    assert papers[0].title not in after
    assert undone == before


def test_following_an_author_in_the_preview_becomes_the_reason(client, home, reader, papers):
    maya = Author.objects.get(name="Maya Ellison")

    page = client.post(f"{home}/tap", {"follow": maya.pk}, follow=True).content.decode()
    followed = reader.follows.count()
    client.post(f"{home}/tap", {"unfollow": maya.pk})

    assert "ou follow Maya Ellison" in page
    assert "Following Maya Ellison" in page
    assert (followed, reader.follows.count()) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"paper": "0", "kind": "more"}, 404),
        ({"paper": "x", "kind": "more"}, 404),
        ({"follow": "999999"}, 404),
        ({}, 404),
    ],
)
def test_a_tap_on_nothing_is_a_404(client, home, fields, status):
    assert client.post(f"{home}/tap", fields).status_code == status


@pytest.mark.parametrize("kind", ["pasted", "hate", ""])
def test_an_unknown_tap_records_nothing(client, home, papers, kind):
    client.post(f"{home}/tap", {"paper": papers[0].pk, "kind": kind, "undo": kind})

    assert not Feedback.objects.exists()


def test_a_get_taps_nothing_and_a_stranger_sees_nothing(client, home):
    assert client.get(f"{home}/tap")["Location"] == home
    assert not Feedback.objects.exists()
    assert client.get("/p/nobody/next").status_code == 404
    assert client.post("/p/nobody/tap").status_code == 404
    assert client.post("/p/nobody/try/people").status_code == 404


def test_without_papers_the_preview_says_so(client, home):
    page = client.get(f"{home}/next").content.decode()

    assert "There would be no letter" in page


def test_twice_the_papers_cost_the_preview_no_more_queries(
    client, home, papers, django_assert_max_num_queries
):
    client.get(f"{home}/next")

    with django_assert_max_num_queries(18):
        client.get(f"{home}/next")


def test_a_new_paper_is_in_the_preview_at_once(reader, papers, bees):
    forecasts.next_letter(reader, now=NOW)
    paper = make_paper(title="The honey bee and the honey bee keeper")
    fits(bees, paper)

    assert paper.title in titles(forecasts.next_letter(reader, now=NOW))


def test_a_wanted_word_is_tried_on_the_past_and_nothing_is_saved(reader, papers):
    nobody = make_subscriber(wants_surprise=False)
    Rule.objects.create(subscriber=nobody, kind="search", text="zebra fish")

    tested = forecasts.back_test(nobody, people(nobody, want="orchards"), now=NOW)

    new = {sent.paper.title for day in tested.days for sent in day.sent if sent.is_new}
    assert new == {paper.title for paper in papers[:36] if "orchards" in paper.title}
    assert (tested.before, tested.after, tested.lost) == (0, 18, 0)
    assert "keyword “orchards”" in tested.days[1].sent[0].why
    assert [rule.kind for rule in nobody.rules.all()] == ["search"]


def test_a_muted_word_and_author_show_what_would_be_gone(reader, papers):
    after = people(reader, mute_words="orchards", mute="Maya Ellison")

    tested = forecasts.back_test(reader, after, now=NOW)

    kept = {sent.paper.title for day in tested.days for sent in day.sent}
    lost = {paper.title for day in tested.days for paper in day.lost}
    assert tested.before == len(kept) + len(lost)
    assert all("towns" in title for title in kept)
    assert any("orchards" in title for title in lost)
    assert not reader.rules.exists()


def test_without_an_edit_the_past_stays_as_it_was(reader, papers):
    feedback.give(reader, papers[0], "more", now=NOW)

    tested = forecasts.back_test(reader, people(reader), now=NOW)

    assert tested.before == tested.after > 20
    assert (tested.new, tested.lost) == (0, 0)
    assert len(tested.days) == forecasts.DAYS
    assert [day.on for day in tested.days] == sorted((day.on for day in tested.days), reverse=True)


@pytest.mark.parametrize(
    ("fields", "letters", "weekdays"),
    [
        ({"weekdays": 0b0011111}, 22, {0, 1, 2, 3, 4}),
        ({"cadence": "weekly", "weekdays": 0b0000110}, 4, {1}),
        ({"timezone": "Mars/Olympus"}, 30, set(range(7))),
    ],
)
def test_the_past_has_the_letters_of_the_readers_rhythm(fields, letters, weekdays):
    past = forecasts.past_letters(Subscriber(hour=7, **fields), now=NOW)

    assert len(past) == letters
    assert {letter.on.weekday() for letter in past} == weekdays


def test_with_too_many_papers_to_keep_fewer_days_are_tried(reader, papers, monkeypatch):
    monkeypatch.setattr(pools, "MOST_KEPT", 30)

    tested = forecasts.back_test(reader, people(reader), now=NOW)

    # Ten papers came today besides one a day: 30 papers are those of twenty days.
    assert tested.span == len(tested.days) == 20 - 6
    assert tested.before > 0


def test_trying_a_form_shows_days_and_titles_and_saves_nothing(client, home, reader, papers, bees):
    page = client.post(f"{home}/try/topics", {f"topic-{bees.pk}": "0"})
    text = " ".join(page.content.decode().split())

    assert page.status_code == 200
    assert "Nothing is saved yet." in text
    assert "Friday 20 February:" in text
    assert "Gone" in text
    assert papers[1].title in text
    assert reader.topic_preferences.count() == 1


def test_trying_a_wrong_form_names_what_is_wrong(client, home):
    page = client.post(f"{home}/try/people", {"follow": "Nobody Here"})

    assert page.status_code == 400
    assert "No paper here is by an author of that name" in page.content.decode()


def test_only_topics_and_people_can_be_tried(client, home):
    assert client.post(f"{home}/try/mail").status_code == 404
