"""Many mornings in a row: what a reader may rely on holds on every one of them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest
from django.core.management import call_command

from papers.sources import hf, own
from papers.topics import SHIPPED
from tests import replay

pytestmark = pytest.mark.django_db(transaction=True)


def assert_promises_kept(result):
    print(f"\n{result.table()}")
    assert result.errors == 0
    assert result.letters > 0
    assert result.twice_a_day == 0
    assert result.paper_twice == 0
    assert result.outside_hour == 0
    assert result.unbalanced == []


def test_the_last_weeks_of_the_sample_keep_every_promise():
    call_command("load_topics", verbosity=0)
    content = SHIPPED.with_name("sample_papers.json").read_text(encoding="utf-8")
    lists = defaultdict(list)
    for record in own.parse(content).records:
        lists[record.mentioned_on].append(record)

    result = replay.run(lists, replay.weekdays(date(2026, 2, 11), 8), readers=16, seed=1)

    assert_promises_kept(result)


def read_lists(folder, days):
    paths = {day: folder / "raw" / f"{day}.json" for day in days}
    return {
        day: hf.parse(path.read_bytes(), on=day).records
        for day, path in paths.items()
        if path.exists()
    }


@pytest.mark.replay
def test_76_weekdays_of_real_lists_keep_every_promise(real_data):
    call_command("load_topics", verbosity=0)
    days = replay.weekdays(date(2025, 11, 6), 76)
    lists = read_lists(real_data / "hf_daily_papers", days)
    assert len(lists) > 60

    result = replay.run(lists, days, readers=300, seed=2)

    assert_promises_kept(result)
