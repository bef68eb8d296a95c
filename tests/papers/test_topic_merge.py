"""Two topics become one, whoever points at them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from papers import topic_merge
from papers.models import PaperTopic, Topic
from subscribers.models import TopicPreference
from tests.factories import make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


def followers(topic):
    return set(TopicPreference.objects.filter(topic=topic).values_list("subscriber", flat=True))


def test_readers_move_and_the_topic_is_switched_off():
    old, new = make_topic(), make_topic()
    readers = [make_subscriber(topics=[old]), make_subscriber(topics=[old])]

    moved = topic_merge.merge(old, new)

    assert moved["preferences"] == 2
    assert followers(new) == {reader.pk for reader in readers}
    assert not followers(old)
    old.refresh_from_db()
    assert (old.is_active, old.merged_into) == (False, new)


def test_a_reader_of_both_keeps_one_preference_with_the_weight_set_for_the_other():
    old, new = make_topic(), make_topic()
    reader = make_subscriber(topics=[old, new])
    TopicPreference.objects.filter(topic=old).update(weight=TopicPreference.Weight.MORE)
    TopicPreference.objects.filter(topic=new).update(weight=TopicPreference.Weight.LESS)

    moved = topic_merge.merge(old, new)

    assert moved["preferences"] == 0
    kept = TopicPreference.objects.get(subscriber=reader)
    assert (kept.topic, kept.weight) == (new, TopicPreference.Weight.LESS)


def test_scores_end_with_the_text_they_belong_to():
    old, new = make_topic(), make_topic()
    PaperTopic.objects.create(paper=make_paper(), topic=old, score=2, belongs=True)

    topic_merge.merge(old, new)

    assert not PaperTopic.objects.exists()


def test_children_and_earlier_mergers_follow():
    old, new = make_topic(), make_topic()
    child = make_topic(parent=old)
    earlier = make_topic(merged_into=old, is_active=False)

    topic_merge.merge(old, new)

    child.refresh_from_db()
    earlier.refresh_from_db()
    assert (child.parent, earlier.merged_into) == (new, new)


def test_a_parent_can_be_merged_into_its_child():
    top = make_topic()
    old = make_topic(parent=top)
    new = make_topic(parent=old)

    topic_merge.merge(old, new)

    new.refresh_from_db()
    assert new.parent == top


def test_the_same_number_of_queries_moves_more_readers():
    few, many, target = make_topic(), make_topic(), make_topic()
    make_subscriber(topics=[few])
    for _ in range(10):
        make_subscriber(topics=[many])

    with CaptureQueriesContext(connection) as first:
        topic_merge.merge(few, target)
    with CaptureQueriesContext(connection) as second:
        topic_merge.merge(many, target)

    assert len(second) == len(first)


@pytest.mark.parametrize("case", ["itself", "switched off", "merged already"])
def test_what_cannot_be_merged_is_refused(case):
    old, new = make_topic(), make_topic()
    if case == "itself":
        new = old
    elif case == "switched off":
        Topic.objects.filter(pk=new.pk).update(is_active=False)
        new.refresh_from_db()
    else:
        topic_merge.merge(old, make_topic())

    with pytest.raises(ValueError, match=case):
        topic_merge.merge(old, new)


def ways_up(topics):
    """Each topic's ancestors by slug, as long as none comes twice."""
    parents = dict(Topic.objects.values_list("pk", "parent"))
    for topic in topics:
        way, at = [topic.pk], parents[topic.pk]
        while at is not None and at not in way:
            way.append(at)
            at = parents[at]
        yield topic, way, at


def test_a_topic_merged_into_its_grandchild_leaves_no_circle():
    top = make_topic()
    animals = make_topic(parent=top)
    insects = make_topic(parent=animals)
    bees = make_topic(parent=insects)

    topic_merge.merge(animals, bees)

    insects.refresh_from_db()
    bees.refresh_from_db()
    assert (insects.parent, bees.parent) == (bees, top)


@settings(max_examples=80)
@given(
    parents=st.lists(st.integers(0, 7), min_size=2, max_size=8),
    merges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=8),
)
def test_no_merge_of_any_tree_makes_a_circle_or_leaves_a_child_with_a_merged_parent(
    parents, merges
):
    topics = [make_topic()]
    for parent in parents:
        topics.append(make_topic(parent=topics[-1 - parent % len(topics)]))

    rows = list(Topic.objects.filter(pk__in=[topic.pk for topic in topics]).order_by("pk"))
    for old, new in merges:
        # As on an admin page: read before the merges that went first.
        try:
            topic_merge.merge(rows[old % len(rows)], rows[new % len(rows)])
        except ValueError:
            continue

    assert [(topic, way) for topic, way, circle in ways_up(topics) if circle is not None] == []
    assert not Topic.objects.active().filter(parent__merged_into__isnull=False).exists()
