"""Papers stored as numbers: a process that starts loads them instead of reading texts."""

import pytest

from papers import paper_vectors, pool, scoring, topic_trial, vectors
from papers.models import PaperVectors
from tests.factories import NOW, make_paper, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_pools(monkeypatch):
    monkeypatch.setattr(paper_vectors, "WORTH_LOADING", 1)
    start_anew(monkeypatch)


def start_anew(monkeypatch):
    """As a process does."""
    monkeypatch.setattr(vectors, "_current", None)
    monkeypatch.setattr(pool, "_recent", {})


@pytest.fixture
def papers():
    return [make_paper(title=f"Foraging of the honey bee in garden {n}") for n in range(12)]


def same(some, others):
    return (
        (some.words != others.words).nnz == 0
        and (some.matches != others.matches).nnz == 0
        and (some.latent == others.latent).all()
        and (some.subjects == others.subjects).all()
        and some.texts == others.texts
        and list(some.categories) == list(others.categories)
    )


def test_a_process_that_starts_reads_no_text_that_the_fit_has_read(papers, read, monkeypatch):
    vectors.fit(NOW)
    start_anew(monkeypatch)
    read.clear()

    topic_trial.back_test(make_topic(name="Honey bees"), now=NOW)

    assert sum(read) == 0


def test_stored_papers_are_what_reading_them_gives(papers, monkeypatch):
    vectors.fit(NOW)
    model = vectors.current(NOW)

    loaded = scoring.read(papers, model)

    monkeypatch.setattr(paper_vectors, "WORTH_LOADING", len(papers) + 1)
    assert same(loaded, scoring.read(papers, model))


def test_a_paper_whose_text_changed_is_read_again_in_its_place(papers, read):
    vectors.fit(NOW)
    model = vectors.current(NOW)
    papers[4].title = "Fusion plasma in a tokamak"
    papers[4].save()
    read.clear()

    loaded = scoring.read(papers, model)

    assert sum(read) == 1
    assert "tokamak" in loaded.texts[4]
    assert "honey" in loaded.texts[5]


def test_new_votes_are_no_new_text(papers, read):
    vectors.fit(NOW)
    model = vectors.current(NOW)
    papers[4].upvotes = 7
    papers[4].save()
    read.clear()

    scoring.read(papers, model)

    assert sum(read) == 0


def test_what_comes_between_two_fits_is_stored_too(papers, read, monkeypatch):
    vectors.fit(NOW)
    make_topic(name="Fusion")
    new = make_paper(title="Fusion plasma in a tokamak")
    scoring.refresh([new.pk], now=NOW)
    start_anew(monkeypatch)
    model = vectors.current(NOW)
    read.clear()

    loaded = scoring.read([*papers, new], model)

    assert sum(read) == 0
    assert "tokamak" in loaded.texts[12]


def test_vectors_of_another_model_are_left_alone_and_go_with_it(papers):
    first = vectors.fit(NOW)
    for _ in range(vectors.KEPT):
        vectors.fit(NOW)

    left = PaperVectors.objects.values_list("model_id", flat=True)

    assert len(left) == vectors.KEPT
    assert first.pk not in left


def test_stored_papers_reach_back_as_far_as_trials_do():
    assert paper_vectors.SPAN.days >= topic_trial.LONGEST
    assert paper_vectors.MOST >= pool.MOST_KEPT
