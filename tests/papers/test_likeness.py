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


def test_the_great_fields_do_not_drown_what_papers_are_about():
    """Two fields lie far apart on the first axis; on the others lie their subjects."""

    def placed(field, subject):
        place = np.zeros(6, np.float32)
        place[[0, subject]] = 4 * field, 1
        return place

    chance = np.random.default_rng(0)
    everybody = [placed(chance.choice([-1, 1]), 1 + n % 5) for n in range(2 * MEASURED_ON)]
    ordinary = replace(
        make_documents(len(everybody), chance), latent=unit_steps(np.array(everybody))
    )
    some = replace(
        make_documents(3, chance),
        latent=unit_steps(np.array([placed(1, 1), placed(1, 2), placed(1, 1)])),
    )

    latent = Likeness.of(ordinary).terms(some, some)["latent"]

    assert latent[0, 2] > 0.9
    assert latent[0, 1] < 0.75
