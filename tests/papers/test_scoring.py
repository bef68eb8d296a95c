"""Topics and trends kept beside the papers."""

from datetime import timedelta

import pytest

from papers import scoring, vectors
from papers.models import Engagement, Paper, PaperTopic
from tests.factories import NOW, make_paper, make_topic

pytestmark = pytest.mark.django_db


def belonging(topic):
    return set(PaperTopic.objects.filter(topic=topic, belongs=True).values_list("paper", flat=True))


def ordinary_papers(number=20):
    return [make_paper() for _ in range(number)]


def test_the_first_papers_find_their_topic_before_any_model_was_fitted():
    topic = make_topic(name="Reinforcement learning", keywords=["offline RL"])
    paper = make_paper(title="Offline RL for robot arms")
    others = ordinary_papers(3)

    scoring.refresh([paper.pk, *(other.pk for other in others)], now=NOW)

    assert belonging(topic) == {paper.pk}
    assert PaperTopic.objects.get(paper=paper, topic=topic).phrase == "offline RL"


def test_a_second_refresh_changes_no_row():
    make_topic(name="Protein folding", keywords=["protein structure"])
    papers = [make_paper(title="Protein structure at last"), *ordinary_papers()]
    ids = [paper.pk for paper in papers]
    scoring.refresh(ids, now=NOW)
    before = list(PaperTopic.objects.order_by("pk").values())

    scoring.refresh(ids, now=NOW)

    assert list(PaperTopic.objects.order_by("pk").values()) == before


def test_an_edited_topic_is_scored_anew_for_old_papers():
    topic = make_topic(name="Graphs", keywords=["graph network"])
    paper = make_paper(title="Quantum error correction by surface codes")
    scoring.refresh([paper.pk, *(p.pk for p in ordinary_papers())], now=NOW)
    topic.keywords = ["quantum error correction"]
    topic.save(update_fields=["keywords"])

    scoring.refresh_topic(topic, now=NOW)

    assert belonging(topic) == {paper.pk}


def test_a_paper_without_abstract_is_known_by_its_summary():
    topic = make_topic(name="Honey bees", keywords=["honey bee"])
    paper = make_paper(abstract="", summary="Foraging of the honey bee under lack of pollen.")

    scoring.refresh([paper.pk, *(p.pk for p in ordinary_papers())], now=NOW)

    assert belonging(topic) == {paper.pk}


def test_more_votes_at_the_same_age_are_a_higher_trend():
    loud, quiet, silent = make_paper(upvotes=90), make_paper(upvotes=3), make_paper()
    for paper in (loud, quiet):
        Engagement.objects.create(paper=paper, source="hf", read_at=NOW, upvotes=paper.upvotes)

    scoring.refresh([loud.pk, quiet.pk, silent.pk], now=NOW)

    trends = dict(Paper.objects.values_list("pk", "trend"))
    assert trends[loud.pk] > trends[silent.pk] > trends[quiet.pk]


def listed_earlier(submitter, votes, number=20):
    for n in range(number):
        day = NOW.date() - timedelta(days=5 + n % 9)
        paper = make_paper(submitter=submitter, upvotes=votes, first_mentioned_on=day)
        Engagement.objects.create(paper=paper, source="hf", read_at=NOW, upvotes=votes)


def test_a_new_paper_stands_higher_by_its_submitters_record():
    listed_earlier("Ann", 60)
    listed_earlier("Bob", 4)
    ordinary_papers(60)
    vectors.fit(NOW)
    hers, his = make_paper(submitter="Ann"), make_paper(submitter="Bob")

    scoring.refresh([hers.pk, his.pk], now=NOW)

    trends = dict(Paper.objects.values_list("pk", "trend"))
    assert trends[hers.pk] > trends[his.pk]
    assert trends[hers.pk] < 0.5, "a promise alone is no trend"
