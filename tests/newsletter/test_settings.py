"""A wrong setting stops the start and says which one it is."""

import re
import runpy
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from newsletter import settings as module

ROOT = Path(module.__file__).resolve().parents[1]
LIVE = {
    "DEBUG": "false",
    "SECRET_KEY": "k" * 50,
    "SITE_URL": "https://papers.example.org",
    "MAIL_FROM": "digest@papers.example.org",
    "POSTAL_ADDRESS": "12 Sample Street",
}


@pytest.fixture
def load(monkeypatch, tmp_path):
    """The settings as they come out of this environment."""

    def run(**variables):
        for name in re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**LIVE, "VAR_DIR": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(module.__file__)

    return run


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SITE_URL", ""),
        ("SITE_URL", "papers.example.org"),
        ("SITE_URL", "https://papers.example.org/path"),
        ("MAIL_FROM", ""),
        ("MAIL_FROM", "Paper Round <digest@example.org>"),
        ("MAIL_FROM", "digest@example.org\nBcc: all@example.org"),
        ("DATABASE_URL", "mysql://root@localhost/papers"),
        ("DATABASE_URL", "postgres"),
        ("REDIS_URL", "http://localhost"),
        ("EMAIL_URL", "http://relay.example.org"),
        ("EMAIL_URL", "smtp://me:secret@relay.example.org:587?tls=true"),
        ("EMAIL_URL", "smtp://me:secret@relay.example.org:587?starttls=1"),
        ("EMAIL_URL", "smtp://me:secret@relay.example.org:587?TLS=STARTTLS"),
        ("EMAIL_URL", "smtps://me:secret@relay.example.org?tls=starttls"),
        ("MAIL_PROVIDER", "pigeon"),
        ("MAIL_RATE", "fast"),
        ("MAIL_RATE", "-1"),
        ("MAIL_DOMAIN_RATES", "gmail.com"),
        ("MAIL_WARMUP_SINCE", "soon"),
        ("MAIL_WEBHOOK_SECRET", "no-colon"),
        ("MAIL_PROVIDER_OPTIONS", "[1]"),
        ("DIGEST_ON_UNCERTAIN", "maybe"),
        ("SOURCES", "hf,twitter"),
        ("EMBEDDINGS_MODEL", "/nowhere"),
        ("FETCH_EVERY", "0"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_stops_the_start_by_name(load, name, value):
    with pytest.raises(ImproperlyConfigured, match=f"^{name}"):
        load(**{name: value})


@pytest.mark.parametrize("email_url", ["", "smtp://relay.example.org"])
def test_a_fallback_that_would_never_be_used_stops_the_start(load, email_url):
    with pytest.raises(ImproperlyConfigured, match=r"^MAIL_FALLBACK_PROVIDER.* as MAIL_PROVIDER"):
        load(EMAIL_URL=email_url, MAIL_FALLBACK_PROVIDER="resend", MAIL_FALLBACK_API_KEY="k")


def test_a_provider_without_its_key_stops_the_start(load):
    with pytest.raises(ImproperlyConfigured, match="MAIL_API_KEY"):
        load(MAIL_PROVIDER="resend")


@pytest.mark.parametrize(
    ("url", "starttls", "tls"),
    [
        ("smtp://me:secret@relay.example.org:587?tls=starttls", True, False),
        ("smtps://me:secret@relay.example.org", False, True),
        ("smtp://relay.example.org", False, False),
    ],
)
def test_a_relay_is_spoken_to_as_its_address_says(load, url, starttls, tls):
    settings = load(EMAIL_URL=url)

    assert (settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (starttls, tls)


def test_nothing_but_a_few_variables_is_needed_to_go_live(load):
    settings = load()

    assert settings["DEBUG"] is False
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert settings["EMAIL_BACKEND"] == "newsletter.outbox.EmailBackend"


def test_every_variable_has_its_line_in_the_example(load):
    source = Path(module.__file__).read_text()
    helpers = "text|flag|number|choice|listing|address|options|rates|day"
    read = set(re.findall(rf'\b(?:{helpers})\(\s*"([A-Z_]+)"', source))
    listed = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert read == listed
