import pytest
from django.core.management import CommandError, call_command

from newsletter import preflight
from newsletter.models import LookVersion
from tests.factories import NOW, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(settings, tmp_path):
    """Settings of a service that may send."""
    settings.DEBUG = False
    settings.POSTAL_ADDRESS = "Paper Round, 12 Sample Street, Berlin"
    settings.SITE_URL = "https://papers.example.org"
    settings.OPERATOR_EMAIL = "operator@example.org"
    settings.REDIS_URL = ""
    settings.TRUSTED_PROXIES = 1
    settings.VAR_DIR = tmp_path
    make_topic()
    return settings


def names(**options):
    return {finding.name for finding in preflight.check(**options) if finding.stops}


def test_a_service_that_is_set_up_has_nothing_in_its_way(live, capsys):
    call_command("preflight")

    assert capsys.readouterr().out == "Letters may go out.\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTAL_ADDRESS", ""),
        ("SITE_URL", "http://papers.example.org"),
        ("VAR_DIR", "/proc/no-such-folder"),
    ],
)
def test_what_is_wrong_is_named(live, name, value):
    setattr(live, name, value)

    assert names() == {name}


def test_a_proxy_that_is_not_counted_is_told_of_and_stops_nothing(live):
    live.TRUSTED_PROXIES = 0

    (finding,) = preflight.check()

    assert (finding.name, finding.stops) == ("TRUSTED_PROXIES", False)
    assert "set it to the number of proxies" in finding.what


@pytest.mark.parametrize(
    ("host", "starttls", "told"),
    [
        ("relay.example.org", False, True),
        ("relay.example.org", True, False),
        ("localhost", False, False),
    ],
)
def test_a_password_in_the_clear_is_told_of(live, host, starttls, told):
    live.EMAIL_URL = "smtp://me:secret@relay.example.org"
    live.EMAIL_HOST, live.EMAIL_HOST_PASSWORD, live.EMAIL_USE_TLS = host, "secret", starttls
    live.EMAIL_USE_SSL, live.MAIL_DOMAIN = False, "papers.example.org"

    found = {finding.name for finding in preflight.check(connect=False)}

    assert ("EMAIL_URL" in found) is told


def test_a_sender_on_localhost_is_refused_by_relays(live):
    live.EMAIL_URL, live.MAIL_DOMAIN = "smtp://relay.example.org", "localhost"

    assert names(connect=False) == {"MAIL_FROM"}


def test_a_service_without_topics_is_told_how_to_get_them(live):
    from papers.models import Topic

    Topic.objects.all().delete()

    (finding,) = [f for f in preflight.check() if f.stops]
    assert "load_topics" in finding.what


def test_a_relay_that_does_not_answer_stops_the_run(live):
    live.EMAIL_BACKEND = "newsletter.smtp.EmailBackend"
    live.EMAIL_HOST, live.EMAIL_PORT = "127.0.0.1", 1
    live.EMAIL_HOST_USER = live.EMAIL_HOST_PASSWORD = ""
    live.EMAIL_USE_TLS = live.EMAIL_USE_SSL = False

    assert names() == {"EMAIL_URL"}
    assert names(connect=False) == set()


def test_redis_that_is_away_costs_minutes_and_stops_nothing(live):
    live.REDIS_URL = "redis://127.0.0.1:1/0"

    findings = [f for f in preflight.check() if f.name == "REDIS_URL"]

    assert [f.stops for f in findings] == [False]


def test_the_command_fails_where_something_stands_in_the_way(live, capsys):
    live.POSTAL_ADDRESS = ""

    with pytest.raises(CommandError, match="1 things stand in the way"):
        call_command("preflight")

    assert "must be set right: POSTAL_ADDRESS is empty" in capsys.readouterr().out


def test_a_template_of_the_operators_own_that_no_longer_works_is_named():
    make_topic()
    LookVersion.objects.create(created_at=NOW, templates={"item.html": "\n{% if %}"})

    found = {f.name: f for f in preflight.check(connect=False)}

    assert "line 2" in found["template item.html"].what
    assert not found["template item.html"].stops
