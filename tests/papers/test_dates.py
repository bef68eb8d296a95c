from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template
from django.utils import translation

from papers.dates import dated

FRIDAY = date(2026, 2, 20)


@pytest.mark.parametrize(
    ("language", "form", "words"),
    [
        ("en", "l j F Y", "Friday 20 February 2026"),
        ("de", "l j F Y", "Freitag, 20. Februar 2026"),
        ("fr", "j F Y", "20 février 2026"),
        ("es", "j F Y", "20 de febrero de 2026"),
        ("es", "l j F", "viernes 20 de febrero"),
        ("zh-hans", "j F Y", "2026年2月20日"),
        ("zh-hans", "D j M", "2月20日 星期五"),
        ("ar", "l j F", "الجمعة 20 فبراير"),
    ],
)
def test_a_day_is_written_as_its_language_orders_it(language, form, words):
    with translation.override(language):
        assert dated(FRIDAY, form) == words


def test_a_page_prints_an_instant_in_its_own_zone_and_nothing_for_none(settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    page = Template('{% load dates %}{{ at|dated:"j M Y, H:i" }}|{{ none|dated:"j F Y" }}')

    said = page.render(Context({"at": datetime(2026, 2, 20, 22, tzinfo=UTC), "none": None}))

    assert said == "21 Feb 2026, 07:00|"
