"""Topics and trends kept beside the papers."""

from datetime import timedelta

import pytest

from papers import scoring, vectors
from papers.models import Engagement, Mention, Paper, PaperTopic
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


def burst_of(topic, keyword, votes, before=30, lately=12):
    """A topic whose papers got so many votes before, and 8 each lately where `votes` is 8."""
    for n in range(before + lately):
        days = 20 + n % 30 if n < before else 2 + n % 9
        day = NOW.date() - timedelta(days=days)
        got = 8 if n < before else votes
        paper = make_paper(title=f"{keyword}, {n}", upvotes=got, first_mentioned_on=day)
        Mention.objects.create(paper=paper, source="hf", mentioned_on=day)
        Engagement.objects.create(paper=paper, source="hf", read_at=NOW, upvotes=got)
        PaperTopic.objects.create(paper=paper, topic=topic, score=2.0, belongs=True)


def test_a_cold_paper_stands_higher_while_its_topic_is_talked_about():
    loud, plain = make_topic(name="Honey bees"), make_topic(name="Surface codes")
    burst_of(loud, "Honey bees", 60)
    burst_of(plain, "Surface codes", 8)
    hers, his = make_paper(title="Of honey bees"), make_paper(title="Of surface codes")
    for paper, topic in ((hers, loud), (his, plain)):
        PaperTopic.objects.create(paper=paper, topic=topic, score=2.0, belongs=True)

    scoring.refresh_trends(Paper.objects.filter(pk__in=[hers.pk, his.pk]), now=NOW)

    hers.refresh_from_db()
    his.refresh_from_db()
    assert hers.trend > his.trend
    assert hers.trend < 0.5, "a burst alone is no trend"
    assert hers.trend_inputs["topic"] == loud.pk
    assert hers.trend_inputs["burst"] > 1.3 > his.trend_inputs["burst"]


def test_the_stored_inputs_give_the_trend_by_the_public_formula():
    paper = make_paper(upvotes=40)
    Engagement.objects.create(paper=paper, source="hf", read_at=NOW, upvotes=40)

    scoring.refresh_trends(Paper.objects.filter(pk=paper.pk), now=NOW)

    paper.refresh_from_db()
    inputs = paper.trend_inputs
    share = inputs["hours"] / (inputs["hours"] + 12)
    usual = (inputs["promised"] * inputs.get("burst", 1) * inputs["ordinary"]) ** 0.5
    expected = (inputs["votes"] + 2) / (share + 2 / usual)
    assert paper.trend == pytest.approx(expected / (expected + 3 * inputs["ordinary"]), abs=0.001)


def test_trends_cost_no_more_queries_for_twice_the_papers(django_assert_max_num_queries):
    topic = make_topic(name="Honey bees")
    burst_of(topic, "Honey bees", 60)
    rows = Paper.objects.filter(paper_topics__topic=topic)
    with django_assert_max_num_queries(80) as first:
        scoring.refresh_trends(rows, now=NOW)
    burst_of(topic, "Honey bees again", 60)

    Paper.objects.update(trend=0.5)
    with django_assert_max_num_queries(160) as second:
        scoring.refresh_trends(rows, now=NOW)

    reads = [
        sum(not query["sql"].startswith("UPDATE") for query in each.captured_queries)
        for each in (first, second)
    ]
    assert reads[0] == reads[1]
