#!/usr/bin/env python
"""Paper Round's command line: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here. Run `make demo` once: it makes the environment in"
            " .venv, then use `.venv/bin/python manage.py …`."
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
