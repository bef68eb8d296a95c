"""Dates in the order of the language that is switched on."""

from __future__ import annotations

from datetime import date

from django.utils import dateformat
from django.utils.translation import pgettext


def dated(day: date | None, form: str) -> str:
    """`day` as Django's date letters in `form` say, which each catalog puts in its own order.

    A datetime is printed in its own zone; nothing for no day.
    """
    return dateformat.format(day, pgettext("date format, Django's letters", form)) if day else ""
