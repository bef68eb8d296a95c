"""The whole choice, from rows to letters: pool, interests and ranking together."""

from datetime import timedelta

import pytest

from papers import pool, ranking, scoring
from papers.models import Engagement
from subscribers import interests
from subscribers.models import Feedback, Follow, Rule, TopicPreference
from tests.factories import NOW, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def folding():
    return make_topic(name="Protein folding", keywords=["protein structure"])


@pytest.fixture
def papers(folding):
    return [make_paper(title=f"Protein structure from sequence {n}") for n in range(4)]


def scored(papers, others=60):
    """The day's papers, among others that are about nothing in particular."""
    others = [make_paper() for _ in range(others)]
    scoring.refresh([paper.pk for paper in (*papers, *others)], now=NOW)


def choice_of(*subscribers, seen=()):
    candidates = pool.load(NOW.date(), now=NOW)
    readers = interests.load([subscriber.pk for subscriber in subscribers], candidates)
    return list(ranking.choose(candidates, readers, seen=seen, now=NOW))


def chosen(choice):
    return [pick.paper_id for pick in choice.picks if pick.section != "outside"]


def test_a_reader_gets_the_papers_of_their_topic_and_no_others(folding, papers):
    scored(papers)

    [choice] = choice_of(make_subscriber(topics=[folding]))

    assert set(chosen(choice)) == {paper.pk for paper in papers}
    assert choice.picks[0].section == "top"
    assert choice.picks[0].reasons[0].as_dict() == {
        "kind": "topic",
        "topic_id": folding.pk,
        "topic": "Protein folding",
        "phrase": "protein structure",
    }


def test_a_paper_already_sent_is_not_chosen_again(folding, papers):
    scored(papers)
    subscriber = make_subscriber(topics=[folding])

    [choice] = choice_of(subscriber, seen=[(subscriber.pk, papers[0].pk)])

    assert set(chosen(choice)) == {paper.pk for paper in papers[1:]}


def test_a_day_without_a_good_paper_gives_an_empty_choice(folding):
    scored([])

    [choice] = choice_of(make_subscriber(topics=[folding]))

    assert choice.picks == ()
    assert choice.pool_size == 60


def test_a_followed_author_comes_in_whatever_the_subject(folding, papers):
    own = make_paper(title="A walk in the park", authors=["Maya Ellison"])
    scored([*papers, own])
    subscriber = make_subscriber(topics=[folding])
    Follow.objects.create(subscriber=subscriber, author=own.authors.get())

    [choice] = choice_of(subscriber)

    pick = next(pick for pick in choice.picks if pick.paper_id == own.pk)
    assert pick.section == "followed"
    assert pick.reasons[0].facts["author"] == "Maya Ellison"


def test_muted_words_and_authors_keep_a_paper_out(folding, papers):
    wordy = make_paper(title="Protein structure by diffusion models")
    theirs = make_paper(title="Protein structure again", authors=["Nemo Nobody"])
    scored([*papers, wordy, theirs])
    subscriber = make_subscriber(topics=[folding])
    Rule.objects.create(subscriber=subscriber, kind="mute", text="diffusion model")
    Rule.objects.create(subscriber=subscriber, kind="mute_author", author=theirs.authors.get())

    [choice] = choice_of(subscriber)

    assert set(chosen(choice)) == {paper.pk for paper in papers}


def test_the_limits_of_a_letter_hold_and_the_rest_is_counted(folding):
    scored([make_paper(title=f"Protein structure, part {n}") for n in range(10)])

    [choice] = choice_of(make_subscriber(topics=[folding], max_papers=3))

    sections = [pick.section for pick in choice.picks]
    assert sections == ["top", "more", "more", "also", "also", "also", "also", "also"]
    assert choice.held_back == 10 - 8


def test_liked_papers_bring_papers_like_them(papers):
    liked = make_paper(
        title="Protein structure of enzymes", first_mentioned_on=NOW.date() - timedelta(days=30)
    )
    scored(papers, others=200)
    subscriber = make_subscriber()
    Feedback.objects.create(subscriber=subscriber, paper=liked, kind="more", given_at=NOW)

    [choice] = choice_of(subscriber)

    assert set(chosen(choice)) <= {paper.pk for paper in papers}
    assert choice.picks[0].reasons[0].facts == {
        "paper_id": liked.pk,
        "title": liked.title,
        "on": NOW.date().isoformat(),
    }


def test_a_reader_who_chose_nothing_gets_what_is_talked_about():
    loud = make_paper(upvotes=200)
    Engagement.objects.create(paper=loud, source="hf", read_at=NOW, upvotes=200)
    quiet = [make_paper(upvotes=1) for _ in range(10)]
    for paper in quiet:
        Engagement.objects.create(paper=paper, source="hf", read_at=NOW, upvotes=1)
    scored([loud, *quiet])

    [choice] = choice_of(make_subscriber())

    assert chosen(choice) == [loud.pk]
    assert choice.picks[0].reasons[0].kind == "trend"


def test_more_of_a_topic_puts_its_papers_first(folding, papers):
    codes = make_topic(name="Quantum codes", keywords=["surface code"])
    quantum = make_paper(title="Surface code thresholds")
    scored([*papers, quantum])
    subscriber = make_subscriber()
    for topic, weight in ((folding, 1), (codes, 3)):
        TopicPreference.objects.create(subscriber=subscriber, topic=topic, weight=weight)

    [choice] = choice_of(subscriber)

    assert choice.picks[0].paper_id == quantum.pk


def test_a_reader_alone_and_in_a_batch_gets_the_same(folding, papers):
    scored(papers)
    subscribers = [make_subscriber(topics=[folding], max_papers=n) for n in range(3, 9)]

    together = choice_of(*subscribers)

    assert together == [choice_of(subscriber)[0] for subscriber in subscribers]
