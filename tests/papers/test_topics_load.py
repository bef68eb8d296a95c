"""`load_topics`: as often as you like, and never over an operator's head."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from papers import topics
from papers.models import PaperTopic, Topic
from papers.topics import TopicText
from tests.factories import make_paper, make_topic

pytestmark = pytest.mark.django_db

BEES = TopicText(
    slug="bees",
    name="Bees",
    field="Biology",
    keywords=("honey bee", "pollination"),
    synonyms=(("honey bee", "Apis mellifera"),),
    categories=("q-bio.PE",),
)
HIVES = TopicText(slug="hives", name="Hives", keywords=("beehive",), parent="bees")
NEW_BEES = TopicText(slug="bees", name="Bees", keywords=("honey bee", "swarm"))


def test_new_topics_arrive_in_order_with_their_parent():
    loaded = topics.load([BEES, HIVES])

    assert loaded.new == ["bees", "hives"]
    assert list(Topic.objects.values_list("slug", flat=True)) == ["bees", "hives"]
    assert Topic.objects.get(slug="hives").parent.slug == "bees"
    assert topics.text_of(Topic.objects.get(slug="bees")) == BEES


def test_a_second_load_writes_nothing():
    topics.load([BEES, HIVES])
    before = list(Topic.objects.values_list("slug", "changed_at"))

    loaded = topics.load([BEES, HIVES])

    assert loaded.unchanged == ["bees", "hives"]
    assert (loaded.new, loaded.updated, loaded.changed) == ([], [], [])
    assert list(Topic.objects.values_list("slug", "changed_at")) == before


def test_a_topic_nobody_edited_takes_the_new_text():
    topics.load([BEES])

    loaded = topics.load([NEW_BEES])

    assert loaded.updated == ["bees"]
    assert Topic.objects.get(slug="bees").keywords == ["honey bee", "swarm"]


@pytest.mark.parametrize(
    "edit",
    [
        {"name": "Bumblebees"},
        {"keywords": ["bumblebee"]},
        {"synonyms": []},
        {"categories": []},
        {"description": "Mine."},
        {"is_active": False},
    ],
)
def test_what_an_operator_changed_stays(edit):
    topics.load([BEES])
    Topic.objects.update(**edit)

    loaded = topics.load([NEW_BEES])

    assert loaded.kept == ["bees"]
    assert Topic.objects.filter(**edit).count() == 1
    assert "swarm" not in Topic.objects.get().keywords


def test_a_merged_topic_is_not_revived():
    topics.load([BEES])
    Topic.objects.filter(slug="bees").update(merged_into=make_topic(slug="insects"))

    loaded = topics.load([NEW_BEES])

    assert loaded.kept == ["bees"]
    assert Topic.objects.get(slug="bees").merged_into.slug == "insects"


def test_an_operators_own_topic_of_the_same_name_stays():
    make_topic(slug="bees", name="My bees", keywords=["mine"])

    loaded = topics.load([BEES])

    assert loaded.kept == ["bees"]
    assert Topic.objects.get().keywords == ["mine"]


def test_an_operators_order_stays_and_newcomers_go_last():
    topics.load([BEES])
    Topic.objects.update(position=700)

    topics.load([NEW_BEES, HIVES])

    assert list(Topic.objects.values_list("slug", "position")) == [("bees", 700), ("hives", 710)]


def test_unknown_and_circular_parents_are_refused_by_name():
    topics.load([BEES, HIVES])
    circle = TopicText(slug="bees", name="Bees", parent="hives")
    orphan = TopicText(slug="wasps", name="Wasps", parent="insects")

    loaded = topics.load([circle, orphan])

    assert [entry.name for entry in loaded.refused] == ["bees", "wasps"]
    assert Topic.objects.get(slug="bees").parent is None


def test_a_dry_run_says_the_same_and_writes_nothing():
    loaded = topics.load([BEES, HIVES], dry_run=True)

    assert loaded.new == ["bees", "hives"]
    assert not Topic.objects.exists()


def test_the_command_loads_what_ships():
    out = StringIO()

    call_command("load_topics", stdout=out)
    call_command("load_topics", stdout=out)

    count = Topic.objects.count()
    assert f"{count} new, 0 updated, 0 unchanged, 0 kept, 0 refused" in out.getvalue()
    assert f"0 new, 0 updated, {count} unchanged, 0 kept, 0 refused" in out.getvalue()


def test_the_command_names_the_broken_entry_and_fails_after_loading_the_rest(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("- {slug: bees, name: Bees}\n- {slug: wasps, name: Wasps, categories: [x]}\n")
    err = StringIO()

    with pytest.raises(CommandError):
        call_command("load_topics", file=file, stdout=StringIO(), stderr=err)

    assert "wasps: not an arXiv category" in err.getvalue()
    assert list(Topic.objects.values_list("slug", flat=True)) == ["bees"]


def test_the_command_scores_the_papers_that_are_there(tmp_path):
    today = timezone.now().date()
    paper = make_paper(title="Pollination by the honey bee", first_mentioned_on=today)
    for _ in range(20):
        make_paper(first_mentioned_on=today)
    file = tmp_path / "mine.yaml"
    file.write_text("- {slug: bees, name: Bees, keywords: [honey bee]}\n")

    call_command("load_topics", file=file, stdout=StringIO())

    assert [row.paper for row in PaperTopic.objects.filter(belongs=True)] == [paper]


@pytest.mark.parametrize("content", [None, "topics: ["])
def test_the_command_says_why_a_file_cannot_be_read(tmp_path, content):
    file = tmp_path / "mine.yaml"
    if content:
        file.write_text(content)

    with pytest.raises(CommandError, match=r"mine\.yaml"):
        call_command("load_topics", file=file)
