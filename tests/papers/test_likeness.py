"""How alike two papers are."""

from dataclasses import replace

import numpy as np

from papers.features import unit_steps
from papers.likeness import MEASURED_ON, Likeness
from tests.papers.crowds import make_documents


def around(axis, common=3.0):
    """A latent place along an axis of its own, and far along one that all papers share."""
    place = np.zeros(6, np.float32)
    place[[0, axis]] = common, 1
    return place


def documents(axes):
    made = make_documents(len(axes), np.random.default_rng(0))
    return replace(made, latent=unit_steps(np.array([around(axis) for axis in axes])))


def test_what_all_papers_share_makes_no_two_of_them_alike():
    ordinary = documents([1 + n % 5 for n in range(2 * MEASURED_ON)])
    some = documents([1, 1, 2])

    latent = Likeness.of(ordinary).terms(some, some)["latent"]

    assert latent[0, 1] > 0.9
    assert latent[0, 2] < 0
