"""The process tree of `manage.py run`, as processes."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command
from gunicorn.http import wsgi

from newsletter import preflight, service

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0  # seconds; five interpreters start on a busy machine


@pytest.fixture
def running(tmp_path):
    """The service on a database of its own: (main process, address, folder)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {
        **os.environ,
        "DEBUG": "true",
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "EMAIL_URL": "",
        "MAIL_PROVIDER": "",
        "SOURCES": "arxiv_feed",
        "ARXIV_CATEGORIES": "cs.XX",
    }
    log = (tmp_path / "log").open("wb")
    main = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "run", "--bind", bind],
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    yield main, f"http://{bind}/healthz", tmp_path
    if main.poll() is None:
        os.killpg(main.pid, signal.SIGKILL)
    main.wait(30)
    log.close()


def answers(address):
    try:
        return requests.get(address, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def eventually(condition):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.2)
    return False


def parts_of(main):
    table = subprocess.run(
        ["ps", "-e", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    return [int(line.split()[0]) for line in table.splitlines() if f"--bind {main}" in line]


@pytest.mark.slow
@pytest.mark.services
def test_it_serves_starts_again_what_dies_and_leaves_no_orphan(running):
    main, address, folder = running
    bind = address.removeprefix("http://").removesuffix("/healthz")

    assert eventually(lambda: answers(address)), (folder / "log").read_text()
    first = set(parts_of(bind))
    for pid in first - {main.pid}:
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: answers(address) and not first & set(parts_of(bind)) - {main.pid})
    main.kill()
    assert eventually(lambda: not parts_of(bind))


def test_a_watcher_that_asks_for_headers_only_fills_no_log():
    assert not wsgi.log.isEnabledFor(logging.WARNING)
    assert wsgi.log.isEnabledFor(logging.ERROR)


def test_with_a_broker_celery_does_the_work(settings):
    settings.REDIS_URL = ""
    embedded = service.parts()

    settings.REDIS_URL = "redis://127.0.0.1:6379/0"

    assert embedded == ("web", "clock", "sender", "fetcher")
    assert service.parts() == ("web", "worker", "beat")


@pytest.fixture
def not_started(monkeypatch):
    """Whoever gets past the looks at --bind ends here instead of with a service."""
    monkeypatch.setattr(preflight, "check", lambda **_: pytest.fail("went on"))
    monkeypatch.setattr("newsletter.management.commands.run.call_command", lambda *_, **__: None)


@pytest.mark.parametrize(
    "bind", ["everywhere", "127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1:", "unix:"]
)
def test_an_address_that_is_none_is_refused(not_started, bind):
    with pytest.raises(CommandError, match="--bind must look like"):
        call_command("run", "--bind", bind)


def test_a_port_that_is_taken_is_told_before_anything_starts(not_started, monkeypatch):
    monkeypatch.setattr(service, "PORT_PATIENCE", 0.3)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        bind = f"127.0.0.1:{other.getsockname()[1]}"

        with pytest.raises(CommandError, match=r"cannot listen on .*: Address already in use"):
            call_command("run", "--bind", bind)


@pytest.mark.parametrize(
    ("host", "said"), [("192.0.2.1", "Cannot assign"), ("ä" * 80, "encoding of hostname failed")]
)
def test_a_host_that_is_not_this_machines_is_told_before_anything_starts(not_started, host, said):
    with pytest.raises(CommandError, match=f"cannot listen on {host}:8000: {said}"):
        call_command("run", "--bind", f"{host}:8000")


def test_a_port_that_a_killed_service_is_just_leaving_is_waited_for():
    other = socket.create_server(("127.0.0.1", 0))
    bind = f"127.0.0.1:{other.getsockname()[1]}"
    leaving = threading.Timer(0.3, other.close)
    leaving.start()

    assert service.refusal(bind) == ""
    leaving.join()


def test_a_free_port_stays_free_for_the_site():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    assert service.refusal(f"127.0.0.1:{port}") == ""
    with socket.socket() as site:
        site.bind(("127.0.0.1", port))
