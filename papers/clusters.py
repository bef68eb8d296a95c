"""A reader's several interests, told apart by the papers they liked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Mean distance (1 - cosine) between two groups from which they stay apart. Papers of one subject
# are far less alike than that on average: a lower cut breaks single interests up (docs/ranking.md).
CUT = 0.95
MOST = 5  # interests of one reader that are told apart by likes


def cluster(latent: NDArray[np.float32]) -> NDArray[np.int64]:
    """The group of each paper, given latent vectors as rows: 0 for the first's, and so on.

    Groups join while their papers are near each other on average (average linkage), or are too
    many; the first of equally near pairs first.
    """
    number = len(latent)
    label = np.arange(number)
    vectors = latent.astype(np.float64)
    apart = 1 - vectors @ vectors.T
    apart[np.tril_indices(number)] = np.inf
    size = np.ones(number)
    left = number
    while left > 1:
        first, second = divmod(int(apart.argmin()), number)
        if apart[first, second] > CUT and left <= MOST:
            break
        _join(apart, size, first, second)
        label[label == second] = first
        left -= 1
    return np.unique(label, return_inverse=True)[1]


def _join(apart: NDArray[np.float64], size: NDArray[np.float64], one: int, other: int) -> None:
    """Put `other` into `one`; `apart` holds distances above its diagonal, inf for what is gone."""
    ours = np.minimum(apart[one], apart[:, one])
    theirs = np.minimum(apart[other], apart[:, other])
    mean = (size[one] * ours + size[other] * theirs) / (size[one] + size[other])
    apart[other, :] = apart[:, other] = np.inf
    apart[one, one + 1 :] = mean[one + 1 :]
    apart[:one, one] = mean[:one]
    apart[other, :] = apart[:, other] = np.inf
    size[one] += size[other]
