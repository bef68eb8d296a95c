from datetime import timedelta

import pytest

from papers.models import Author
from subscribers import feedback, preferences
from subscribers.models import Feedback
from tests.factories import NOW, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def test_a_tap_counts_once_however_often_it_is_made():
    reader, paper = make_subscriber(), make_paper()

    for _ in range(3):
        feedback.give(reader, paper, "more", now=NOW)

    assert [(f.kind, f.given_at) for f in Feedback.objects.all()] == [("more", NOW)]
    reader.refresh_from_db()
    assert reader.last_seen_at == NOW


def test_more_and_less_exclude_each_other():
    reader, paper = make_subscriber(), make_paper()

    feedback.give(reader, paper, "more", now=NOW)
    feedback.give(reader, paper, "saved", now=NOW)
    feedback.give(reader, paper, "less", now=LATER)

    assert feedback.standing(reader, [paper]) == {paper.pk: {"less", "saved"}}


@pytest.mark.parametrize("reason", ["seen", "not_author"])
def test_a_better_reason_takes_less_back(reason):
    reader, paper = make_subscriber(), make_paper()

    feedback.give(reader, paper, "less", now=NOW)
    feedback.give(reader, paper, reason, now=LATER)

    assert feedback.standing(reader, [paper]) == {paper.pk: {reason}}


def test_an_undone_tap_is_kept_with_its_time_and_can_be_given_again():
    reader, paper = make_subscriber(), make_paper()
    feedback.give(reader, paper, "more", now=NOW)

    undone = [feedback.undo(reader, paper, "more", now=LATER) for _ in range(2)]
    row = Feedback.objects.get()
    again = feedback.give(reader, paper, "more", now=LATER)

    assert undone == [True, False]
    assert row.undone_at == LATER
    assert (again.given_at, again.undone_at) == (LATER, None)


def test_feedback_on_a_merged_paper_goes_to_the_paper_it_became():
    reader = make_subscriber()
    kept = make_paper()
    merged = make_paper(merged_into=make_paper(merged_into=kept))

    given = feedback.give(reader, merged, "saved", now=NOW)

    assert given.paper == kept


def test_a_tap_is_taken_back_from_all_papers_that_became_one():
    reader, kept, merged = make_subscriber(), make_paper(), make_paper()
    for paper in (kept, merged):
        feedback.give(reader, paper, "saved", now=NOW)
    merged.merged_into = kept
    merged.save()

    undone = feedback.undo(reader, merged, "saved", now=LATER)

    assert undone
    assert not reader.feedback.filter(undone_at=None).exists()


def test_an_unknown_kind_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="hate"):
        feedback.give(make_subscriber(), make_paper(), "hate", now=NOW)


def test_a_muted_author_is_not_followed_by_a_tap():
    reader = make_subscriber()
    author = Author.objects.create(name="Maya Ellison", key="maya ellison")
    preferences.set_people(reader, followed=[], muted=[author])

    followed = feedback.follow_author(reader, author)

    assert not followed
    assert not reader.follows.exists()


def test_authors_and_topics_are_followed_once_and_left():
    reader, topic = make_subscriber(), make_topic()
    author = Author.objects.create(name="Maya Ellison", key="maya ellison")

    followed = [feedback.follow_author(reader, author) for _ in range(2)]
    topics = [feedback.follow_topic(reader, topic) for _ in range(2)]
    left = [feedback.unfollow_author(reader, author), feedback.unfollow_topic(reader, topic)]

    assert followed == topics == [True, False]
    assert left == [True, True]
    assert not reader.follows.exists()


def test_following_a_merged_topic_follows_the_one_it_became():
    reader, kept = make_subscriber(), make_topic()

    feedback.follow_topic(reader, make_topic(merged_into=kept))

    assert reader.topic_preferences.get().topic == kept
