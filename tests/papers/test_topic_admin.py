"""The operator at work on topics, through the admin's front door."""

import pytest
from bs4 import BeautifulSoup
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from papers import scoring
from papers.models import PaperTopic, Topic
from papers.topic_admin import moved
from subscribers.models import TopicPreference
from tests.factories import make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

LIST = "admin:papers_topic_changelist"
TEXT = {
    "name": "Honey bees",
    "field": "Biology",
    "description": "",
    "keywords": "honey bee\r\npollination",
    "synonyms": "honey bee = Apis mellifera",
    "categories": "q-bio.PE, q-bio.NC",
    "parent": "",
    "position": "10",
    "is_active": "on",
}


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def refreshed(monkeypatch):
    seen = []
    monkeypatch.setattr(scoring, "refresh_topic", lambda topic: seen.append(topic.slug))
    monkeypatch.setattr(
        scoring, "refresh_topics", lambda topics: seen.extend(t.slug for t in topics)
    )
    return seen


def act(client, name, *topics, **fields):
    data = {"action": name, "_selected_action": [topic.pk for topic in topics], **fields}
    return client.post(reverse(LIST), data, follow=True)


def change_url(topic):
    return reverse("admin:papers_topic_change", args=[topic.pk])


def test_lines_become_lists_and_come_back_as_lines(operator):
    answer = operator.post(reverse("admin:papers_topic_add"), {**TEXT, "slug": "honey-bees"})

    topic = Topic.objects.get(slug="honey-bees")
    page = operator.get(change_url(topic)).content.decode()
    assert answer.status_code == 302
    assert topic.keywords == ["honey bee", "pollination"]
    assert topic.synonyms == [["honey bee", "Apis mellifera"]]
    assert topic.categories == ["q-bio.PE", "q-bio.NC"]
    assert "honey bee\npollination</textarea>" in page
    assert "honey bee = Apis mellifera</textarea>" in page
    assert 'value="q-bio.PE q-bio.NC"' in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Bees‮seeb"}, "invisible character"),
        ({"keywords": "x" * 81}, "longer than 80"),
        ({"keywords": "\n".join(f"word {n}" for n in range(61))}, "At most 60 keywords, not 61."),
        ({"synonyms": "honey bee"}, "two different words"),
        ({"categories": "cs.CL biology"}, "mtrl-sci: biology"),
        ({"slug": "Honey--Bees"}, "single hyphens"),
        ({"position": "-1"}, "greater than or equal to 0"),
        ({"position": "99999999999999999"}, "less than or equal to 1000000"),
    ],
)
def test_a_broken_text_is_refused_with_its_reason(operator, fields, message):
    answer = operator.post(
        reverse("admin:papers_topic_add"), {**TEXT, "slug": "honey-bees", **fields}
    )

    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert not Topic.objects.exists()


def test_a_hostile_name_is_shown_literally(operator):
    make_topic(name="<script>alert(1)</script>", keywords=["</textarea><b>"])

    listed = operator.get(reverse(LIST)).content.decode()
    edited = operator.get(change_url(Topic.objects.get())).content.decode()

    assert "<script>alert" not in listed + edited
    assert "</textarea><b>" not in edited


def test_an_edit_is_logged_and_scored_anew_once_saved(
    operator, refreshed, django_capture_on_commit_callbacks
):
    topic = make_topic(name="Honey bees", position=10, keywords=["wasp"])

    with django_capture_on_commit_callbacks(execute=True):
        operator.post(change_url(topic), TEXT)

    topic.refresh_from_db()
    assert topic.keywords == ["honey bee", "pollination"]
    assert refreshed == [topic.slug]
    assert "keywords" in LogEntry.objects.get().get_change_message()


def test_saving_without_an_edit_scores_nothing(
    operator, refreshed, django_capture_on_commit_callbacks
):
    topic = make_topic(
        name="Honey bees",
        field="Biology",
        position=10,
        keywords=["honey bee", "pollination"],
        synonyms=[["honey bee", "Apis mellifera"]],
        categories=["q-bio.PE", "q-bio.NC"],
    )
    Topic.objects.update(scored_hash=scoring.text_hash(topic))

    with django_capture_on_commit_callbacks(execute=True):
        operator.post(change_url(topic), TEXT)

    assert refreshed == []
    assert "No fields changed" in LogEntry.objects.get().get_change_message()


def test_the_slug_of_a_public_topic_stays(operator):
    topic = make_topic(slug="bees")

    operator.post(change_url(topic), {**TEXT, "slug": "wasps"})

    topic.refresh_from_db()
    assert (topic.slug, topic.name) == ("bees", "Honey bees")


def test_a_topic_cannot_stand_below_its_own_child(operator):
    topic = make_topic()
    child = make_topic(parent=topic)

    answer = operator.post(change_url(topic), {**TEXT, "parent": child.pk})

    assert "stands below this topic" in answer.content.decode()


def test_the_list_counts_active_readers_and_papers_of_the_last_week(operator):
    topic = make_topic(name="Honey bees")
    make_subscriber(topics=[topic])
    make_subscriber(topics=[topic], status="unsubscribed")
    for day, belongs in ((20, True), (14, True), (13, True), (19, False)):
        paper = make_paper(first_mentioned_on=f"2026-02-{day}")
        PaperTopic.objects.create(paper=paper, topic=topic, score=1, belongs=belongs)

    page = operator.get(reverse(LIST)).content.decode()

    assert '<td class="field-subscribers">1</td>' in page
    assert '<td class="field-papers_last_week">2</td>' in page


def test_twice_the_rows_cost_no_more_queries(operator):
    def rows(number):
        for _ in range(number):
            topic = make_topic(parent=make_topic(), merged_into=None)
            make_topic(merged_into=topic, is_active=False)
            make_subscriber(topics=[topic])
            PaperTopic.objects.create(paper=make_paper(), topic=topic, score=1, belongs=True)

    rows(3)
    with CaptureQueriesContext(connection) as few:
        operator.get(reverse(LIST))
    rows(3)
    with CaptureQueriesContext(connection) as many:
        operator.get(reverse(LIST))

    assert len(many) == len(few) <= 10


def test_search_finds_keywords_too(operator):
    make_topic(name="Insects", keywords=["honey bee"])
    make_topic(name="Stars")

    page = operator.get(reverse(LIST), {"q": "honey"}).content.decode()

    assert "Insects" in page
    assert "Stars" not in page


def test_switching_off_and_on_is_logged_and_catches_up(
    operator, refreshed, django_capture_on_commit_callbacks
):
    topic = make_topic()

    act(operator, "switch_off", topic)
    topic.refresh_from_db()
    was_on = topic.is_active
    with django_capture_on_commit_callbacks(execute=True):
        act(operator, "switch_on", topic)

    topic.refresh_from_db()
    assert (was_on, topic.is_active) == (False, True)
    assert refreshed == [topic.slug]
    assert [e.change_message for e in LogEntry.objects.order_by("pk")] == [
        "Switched off.",
        "Switched on.",
    ]


def test_a_merged_topic_is_not_switched_on_nor_edited(operator):
    merged = make_topic(merged_into=make_topic(), is_active=False, name="Old")

    act(operator, "switch_on", merged)
    answer = operator.post(change_url(merged), TEXT)

    merged.refresh_from_db()
    assert (merged.is_active, merged.name) == (False, "Old")
    assert answer.status_code == 403


def test_merging_asks_first_and_then_moves_the_readers(operator):
    old, new = make_topic(name="Bees"), make_topic(name="Insects")
    reader = make_subscriber(topics=[old])

    question = act(operator, "merge", old)
    before = Topic.objects.get(pk=old.pk).merged_into
    done = act(operator, "merge", old, into=new.pk)

    old.refresh_from_db()
    assert "Merge into" in question.content.decode()
    assert (before, old.merged_into) == (None, new)
    assert TopicPreference.objects.get(subscriber=reader).topic == new
    assert "Bees merged into Insects; 1 readers moved." in done.content.decode()
    assert LogEntry.objects.count() == 2


def test_a_topic_is_not_merged_into_one_of_the_chosen(operator):
    first, second = make_topic(), make_topic()

    answer = act(operator, "merge", first, second, into=second.pk)

    assert "not one of the available choices" in answer.content.decode()
    assert not Topic.objects.exclude(merged_into=None).exists()


@pytest.mark.parametrize(
    ("step", "chosen", "order"),
    [
        (-1, "c", "acbd"),
        (-1, "a", "abcd"),
        (-1, "bc", "bcad"),
        (-1, "ab", "abcd"),
        (1, "b", "acbd"),
        (1, "d", "abcd"),
        (1, "ab", "cabd"),
        (1, "cd", "abcd"),
    ],
)
def test_chosen_topics_move_one_place_together(step, chosen, order):
    rows = [Topic(pk=n, name=name) for n, name in enumerate("abcd", start=1)]

    after = moved(rows, {row.pk for row in rows if row.name in chosen}, step=step)

    assert "".join(row.name for row in after) == order


def test_moving_up_renumbers_the_list(operator):
    make_topic(name="a", position=0)
    last = make_topic(name="b", position=0)

    act(operator, "move_up", last)

    assert list(Topic.objects.values_list("name", "position")) == [("b", 10), ("a", 20)]


def test_a_position_beyond_all_is_refused_in_the_list(operator):
    topic = make_topic(position=10)

    answer = operator.post(
        reverse(LIST),
        {
            "form-TOTAL_FORMS": 1,
            "form-INITIAL_FORMS": 1,
            "form-0-id": topic.pk,
            "form-0-position": 99999999999999999,
            "_save": "Save",
        },
    )

    topic.refresh_from_db()
    assert "less than or equal to 1000000" in answer.content.decode()
    assert topic.position == 10


def test_positions_can_be_typed_into_the_list(operator):
    topic = make_topic(position=10)

    operator.post(
        reverse(LIST),
        {
            "form-TOTAL_FORMS": 1,
            "form-INITIAL_FORMS": 1,
            "form-0-id": topic.pk,
            "form-0-position": 70,
            "_save": "Save",
        },
    )

    topic.refresh_from_db()
    assert topic.position == 70


def test_topics_are_never_deleted(operator):
    topic = make_topic()

    answer = operator.post(reverse("admin:papers_topic_delete", args=[topic.pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert Topic.objects.exists()


def test_a_stranger_sees_no_preview(client):
    answer = client.post(reverse("admin:papers_topic_preview_new"), TEXT)

    assert answer.status_code == 302
    assert "login" in answer["Location"]


@pytest.mark.parametrize("saved", [True, False])
def test_the_preview_matches_the_text_in_the_form_and_saves_nothing(operator, saved):
    make_paper(title="Why the honey bee dances")
    make_paper(title="Ships <b>at</b> sea and honey bee hives")
    for _ in range(30):
        make_paper()
    topic = make_topic(name="Stars", keywords=["star"]) if saved else None
    url = (
        reverse("admin:papers_topic_preview", args=[topic.pk])
        if topic
        else reverse("admin:papers_topic_preview_new")
    )

    page = operator.post(url, TEXT).content.decode()

    assert "Why the honey bee dances" in page
    assert "Ships &lt;b&gt;at&lt;/b&gt; sea" in page
    assert "2 papers of the last 30 days would belong." in page
    assert not Topic.objects.filter(name="Honey bees").exists()


def test_the_preview_says_what_is_wrong_with_the_text(operator):
    page = operator.post(
        reverse("admin:papers_topic_preview_new"), {**TEXT, "categories": "bees"}
    ).content.decode()

    assert "Categories: Not an arXiv category" in page


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("keywords", "\n".join(f"word {n}" for n in range(61))),
        ("synonyms", "\n".join(f"word {n} = w{n}" for n in range(31))),
        ("categories", " ".join(["cs.LG"] * 21)),
    ],
)
def test_a_field_that_holds_too_much_is_named_once(operator, field, typed):
    page = operator.post(
        reverse("admin:papers_topic_preview_new"), {**TEXT, field: typed}
    ).content.decode()

    (error,) = BeautifulSoup(page, "lxml").select(".errorlist li")
    assert error.get_text().count(":") == 1
    assert error.get_text().startswith(f"{field.capitalize()}: At most ")


def test_the_preview_answers_where_there_are_no_papers(operator):
    page = operator.post(reverse("admin:papers_topic_preview_new"), TEXT).content.decode()

    assert "None of the papers" in page


def test_a_get_previews_nothing(operator):
    assert operator.get(reverse("admin:papers_topic_preview_new")).status_code == 405
