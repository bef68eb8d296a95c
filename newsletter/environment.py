"""Values of the environment in the form they are used, or a refusal that names the variable."""

from __future__ import annotations

import json
from datetime import date
from email.utils import parseaddr
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def refuse(name: str, why: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}: {why} (see .env.example)")


def text(name: str, default: str = "") -> str:
    value = str(env.str(name, default="")).strip() or default
    if any(c in value for c in "\r\n\0"):
        raise refuse(name, "must be one line of text")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise refuse(name, "must be true or false")
    return value in {"true", "1", "yes", "on"}


def number(name: str, default: int, *, least: int, most: int) -> int:
    raw = text(name, str(default))
    try:
        value = int(raw)
    except ValueError:
        raise refuse(name, f"must be a whole number, not {raw!r}") from None
    if not least <= value <= most:
        raise refuse(name, f"must be between {least} and {most}")
    return value


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise refuse(name, f"must be one of {', '.join(allowed)}; not {value!r}")
    return value


def listing(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def address(name: str, default: str = "") -> str:
    value = text(name, default)
    if value and (parseaddr(value)[1] != value or value.count("@") != 1 or value.endswith("@")):
        raise refuse(name, f"must be a bare mail address like digest@example.org; not {value!r}")
    return value


def options(name: str) -> dict[str, Any]:
    raw = text(name)
    if not raw:
        return {}
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise refuse(name, f"must be a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise refuse(name, "must be a JSON object")
    return value


def rates(name: str) -> dict[str, float]:
    """Pairs like `gmail.com=20`, a number above nought each."""
    found = {}
    for part in listing(name):
        key, _, raw = part.partition("=")
        try:
            found[key.strip().lower()] = float(raw)
        except ValueError:
            raise refuse(name, f"must look like gmail.com=20,*=50; not {part!r}") from None
        if not 0 < found[key.strip().lower()] < 100_000:
            raise refuse(name, f"must be above 0 and below 100000; not {part!r}")
    return found


def day(name: str) -> date | None:
    raw = text(name)
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError:
        raise refuse(name, f"must be a date like 2026-02-20; not {raw!r}") from None
