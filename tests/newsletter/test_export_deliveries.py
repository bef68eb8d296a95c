import json
from io import StringIO

import pytest
from django.core.management import call_command

from tests.factories import NOW, make_digest, make_subscriber


def exported(**options):
    out = StringIO()
    call_command("export_deliveries", stdout=out, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.django_db
def test_each_digest_is_one_json_line_with_its_reader_and_what_became_of_it():
    digest = make_digest(subscriber=make_subscriber(email="ada@mail.example.net"))
    digest.status, digest.sent_at, digest.attempts = "sent", NOW, 1
    digest.save()

    rows = exported()

    assert [(row["address"], row["status"], row["attempts"]) for row in rows] == [
        ("ada@mail.example.net", "sent", 1)
    ]
    assert rows[0]["edition"] == "daily/2026-02-20"
    assert rows[0]["message_id"].startswith(f"<{digest.uuid}@")


@pytest.mark.django_db
def test_only_the_asked_status_is_exported():
    make_digest()
    failed = make_digest(status="failed", reason="550 no such user")

    rows = exported(status="failed")

    assert [row["digest"] for row in rows] == [str(failed.uuid)]
