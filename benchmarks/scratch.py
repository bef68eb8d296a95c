"""A database of its own for a measurement: SQLite in a temporary folder, or PostgreSQL by name."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile


def use(*, postgres: str = "") -> str:
    """Set Django up on an empty database; call before importing any model. Returns its folder,
    which is gone at the end of this process.

    `postgres` is the URL of a server's database that may be emptied; a SQLite file otherwise.
    """
    folder = tempfile.mkdtemp(prefix="paper-round-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(DEBUG="false", VAR_DIR=folder, DATABASE_URL=postgres, REDIS_URL="")
    os.environ.update(SECRET_KEY="measuring" * 8, SITE_URL="https://papers.example.org")
    os.environ.update(MAIL_FROM="digest@papers.example.org", LOG_LEVEL="warning")
    os.environ.update(POSTAL_ADDRESS="Paper Round, 12 Sample Street, 10115 Berlin, Germany")
    os.environ["DJANGO_SETTINGS_MODULE"] = "newsletter.settings"

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("flush", verbosity=0, interactive=False)
    return folder
