"""What must be true before letters may go out, each thing that is not with what to do about it."""

from __future__ import annotations

import shutil
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from newsletter import looks, proofs
from papers.models import Topic
from subscribers.engine import PREFIX

LEAST_FREE = 200 * 1024 * 1024  # bytes below VAR_DIR
REDIS_TIMEOUT = 3.0  # seconds


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; `stops` says that a run must not start with it."""

    name: str
    what: str
    stops: bool = True


def forbids_sending() -> str:
    """Why no letter may leave under these settings; empty where nothing forbids it."""
    if not settings.DEBUG and not settings.POSTAL_ADDRESS:
        return "POSTAL_ADDRESS is empty; every letter must carry one"
    return ""


def check(*, connect: bool = True) -> Iterator[Finding]:
    """Every finding; with `connect`, the mail relay and Redis are called as well."""
    yield from _settings()
    yield from _folder()
    found = list(_database())
    yield from found
    if not found:
        yield from _content()
    if connect:
        yield from _redis()
        yield from _relay()


def _settings() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding("DEBUG", "is true: errors show their insides; set it to false", stops=False)
    if reason := forbids_sending():
        yield Finding("POSTAL_ADDRESS", reason.removeprefix("POSTAL_ADDRESS "))
    elif not settings.POSTAL_ADDRESS:
        yield Finding("POSTAL_ADDRESS", "is empty; needed once DEBUG is false", stops=False)
    if not settings.DEBUG and not settings.SITE_URL.startswith("https://"):
        yield Finding("SITE_URL", "is not https; one-click unsubscribe needs it (RFC 8058)")
    if settings.SITE_URL.startswith("https://") and not settings.TRUSTED_PROXIES:
        yield Finding(
            "TRUSTED_PROXIES",
            "is 0 although something in front speaks https: all visitors count as one network, "
            "which may sign up 20 times an hour; set it to the number of proxies",
            stops=False,
        )
    if _tells_password():
        yield Finding(
            "EMAIL_URL",
            "sends its password in the clear; add ?tls=starttls or use smtps://",
            stops=False,
        )
    if settings.MAIL_DOMAIN == "localhost" and (settings.EMAIL_URL or settings.MAIL_PROVIDER):
        yield Finding("MAIL_FROM", "is on localhost; no relay will take it")
    if not settings.OPERATOR_EMAIL:
        yield Finding("OPERATOR_EMAIL", "is empty; alerts go to the log only", stops=False)


def _tells_password() -> bool:
    """Whether the relay is elsewhere and is told a password without TLS."""
    if not settings.EMAIL_URL or not settings.EMAIL_HOST_PASSWORD:
        return False
    is_here = settings.EMAIL_HOST in {"localhost", "127.0.0.1", "::1"}
    return not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL or is_here)


def _folder() -> Iterator[Finding]:
    folder = Path(settings.VAR_DIR)
    try:
        free = shutil.disk_usage(folder).free
        probe = folder / ".preflight"
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield Finding("VAR_DIR", f"cannot be written: {error.strerror}")
        return
    if free < LEAST_FREE:
        yield Finding("VAR_DIR", f"has only {free // 1024**2} MB left on its disk")


def _database() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        yield Finding("DATABASE_URL", f"the database does not answer: {type(error).__name__}")
        return
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield Finding("database", f"{len(missing)} migrations are missing: run manage.py migrate")


def _content() -> Iterator[Finding]:
    if not Topic.objects.active().exists():
        yield Finding("topics", "there are none: run manage.py load_topics")
    look = looks.current()
    for name, _text in look.templates:
        name = name.removeprefix(PREFIX)
        if fault := proofs.fault(look, name):
            yield Finding(f"template {name}", f"no longer works, {fault}", stops=False)


def _redis() -> Iterator[Finding]:
    if not settings.REDIS_URL:
        return
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_TIMEOUT,
        socket_connect_timeout=REDIS_TIMEOUT,
    )
    try:
        client.ping()
    except redis.RedisError as error:
        # Letters wait for the tick of whoever has one, so this costs minutes and stops nothing.
        yield Finding("REDIS_URL", f"does not answer: {type(error).__name__}", stops=False)
    finally:
        client.close()


def _relay() -> Iterator[Finding]:
    mail = get_connection()
    name = "MAIL_PROVIDER" if settings.MAIL_PROVIDER else "EMAIL_URL"
    try:
        mail.open()
        mail.close()
    except (OSError, smtplib.SMTPException, AnymailError) as error:
        yield Finding(name, f"cannot be reached: {error}"[:200])
