"""The judge of `make chaos`, on logs made by hand."""

from benchmarks.chaos.checker import judge

A, B = "a@mail.example.net", "b@mail.example.net"


def accepted(to, *, at=1.0, reply="250", sha="s", message_id=None, header_to=None):
    return {
        "event": "accepted",
        "at": at,
        "to": to,
        "header_to": header_to or to,
        "message_id": message_id or f"<{to}>",
        "sha": sha,
        "reply": reply,
    }


def row(address, status="sent", *, attempts=1, uncertain=0):
    return {
        "address": address,
        "status": status,
        "attempts": attempts,
        "uncertain_attempts": uncertain,
        "message_id": f"<{address}>",
    }


def test_letters_that_arrived_once_are_fine():
    log, ledger = [accepted(A), accepted(B)], [row(A), row(B)]

    found = judge(log, ledger, {A, B})

    assert found.is_good(killed_connections=0)


def test_a_letter_marked_sent_that_never_arrived_is_lost():
    found = judge([], [row(A)], {A})

    assert found.lost == [A]


def test_a_reader_without_a_digest_is_lost():
    found = judge([], [], {A})

    assert found.lost == [A]


def test_a_letter_still_waiting_at_the_end_is_lost():
    found = judge([accepted(A)], [row(A, "uncertain", uncertain=1)], {A})

    assert found.lost == [A]


def test_a_letter_refused_for_good_is_not_lost():
    refusal = {"event": "refused", "at": 1.0, "to": A, "reply": "550"}

    found = judge([refusal], [row(A, "failed")], {A})

    assert found.is_good(killed_connections=0)


def test_a_double_that_the_ledger_does_not_know_is_unexplained():
    log = [accepted(A), accepted(A, at=2.0)]

    found = judge(log, [row(A, attempts=2)], {A})

    assert found.unexplained == [A]


def test_a_double_after_a_kill_counts_against_the_killed_connections():
    log = [accepted(A), accepted(A, at=2.0)]

    found = judge(log, [row(A, attempts=2, uncertain=1)], {A})

    assert found.unexplained == []
    assert not found.is_good(killed_connections=0)
    assert found.is_good(killed_connections=1)


def test_a_double_after_a_dropped_answer_is_the_relays():
    log = [accepted(A, reply="dropped"), accepted(A, at=2.0)]

    found = judge(log, [row(A, attempts=2, uncertain=1)], {A})

    assert (found.by_silence, found.by_kill) == (1, 0)


def test_a_double_after_a_false_refusal_is_the_relays_while_our_ledger_has_both_tries():
    log = [accepted(A, reply="451"), accepted(A, at=2.0)]

    found = judge(log, [row(A, attempts=2)], {A})

    assert found.by_lie == 1
    assert found.is_good(killed_connections=0)


def test_a_letter_to_somebody_who_was_not_to_get_one_is_wrong():
    found = judge([accepted(B)], [row(B)], set())

    assert found.wrong == [B]


def test_a_letter_that_names_another_reader_is_wrong():
    found = judge([accepted(A, header_to=B)], [row(A)], {A})

    assert found.wrong == [A]


def test_a_retry_with_other_bytes_is_seen():
    log = [accepted(A, reply="dropped"), accepted(A, at=2.0, sha="other")]

    found = judge(log, [row(A, attempts=2, uncertain=1)], {A})

    assert found.changed == [A]
