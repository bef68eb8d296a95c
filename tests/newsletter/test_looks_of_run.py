"""What `manage.py run` asks its database every two seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from newsletter import rounds
from papers.models import Fetch
from subscribers.models import Notice
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db

GROWING = ("subscribers_subscriber", "subscribers_notice")
# These hold only rows that are still to be done: to read all of one is to read what is needed.
NARROW = ("notice_pending", "notice_sending", "subscriber_confirmed")


@contextmanager
def plans() -> Iterator[list[str]]:
    """How the database finds the rows of each statement on a table that grows with the readers."""
    found: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "

    def look(execute, sql, params, many, context):
        if sql.startswith(("SELECT", "UPDATE")) and any(table in sql for table in GROWING):
            execute(explain + sql, params, many, context)
            found.append("\n".join(str(row[-1]) for row in context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Few rows are read from end to end, whatever indexes there are.
            cursor.execute("ANALYZE")
            cursor.execute("SET LOCAL enable_seqscan = off")
    with connection.execute_wrapper(look):
        yield found


def test_the_look_for_who_waits_reads_no_table_of_readers_or_notices_from_end_to_end():
    Fetch.objects.create(source="hf", target="x", status="done", started_at=NOW, finished_at=NOW)
    for days in range(60):
        reader = make_subscriber(confirmed_at=NOW - timedelta(days=3 + days))
        Notice.objects.create(
            subscriber=reader, kind="confirm", status="sent", created_at=NOW, sent_at=NOW
        )

    with plans() as found:
        counts = rounds.at_once(NOW)

    assert counts[rounds.ERRORS] == 0
    assert len(found) >= 4  # lost notices twice, waiting notices, newcomers
    assert [plan for plan in found if not any(index in plan for index in NARROW)] == []
