"""What an outcome makes of a letter."""

from datetime import timedelta

import pytest

from newsletter.endings import BACK_OFF, change
from newsletter.models import Attempt
from newsletter.outcomes import Outcome
from newsletter.schedule import LATE
from tests.factories import NOW


@pytest.mark.parametrize(
    ("asked", "wait"),
    [(None, BACK_OFF[0]), (5, BACK_OFF[0]), (1800, timedelta(minutes=30)), (10**7, LATE)],
)
def test_a_letter_waits_as_long_as_was_asked_and_never_less_than_its_back_off(asked, wait):
    refused = Outcome(Attempt.Outcome.RETRY, "rcpt", 451, "later", retry_after=asked)

    made = change(refused, attempts=1, now=NOW, jitter=0)

    assert made.not_before == NOW + wait
