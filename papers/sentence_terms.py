"""The terms that sentence vectors add to matching and likeness; none where there are no vectors."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from papers.features import Documents, Floats, exact, unit_steps


def near(name: str, some: Floats | None, others: Documents) -> dict[str, Floats]:
    """Cosines of vectors and papers, some × others, as the term `name`."""
    if some is None or others.sentences is None:
        return {}
    if not len(some) or not len(others):  # vectors of no text have no width
        return {name: np.zeros((len(some), len(others)), np.float32)}
    return {name: exact(some, others.sentences)}


def echoed(mixing: csr_matrix, ordinary: Documents) -> Floats | None:
    """The mean vector of the papers that `mixing` weighs, a row each, seen from their middle."""
    if ordinary.sentences is None:
        return None
    middle = ordinary.sentences.mean(axis=0)
    return unit_steps(np.asarray(mixing @ ordinary.sentences - middle, dtype=np.float32))
