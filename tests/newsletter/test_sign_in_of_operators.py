"""Who guesses the operator's password is shut out, and nobody else."""

import pytest
from django.contrib.auth import get_user_model

pytestmark = pytest.mark.django_db


def tries(client, password, *, of):
    answer = client.post(
        "/admin/login/",
        {"username": "olga", "password": password},
        headers={"X-Forwarded-For": of},
    )
    return answer.status_code


@pytest.fixture
def olga(settings):
    settings.TRUSTED_PROXIES = 1
    return get_user_model().objects.create_superuser("olga", password="the right one")


def test_a_guesser_behind_the_same_proxy_does_not_shut_the_operator_out(olga, client):
    guesses = [tries(client, "wrong", of="203.0.113.9") for _ in range(11)]

    assert tries(client, "the right one", of="203.0.113.9") == guesses[-1] == 429
    assert tries(client, "the right one", of="198.51.100.7") == 302
