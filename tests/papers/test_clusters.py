"""Several interests told apart by what was liked."""

import numpy as np

from papers.clusters import MOST, cluster


def near(direction, papers, seed=0):
    """Unit vectors around one axis."""
    chance = np.random.default_rng(seed)
    vectors = chance.normal(0, 0.02, (papers, 16))
    vectors[:, direction] += 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_papers_about_one_thing_are_one_interest():
    groups = cluster(near(0, 12))

    assert set(groups.tolist()) == {0}


def test_one_two_and_four_interests_stay_apart():
    for number in (1, 2, 4):
        latent = np.vstack([near(direction, 5) for direction in range(number)])

        groups = cluster(latent)

        assert groups.tolist() == [at for at in range(number) for _ in range(5)]


def test_no_more_interests_are_told_apart_than_a_letter_can_serve():
    groups = cluster(np.eye(16, dtype=np.float32))

    assert groups.max() + 1 == MOST


def test_no_likes_are_no_interest():
    assert len(cluster(np.zeros((0, 16), np.float32))) == 0
