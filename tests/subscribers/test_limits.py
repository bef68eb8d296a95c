from datetime import timedelta

import pytest
from django.test import RequestFactory

from subscribers import limits
from subscribers.models import Knock
from tests.factories import NOW

LIMIT = limits.Limit("test", 2, timedelta(hours=1))


@pytest.mark.django_db
def test_the_third_knock_of_two_is_refused_until_the_window_is_over():
    answers = [limits.allows(LIMIT, "ada", now=NOW) for _ in range(3)]

    assert answers == [True, True, False]
    assert limits.allows(LIMIT, "bob", now=NOW)
    assert limits.allows(LIMIT, "ada", now=NOW + LIMIT.every)


@pytest.mark.django_db
def test_no_address_is_stored_and_old_counts_go():
    limits.allows(LIMIT, "ada@mail.example.net", now=NOW)
    limits.allows(LIMIT, "bob", now=NOW + timedelta(days=3))

    knock = Knock.objects.get()
    assert "ada" not in knock.key
    assert knock.window_start > NOW


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, "192.0.2.1", "198.51.100.9", "192.0.2.1"),
        (1, "10.0.0.1", "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        (2, "10.0.0.1", "203.0.113.5, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (0, "::ffff:192.0.2.1", "", "192.0.2.1"),
        (0, "", "", "unknown"),
        (1, "10.0.0.1", "not an address", "unknown"),
    ],
)
def test_only_our_own_proxies_are_believed(settings, proxies, remote, forwarded, expected):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)

    assert limits.network(request) == expected
