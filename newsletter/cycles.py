"""Python's search for reference cycles, held back while rows pass by the hundred thousand.

Letters and drafts refer to nothing that refers back to them, so each is freed with its last user.
The search finds nothing there, and would read the whole heap again and again for it.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = (20_000, 20, 20)  # objects made and kept, then rounds, between two searches

_lock = threading.Lock()
_blocks = 0  # open ones, of all threads
_usual = gc.get_threshold()


@contextmanager
def rarely_sought() -> Iterator[None]:
    """Search seldom until the end of the block, and of those of other threads."""
    global _blocks, _usual
    with _lock:
        if not _blocks:
            _usual = gc.get_threshold()
        _blocks += 1
        gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            if not _blocks:
                gc.set_threshold(*_usual)
