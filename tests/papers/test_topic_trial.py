"""What an edited topic would have held over the last month, and that reading it again is cheap."""

from datetime import timedelta

import pytest

from papers import pool as pools
from papers import scoring, topic_trial
from papers.models import PaperTopic
from tests.factories import NOW, make_paper, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pool_of_another_test(monkeypatch):
    monkeypatch.setattr(pools, "_recent", {})


def day(n):
    return (NOW - timedelta(days=n)).date()


@pytest.fixture
def papers():
    for n in range(60):
        make_paper(first_mentioned_on=day(n % 30))
    return [
        make_paper(title="Quantum error correction by surface codes", first_mentioned_on=day(1)),
        make_paper(title="Cheaper quantum error correction", first_mentioned_on=day(1)),
        make_paper(title="Fusion plasma in a tokamak", first_mentioned_on=day(4)),
        make_paper(title="Older quantum error correction", first_mentioned_on=day(31)),
    ]


def test_a_topic_shows_papers_by_day_and_writes_nothing(papers):
    topic = make_topic(name="Quantum error correction")

    tried = topic_trial.back_test(topic, now=NOW)

    assert {one.paper for one in tried.found if one.belongs} == set(papers[:2])
    assert [(on, number) for on, number in tried.days if number] == [(day(1), 2)]
    assert (tried.belonging, tried.new, tried.lost) == (2, 2, [])
    assert len(tried.days) == 30
    assert not PaperTopic.objects.exists()


def test_the_trial_scores_as_letters_do(papers):
    topic = make_topic(name="Quantum error correction")

    tried = topic_trial.back_test(topic, now=NOW)
    scoring.refresh_topic(topic, now=NOW)

    stored = {(row.paper_id, row.score, row.belongs) for row in PaperTopic.objects.all()}
    shown = {(one.paper.pk, round(one.score, 4), one.belongs) for one in tried.found}
    assert shown
    assert shown <= stored


def test_an_edit_shows_what_is_new_and_what_is_gone(papers):
    topic = make_topic(name="Quantum error correction")
    scoring.refresh_topic(topic, now=NOW)
    topic.name, topic.keywords = "Fusion", ["tokamak"]

    tried = topic_trial.back_test(topic, now=NOW)

    assert [one.paper for one in tried.found if one.is_new] == [papers[2]]
    assert set(tried.lost) == set(papers[:2])


def test_with_too_many_papers_to_keep_fewer_days_are_tried(papers, monkeypatch):
    monkeypatch.setattr(pools, "MOST_KEPT", 25)

    tried = topic_trial.back_test(make_topic(name="Quantum error correction"), now=NOW)

    # Two papers a day and three more in the last five days.
    assert [on for on, _ in tried.days] == [day(n) for n in range(11)]
    assert tried.belonging == 2


def test_without_papers_there_is_nothing(papers):
    tried = topic_trial.back_test(make_topic(), now=NOW - timedelta(days=100))

    assert (tried.found, tried.lost, tried.belonging, tried.papers) == ([], [], 0, 0)


def test_a_second_try_reads_no_paper_again(papers, read, monkeypatch):
    topic = make_topic(name="Fusion")
    # The words of a month stay those of one fit.
    model = scoring.vectors.current(NOW)
    monkeypatch.setattr(scoring.vectors, "current", lambda now: model)
    read.clear()

    topic_trial.back_test(topic, now=NOW)
    first = sum(read)
    topic.keywords = ["tokamak"]
    topic_trial.back_test(topic, now=NOW)
    second = sum(read) - first
    make_paper(title="A new tokamak")
    tried = topic_trial.back_test(topic, now=NOW)
    third = sum(read) - first - second

    assert (first, second, third) == (64, 0, 1)
    assert "A new tokamak" in [one.paper.title for one in tried.found]


def test_a_paper_that_changed_is_read_again_and_the_others_keep_their_places(papers, monkeypatch):
    model = scoring.vectors.current(NOW)
    monkeypatch.setattr(scoring.vectors, "current", lambda now: model)
    pools.recent(NOW.date(), now=NOW, days=36)
    papers[2].title = "Honey bees in a meadow"
    papers[2].save()

    pool = pools.recent(NOW.date(), now=NOW, days=36)

    fresh = pools.load(NOW.date(), now=NOW, days=36)
    assert pool.documents.texts == fresh.documents.texts
    assert (pool.documents.words != fresh.documents.words).nnz == 0
    assert "bee" in " ".join(pool.documents.texts[pool.position[papers[2].pk]])
