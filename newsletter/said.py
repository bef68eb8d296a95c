"""The sentences of letters in one language, each made once for all that share its values."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar, cast

from newsletter import sentences, subjects

MOST = 10_000  # sentences of a kind that are kept for the letters to come

P = ParamSpec("P")
T = TypeVar("T")


def kept(
    make: Callable[P, T], speaking: Callable[[], AbstractContextManager[Any]]
) -> Callable[P, T]:
    """`make`, which `speaking` switches the language for, only where its values are new."""

    @lru_cache(MOST)
    def made(*values: P.args, **named: P.kwargs) -> T:
        with speaking():
            return make(*values, **named)

    return cast(Callable[P, T], made)


class Said:
    def __init__(self, speaking: Callable[[], AbstractContextManager[Any]]) -> None:
        self.subject_without_papers = kept(sentences.subject_without_papers, speaking)
        self.subject_of_day = kept(subjects.daily, speaking)
        self.subject_of_week = kept(subjects.weekly, speaking)
        self.subject_of_followed = kept(subjects.followed, speaking)
        self.heading = kept(sentences.heading, speaking)
        self.topic = kept(sentences.topic, speaking)
        self.opening = kept(sentences.opening, speaking)
        self.opening_without_papers = kept(sentences.opening_without_papers, speaking)
        self.joints = kept(subjects.joints, speaking)
        self.since_sent = kept(sentences.since_sent, speaking)
        self.left_out = kept(sentences.left_out, speaking)
        self.lasting = kept(_lasting, speaking)


def _lasting(
    saved: int, liked: int, edition: str, cadence: str, weekdays: int, hour: int, zone: str
) -> tuple[str, str, str]:
    """What a letter says of its reader's week, asks at its end, and why it came."""
    return (
        sentences.own_week(saved, liked),
        sentences.question(edition),
        sentences.why_this_mail(cadence, weekdays, hour, zone),
    )
