"""The operator is written to when something needs them, and not otherwise."""

from datetime import timedelta

import pytest

from newsletter import alerts, rounds, throttle
from newsletter.models import Digest, Throttle
from papers.models import Fetch
from subscribers.models import Notice
from tests.factories import NOW, make_digest

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _operator(settings):
    settings.OPERATOR_EMAIL, settings.SOURCES = "operator@example.org", ["hf"]
    settings.EMAIL_URL = settings.MAIL_PROVIDER = ""


def fetched(at, outcome="done", **fields):
    Fetch.objects.create(
        source="hf", target="2026-02-20", status=outcome, started_at=at, finished_at=at, **fields
    )


def written():
    return [notice.context["about"] for notice in Notice.objects.order_by("pk")]


def test_a_service_that_is_well_writes_nothing():
    fetched(NOW - HOUR)
    make_digest(due_at=NOW)

    assert alerts.look(NOW) == 0
    assert written() == []


def test_a_source_that_never_answered_is_told_of_with_its_reason():
    fetched(NOW, "failed", reason="HTTP 403")

    alerts.look(NOW)

    (notice,) = Notice.objects.all()
    assert notice.context["about"] == "hf failing"
    assert "HTTP 403" in notice.context["text"]


def test_a_source_that_fell_silent_is_told_of():
    fetched(NOW - 25 * HOUR)

    alerts.look(NOW)

    assert written() == ["hf silent"]


def test_letters_that_are_stuck_are_told_of():
    fetched(NOW)
    make_digest(due_at=NOW - 3 * HOUR)

    alerts.look(NOW)

    assert written() == ["Letters to send stuck"]
    assert Digest.objects.get().status == "pending"


@pytest.mark.parametrize(("faults", "told"), [(4, []), (5, ["relay takes no letters"])])
def test_a_way_out_is_told_of_when_its_faults_go_on(faults, told):
    fetched(NOW)
    Throttle.objects.create(key="relay", failures=faults, reason="535 login refused")

    alerts.look(NOW)

    assert throttle.state("relay", now=NOW).failures == faults
    assert written() == told


def test_a_matter_is_written_of_once_a_day_and_looked_at_once_an_hour(
    django_assert_max_num_queries,
):
    fetched(NOW - 30 * HOUR)
    alerts.look(NOW)

    with django_assert_max_num_queries(1):
        alerts.look(NOW + timedelta(minutes=59))
    alerts.look(NOW + 2 * HOUR)
    same_day = written()
    alerts.look(NOW + 25 * HOUR)

    assert same_day == ["hf silent"]
    assert written() == ["hf silent"] * 2


def test_the_log_has_it_where_nobody_can_be_written_to(settings, caplog):
    settings.OPERATOR_EMAIL = ""
    fetched(NOW - 30 * HOUR)

    alerts.look(NOW)

    assert "for the operator: hf silent" in caplog.text
    assert written() == []


def test_a_tick_looks_after_it_has_built_and_swept():
    fetched(NOW - 30 * HOUR)

    counts = rounds.tick(NOW, send=False)

    assert counts["alerts"] == 1
    assert written() == ["hf silent"]
