"""Celery's tasks take turns, and lose nothing of what was rendered between two of them."""

from collections import Counter

import pytest

from newsletter import rounds, tasks


@pytest.fixture
def presses(monkeypatch):
    """The press that each turn printed with; as many letters were sent as `left` says."""
    used, left = [], [5, 5, 0, 5]

    def send(now, *, seconds, printer):
        used.append(printer)
        sent = left.pop(0)
        return Counter(sent=sent) if sent else Counter()

    monkeypatch.setattr(rounds, "send_letters", send)
    tasks._press.cache_clear()
    yield used
    tasks._press.cache_clear()


def test_a_press_stays_warm_from_turn_to_turn_and_goes_when_all_is_sent(presses, time_machine):
    time_machine.move_to("2026-02-20 07:10:00+00:00")

    counts = [tasks.send() for _ in range(4)]

    assert counts == [{"sent": 5}, {"sent": 5}, {}, {"sent": 5}]
    assert presses[0] is presses[1] is presses[2]
    assert presses[3] is not presses[0]


def test_a_press_is_an_hour_old_at_most(presses, time_machine):
    time_machine.move_to("2026-02-20 07:59:59+00:00")
    tasks.send()
    time_machine.move_to("2026-02-20 08:00:01+00:00")
    tasks.send()

    assert presses[0] is not presses[1]
