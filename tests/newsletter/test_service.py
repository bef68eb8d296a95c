"""The process tree of `manage.py run`, as processes."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command
from gunicorn.http import wsgi

from newsletter import service

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


def test_an_address_that_is_none_is_refused():
    with pytest.raises(CommandError, match="--bind must look like"):
        call_command("run", bind="everywhere")
