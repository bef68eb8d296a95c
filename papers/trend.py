"""How much a paper is talked about for its age: one formula, its inputs public.

Votes come quickly at first and then hardly any more: after h hours a paper has gathered the share
    g(h) = h / (h + HALF_TIME)
of what it will ever get. What it will get is estimated as in a Gamma-Poisson model: with v votes
after h hours, where a paper like it gets m,
    expected = (v + STRENGTH) / (g(h) + STRENGTH / m)
so that a cold paper stands at m, and every vote moves it the more, the more is known. m is what
its field gets, moved half the way (in ratios) to what papers/prospects.py promises times the burst
of its topic (papers/bursts.py):
    m = √(promised · burst · m_field)
Then
    trend = expected / (expected + TYPICAL · m_field)
is 0..1 and one half at TYPICAL times what is ordinary in the paper's field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HALF_TIME = 12.0  # hours after which half of the votes have come
STRENGTH = 2.0  # votes' worth of trust in what papers alike got
TYPICAL = 3.0  # times the field's ordinary, where the trend is one half
LIFTED = 8.0  # times the field's ordinary, to which a burst may lift what is promised
FIELD_STRENGTH = 20.0  # papers' worth of trust in the mean over all fields


@dataclass(frozen=True)
class Estimate:
    """What the votes of papers come to; arrays of one length."""

    expected: Floats  # votes in the end
    trend: Floats  # 0..1


def arrived(hours: Floats) -> Floats:
    """The share of its votes that a paper has after so many hours."""
    positive = np.maximum(hours, 0.5)
    return positive / (positive + HALF_TIME)


def estimate(votes: Floats, hours: Floats, prior: Floats, field: Floats) -> Estimate:
    """`votes` NaN where no source says; `field`: ordinary final votes of its field; `prior`: what
    papers like it got, by papers/prospects.py.

    Between the two stands what is assumed of a cold paper, their geometric mean: a promise alone,
    were it eight times the ordinary, does not make a paper trend.
    """
    prior = np.sqrt(prior * field)
    known = ~np.isnan(votes)
    share = np.where(known, arrived(hours), 0)
    expected = (np.nan_to_num(votes) + STRENGTH) / (share + STRENGTH / prior)
    return Estimate(expected, expected / (expected + TYPICAL * field))


def told(inputs: Mapping[str, float]) -> dict[str, float]:
    """The steps of one paper's trend, from its stored inputs; {} where there are none."""
    if "ordinary" not in inputs:
        return {}
    field = np.array([inputs["ordinary"]])
    votes = np.array([inputs.get("votes", np.nan)])
    hours = np.array([inputs.get("hours", 0.0)])
    burst = np.array([inputs.get("burst", 1.0)])
    prior = lifted(np.array([inputs["promised"]]), burst, field)
    found = estimate(votes, hours, prior, field)
    return {
        **inputs,
        "share": float(arrived(hours)[0]) if "votes" in inputs else 0.0,
        "cold": float(np.sqrt(prior * field)[0]),
        "expected": float(found.expected[0]),
        "trend": float(found.trend[0]),
    }


def lifted(promised: Floats, burst: Floats, field: Floats) -> Floats:
    """What is promised, times the burst of its topic. No burst alone makes a cold paper trend."""
    most = np.maximum(promised, LIFTED * field)
    return np.asarray(np.minimum(promised * burst, most), dtype=np.float64)


def field_means(votes: Floats, hours: Floats, fields: list[str]) -> dict[str, float]:
    """Ordinary final votes of each field, drawn to the mean of all where papers are few.

    The key "" holds the mean of all.
    """
    known = ~np.isnan(votes)
    final = np.log1p(votes[known] / arrived(hours[known]))
    overall = float(final.mean()) if len(final) else np.log1p(5.0)
    named = np.array(fields, dtype=object)[known] if len(final) else np.array([], dtype=object)
    means = {"": float(np.expm1(overall))}
    for name in sorted(set(named.tolist())):
        theirs = final[named == name]
        drawn = (theirs.sum() + FIELD_STRENGTH * overall) / (len(theirs) + FIELD_STRENGTH)
        means[name] = float(np.expm1(drawn))
    return {name: max(mean, 1.0) for name, mean in means.items()}
