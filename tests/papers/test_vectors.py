"""The stored model: versions, cold start, one reading per process."""

import pytest

from papers import vectors
from papers.models import VectorModel
from tests.factories import NOW, make_paper

pytestmark = pytest.mark.django_db


def test_vectors_of_another_format_are_left_unread():
    make_paper(title="Foraging of the honey bee")
    old = VectorModel.objects.create(
        format=vectors.FORMAT - 1, fitted_at=NOW, papers=9, payload=b"from long ago"
    )

    model = vectors.current(NOW)

    assert model.version != old.pk
    assert len(model.ordinary) == 1


def test_on_the_first_day_the_papers_that_are_there_are_enough():
    make_paper(title="Foraging of the honey bee")

    model = vectors.current(NOW)

    assert model.version == 0
    assert "forag" in model.features.column


def test_without_any_paper_there_is_still_a_model():
    model = vectors.current(NOW)

    assert len(model.ordinary) == 0


def test_a_stored_model_is_read_once_until_a_newer_one_comes():
    make_paper(title="Foraging of the honey bee")
    vectors.fit(NOW)
    first = vectors.current(NOW)

    again = vectors.current(NOW)
    vectors.fit(NOW)
    newer = vectors.current(NOW)

    assert again is first
    assert newer.version > first.version


def test_a_stored_model_reads_texts_as_the_fitted_one_did():
    for n in range(8):
        make_paper(title=f"Foraging of the honey bee {n}")
    stored = vectors.fit(NOW)

    model = vectors.current(NOW)

    assert model.version == stored.pk
    assert len(model.ordinary) == 8
    assert model.features.latent.shape[0] == len(model.features.vocabulary)


def test_old_models_go_when_newer_ones_are_stored():
    make_paper(title="Foraging of the honey bee")

    for _ in range(vectors.KEPT + 2):
        vectors.fit(NOW)

    assert VectorModel.objects.count() == vectors.KEPT
