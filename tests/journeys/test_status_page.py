"""The operator looks whether all is well, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from newsletter import status, throttle
from papers.models import Fetch
from tests.factories import make_digest
from tests.journeys.conftest import sideways_overflow, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def _service():
    now = timezone.now()
    status.beat(status.TICK, now=now)
    throttle.pause("relay", 300, "connection refused", now=now)
    make_digest(papers=[], status="sent", sent_at=now)
    Fetch.objects.create(
        source="hf", target="x", status="done", started_at=now - timedelta(minutes=12), new=119
    )


def sign_in(page, site: str) -> None:
    client = Client()
    client.force_login(User.objects.create_user("op", is_staff=True))
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": site}]
    )


@pytest.mark.usefixtures("_service")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_status_page_is_readable_for_everybody(new_page, site, scheme):
    page = new_page(scheme=scheme)
    sign_in(page, site)

    page.goto("/status/")

    assert page.get_by_role("heading", level=1).inner_text() == "Status"
    assert page.get_by_text("connection refused").is_visible()
    for width in (1200, 375):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 900})
    assert sideways_overflow(page) <= 0
