"""The search for reference cycles rests while much is done, and is as before afterwards."""

import gc
import threading

import pytest

from newsletter import cycles


def test_the_search_is_rare_in_the_block_and_usual_after_it():
    usual = gc.get_threshold()

    with cycles.rarely_sought():
        inside = gc.get_threshold()

    assert inside == cycles.RARELY
    assert gc.get_threshold() == usual


def test_an_error_brings_the_usual_search_back():
    usual = gc.get_threshold()

    with pytest.raises(ZeroDivisionError), cycles.rarely_sought():
        raise ZeroDivisionError

    assert gc.get_threshold() == usual


def test_of_blocks_that_overlap_the_last_one_brings_it_back():
    usual = gc.get_threshold()
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with cycles.rarely_sought():
            entered.set()
            leave.wait(5)

    other = threading.Thread(target=hold)
    with cycles.rarely_sought():
        other.start()
        entered.wait(5)
    between = gc.get_threshold()
    leave.set()
    other.join()

    assert between == cycles.RARELY
    assert gc.get_threshold() == usual
