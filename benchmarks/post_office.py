"""django-post_office's enqueue and send of ready bodies, as JSON; for benchmarks.send.

It is none of our dependencies: run this with an interpreter that has Django and it.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import tempfile
import time

import django
from django.conf import settings
from django.core.management import call_command

LETTERS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
BATCH = 100
FIRST = 100  # letters before the clock starts: what is loaded once is loaded
KILOBYTES = 48  # as long as our letters


def configure(folder: str, port: int) -> None:
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": f"{folder}/house.sqlite3",
                "OPTIONS": {
                    "timeout": 20,
                    "transaction_mode": "IMMEDIATE",
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
                },
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        POST_OFFICE={"BATCH_SIZE": BATCH, "THREADS_PER_PROCESS": 1},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def main() -> None:
    sink = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"], stdout=subprocess.PIPE, text=True
    )
    assert sink.stdout is not None
    try:
        with tempfile.TemporaryDirectory() as folder:
            configure(folder, int(sink.stdout.readline()))
            send(0, FIRST)
            spent = send(FIRST, LETTERS)
    finally:
        sink.terminate()
    letters, size, _ = sink.communicate(timeout=30)[0].split()
    if int(letters) != FIRST + LETTERS:
        raise SystemExit(f"{letters} of {FIRST + LETTERS} letters arrived")
    print(
        json.dumps(
            {
                "version": importlib.metadata.version("django-post_office"),
                "kilobytes": round(int(size) / int(letters) / 1000),
                "each": spent / LETTERS * 1e6,
            }
        )
    )


def bodies() -> tuple[str, str]:
    """Plain text and HTML, which have to be neither folded nor encoded."""
    text = "A line of an ordinary length, about so long as this one.\n" * (KILOBYTES * 3)
    html = "<p>A line of an ordinary length, about so long as it.</p>\n" * (KILOBYTES * 14)
    return text, html


def send(first: int, letters: int) -> float:
    """Seconds of CPU for enqueuing and sending so many, numbered from `first`."""
    from post_office import mail  # type: ignore[import-not-found]

    text, html = bodies()
    began = time.process_time()
    for start in range(first, first + letters, BATCH):
        mail.send_many(
            [
                {
                    "sender": "digest@papers.example.org",
                    "recipients": [f"bench{n}@mail.example.net"],
                    "subject": f"Letter {n}",
                    "message": text,
                    "html_message": html,
                }
                for n in range(start, start + BATCH)
            ]
        )
    for _ in range(letters // BATCH):
        mail.send_queued(processes=1)
    return time.process_time() - began


if __name__ == "__main__":
    main()
