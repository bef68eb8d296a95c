"""Each answer and each rule has an effect of its own on what a reader gets."""

from datetime import timedelta

import pytest

from newsletter import reasons
from papers import pool as pools
from papers import ranking
from papers.models import PaperTopic
from papers.relevance import score, sent_matrix
from subscribers import feedback, interests
from subscribers.models import Feedback, Follow, Rule
from tests.factories import NOW, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def bees():
    return make_topic(name="Honey bees")


@pytest.fixture
def papers(bees):
    """One to answer to, one like it by others, one by the same author; and ordinary ones."""
    answered = make_paper(title="Honey bees dance in orchards", abstract="", authors=["Maya Lind"])
    alike = make_paper(title="The dance of honey bees", abstract="", authors=["Bo Ek"])
    theirs = make_paper(title="Honey from towns and roofs", abstract="", authors=["Maya Lind"])
    for paper in (answered, alike, theirs):
        PaperTopic.objects.create(paper=paper, topic=bees, score=1.2, belongs=True)
    for _ in range(30):
        make_paper(abstract="")
    return answered, alike, theirs


def relevance(reader):
    """Paper id → what the paper is worth to the reader; None where it may not be sent."""
    pool = pools.load(NOW.date(), now=NOW)
    readers = interests.load([reader.pk], pool)
    scores = score(pool, readers, range(1), now=NOW, sent=sent_matrix(pool, readers, ()))
    rows = zip(pool.paper_ids.tolist(), scores.relevance[0].tolist(), scores.barred[0], strict=True)
    return {pk: None if barred else value for pk, value, barred in rows}


def effect(bees, papers, kind):
    """What an answer to the first paper does to the three, against a reader who gave none."""
    before = relevance(make_subscriber(topics=[bees]))
    reader = make_subscriber(topics=[bees])
    feedback.give(reader, papers[0], kind, now=NOW)
    after = relevance(reader)
    return [
        None if after[paper.pk] is None else round(after[paper.pk] - before[paper.pk], 4)
        for paper in papers
    ]


@pytest.mark.parametrize("kind", ["more", "saved", "pasted"])
def test_a_like_of_any_kind_brings_papers_like_it(papers, kind):
    answered, alike, _ = papers
    reader = make_subscriber()
    feedback.give(reader, answered, kind, now=NOW)

    after = relevance(reader)

    rest = [value for pk, value in after.items() if pk not in (answered.pk, alike.pk)]
    assert after[alike.pk] > max(rest) > 0


def alone(papers, *kinds):
    """What the paper that is like the first one is worth to whoever gave only these answers."""
    reader = make_subscriber()
    for hours, kind in enumerate(kinds):
        feedback.give(reader, papers[0], kind, now=NOW + timedelta(hours=hours))
    return relevance(reader)[papers[1].pk]


def test_a_saved_paper_counts_for_more_than_a_passing_tap(papers):
    more, saved, pasted = (alone(papers, kind) for kind in ("more", "saved", "pasted"))

    assert saved > more == pasted > 0


def test_saved_and_more_together_are_one_answer_the_stronger(papers):
    saved = alone(papers, "saved")

    assert alone(papers, "saved", "more") == alone(papers, "more", "saved") == saved


def test_of_answers_that_contradict_each_other_the_newer_counts(papers):
    assert alone(papers, "saved", "less") == alone(papers, "less")
    assert alone(papers, "less", "saved") == alone(papers, "saved")


def test_every_answer_has_an_effect_of_its_own(bees, papers):
    kinds = ["more", "less", "saved", "seen", "not_author"]

    effects = {tuple(effect(bees, papers, kind)) for kind in kinds}

    assert len(effects) == len(kinds)


def test_less_takes_papers_like_it_back(bees, papers):
    _, alike, _ = effect(bees, papers, "less")

    assert alike < 0


def test_seen_it_says_nothing_of_the_subject(bees, papers):
    assert effect(bees, papers, "seen") == [None, 0, 0]


def test_not_this_author_counts_against_their_papers_alone(bees, papers):
    assert effect(bees, papers, "not_author") == [None, 0, -0.5]


@pytest.mark.parametrize("kind", Feedback.Kind.values)
def test_a_paper_that_was_answered_does_not_come_again(bees, papers, kind):
    assert effect(bees, papers, kind)[0] is None


def test_an_answer_to_a_paper_that_was_merged_speaks_for_the_one_it_became(bees, papers):
    answered, alike, _ = papers
    reader, other = make_subscriber(topics=[bees]), make_subscriber(topics=[bees])
    record = make_paper(title="Another record of the dance")
    feedback.give(reader, record, "more", now=NOW)
    feedback.give(other, answered, "more", now=NOW)
    record.merged_into = answered
    record.save()

    after = relevance(reader)

    assert after[answered.pk] is None
    assert after[alike.pk] == relevance(other)[alike.pk]


def test_an_answer_to_a_paper_that_was_deleted_is_gone_with_it(bees, papers):
    reader = make_subscriber(topics=[bees])
    paper = make_paper(title="The dance of honey bees again")
    feedback.give(reader, paper, "less", now=NOW)
    paper.delete()

    assert relevance(reader) == relevance(make_subscriber(topics=[bees]))
    assert not reader.feedback.exists()


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("want", "dance", "it mentions your keyword “dance”"),
        ("search", "dance of the honey bees", "it answers your saved search “dance of the honey"),
        ("interest", "how honey bees dance", "it fits what you wrote: “how honey bees dance”"),
        ("title", "Dance and the honey bees", "it is close to “Dance and the honey bees”"),
    ],
)
def test_each_rule_is_named_in_the_letter_when_it_fires(papers, kind, text, says):
    reader = make_subscriber(wants_surprise=False)
    Rule.objects.create(subscriber=reader, kind=kind, text=text)

    sentences = [
        reasons.sentence([reason.as_dict() for reason in pick.reasons])
        for pick in letter_of(reader).picks
    ]

    assert sentences
    assert all(says in sentence for sentence in sentences)


def test_a_followed_author_is_named_and_a_muted_one_is_out(papers):
    reader, other = make_subscriber(wants_surprise=False), make_subscriber(wants_surprise=False)
    maya = papers[0].authorships.get().author
    for each in (reader, other):
        Follow.objects.create(subscriber=each, author=maya)
    Rule.objects.create(subscriber=other, kind="mute_author", author=maya)

    picks, none = letter_of(reader).picks, letter_of(other).picks

    assert {pick.paper_id for pick in picks} == {papers[0].pk, papers[2].pk}
    assert {pick.reasons[0].facts["author"] for pick in picks} == {"Maya Lind"}
    assert none == ()


def letter_of(reader):
    pool = pools.load(NOW.date(), now=NOW)
    [choice] = ranking.choose(pool, interests.load([reader.pk], pool), seen=[], now=NOW)
    return choice
