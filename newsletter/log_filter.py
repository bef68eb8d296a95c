"""Keeps what opens a reader's account or a letter out of the logs."""

from __future__ import annotations

import logging
import re

# The addresses whose next part is a token: subscribers/urls.py, newsletter/site_urls.py.
TOKEN = re.compile(r"/(p|u|c|l|f|e|back|sign-in)/[A-Za-z0-9_-]+")


class WithoutTokens(logging.Filter):
    """Blanks the tokens of addresses, as Django names them in its warnings of 403, 404 and 405."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        blanked = TOKEN.sub(r"/\1/…", said)
        if blanked != said:
            record.msg, record.args = blanked, ()
        return True
