"""Digests and entries written in bulk: one transaction a batch, two dialects.

A million rows a morning pass here, so no model instance is made for them. What (edition,
subscriber) already has stays as it is, whoever wrote it.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection, transaction

from newsletter.models import Digest, Entry
from papers.ranking import Pick
from subscribers.models import new_tokens

DIGEST_COLUMNS = (
    "uuid", "edition_id", "subscriber_id", "kind", "status", "reason", "due_at", "built_at",
    "pool_size", "held_back", "view_token", "attempts", "uncertain_attempts", "provider",
    "provider_message_id", "updates",
)  # fmt: skip
ENTRY_COLUMNS = (
    "digest_id", "subscriber_id", "paper_id", "position", "section", "score", "reasons",
)  # fmt: skip
VARIANTS = "89ab"  # of a UUID, in hex
DIGESTS, ENTRIES = Digest._meta.db_table, Entry._meta.db_table


@dataclass(slots=True)
class Draft:
    """A digest before it has a row."""

    subscriber_id: int
    due_at: datetime
    status: str
    reason: str = ""
    kind: str = Digest.Kind.REGULAR
    pool_size: int = 0
    held_back: int = 0
    picks: Sequence[Pick] = field(default=())
    updates: Sequence[Mapping[str, Any]] = field(default=())


def write(drafts: Sequence[Draft], *, edition_id: int, now: datetime) -> Counter[str]:
    """Save drafts with their entries in one transaction; counts by status of those that were new.

    Raises IntegrityError where another builder gave one of these readers one of these papers in
    the same instant; nothing of the batch is then saved.
    """
    with transaction.atomic():
        ids = _insert_digests(drafts, edition_id, now)
        _insert_entries([(ids[d.subscriber_id], d) for d in drafts if d.subscriber_id in ids])
    return Counter(str(draft.status) for draft in drafts if draft.subscriber_id in ids)


def _insert_digests(drafts: Sequence[Draft], edition_id: int, now: datetime) -> dict[int, int]:
    """Subscriber → id of the digest that was inserted; those who had one are left out."""
    # As the database takes an instant; few readers are due at one of their own.
    instant = lru_cache(maxsize=8)(connection.ops.adapt_datetimefield_value)
    uuids, tokens, built_at = _uuids(len(drafts)), new_tokens(len(drafts)), instant(now)
    rows = [
        (
            uuid, edition_id, d.subscriber_id, str(d.kind), str(d.status), d.reason,
            instant(d.due_at), built_at, d.pool_size, d.held_back, token, 0, 0, "", "",
            json.dumps(list(d.updates)) if d.updates else "[]",
        )
        for d, uuid, token in zip(drafts, uuids, tokens, strict=True)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _insert_digests_postgresql(cursor, rows)
        return _insert_digests_sqlite(cursor, rows, edition_id)


def _uuids(n: int) -> list[str]:
    """So many random ones (RFC 9562, version 4), of one draw."""
    drawn = secrets.token_hex(16 * n)
    return [
        f"{drawn[at : at + 12]}4{drawn[at + 13 : at + 16]}"
        f"{VARIANTS[int(drawn[at + 16], 16) % 4]}{drawn[at + 17 : at + 32]}"
        for at in range(0, 32 * n, 32)
    ]


def _insert_digests_postgresql(cursor: Any, rows: list[tuple[Any, ...]]) -> dict[int, int]:
    types = (
        "uuid", "bigint", "bigint", "text", "text", "text", "timestamptz", "timestamptz", "int",
        "int", "text", "smallint", "smallint", "text", "text", "jsonb",
    )  # fmt: skip
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    cursor.execute(
        f"INSERT INTO {DIGESTS} ({', '.join(DIGEST_COLUMNS)}) SELECT * FROM unnest({arrays})"  # noqa: S608 - our own names
        " ON CONFLICT (edition_id, subscriber_id) DO NOTHING RETURNING subscriber_id, id",
        [list(column) for column in zip(*rows, strict=True)],
    )
    return dict(cursor.fetchall())


def _insert_digests_sqlite(
    cursor: Any, rows: list[tuple[Any, ...]], edition_id: int
) -> dict[int, int]:
    marks = ", ".join(["%s"] * len(DIGEST_COLUMNS))
    cursor.executemany(
        f"INSERT INTO {DIGESTS} ({', '.join(DIGEST_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - our own names
        " ON CONFLICT (edition_id, subscriber_id) DO NOTHING",
        rows,
    )
    ours = {row[0] for row in rows}
    cursor.execute(
        f"SELECT subscriber_id, id, uuid FROM {DIGESTS}"  # noqa: S608 - our own names
        " WHERE edition_id = %s AND subscriber_id BETWEEN %s AND %s",
        [edition_id, min(row[2] for row in rows), max(row[2] for row in rows)],
    )
    return {reader: pk for reader, pk, uuid in cursor.fetchall() if uuid in ours}


def _insert_entries(drafts: Sequence[tuple[int, Draft]]) -> None:
    rows = [
        (
            digest_id, draft.subscriber_id, pick.paper_id, position, pick.section, pick.score,
            json.dumps([reason.as_dict() for reason in pick.reasons]),
        )
        for digest_id, draft in drafts
        for position, pick in enumerate(draft.picks, start=1)
    ]  # fmt: skip
    if not rows:
        return
    columns = ", ".join(ENTRY_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sql = f"COPY {ENTRIES} ({columns}) FROM STDIN"
            # Django does not see the copying; without this, psycopg's own errors would come out.
            with connection.wrap_database_errors, cursor.copy(sql) as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(ENTRY_COLUMNS))
        cursor.executemany(f"INSERT INTO {ENTRIES} ({columns}) VALUES ({marks})", rows)  # noqa: S608 - our own names
