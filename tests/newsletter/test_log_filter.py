"""What opens an account stays out of the logs."""

import logging

import pytest

from newsletter.log_filter import WithoutTokens


@pytest.fixture
def log():
    """What the handlers of the service would write, line by line."""
    lines = []

    class Written(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    handler = Written()
    handler.addFilter(WithoutTokens())
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/p/{}/when",
        "/p/{}",
        "/u/{}/no",
        "/c/{}",
        "/l/{}",
        "/f/{}/1/more",
        "/e/{}/good",
        "/back/{}",
        "/sign-in/{}",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_no_warning_of_a_request_tells_its_token(client, log, path, method):
    token = "Tok-en_3" * 4

    getattr(client, method)(path.format(token))

    assert not [line for line in log if token in line]


def test_what_a_token_is_blanked_in_still_says_where(log):
    logging.getLogger("django.request").warning("Not Found: %s", "/p/" + "a" * 36 + "/when")

    assert log == ["Not Found: /p/…/when"]


def test_other_lines_stay_as_they_are(log):
    logging.getLogger("newsletter").warning("edition %s of /topic/agents: %d%%", "daily", 3)

    assert log == ["edition daily of /topic/agents: 3%"]


def test_the_services_own_log_is_filtered(settings):
    console = settings.LOGGING["handlers"]["console"]

    assert console["filters"] == ["without_tokens"]
