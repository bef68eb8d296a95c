"""What all tests share: a frozen environment, the real data where it lies beside the project."""

import os
import uuid
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from newsletter.buckets import RedisStore

os.environ.setdefault("DEBUG", "true")

# A busy machine is no failure: the first example also pays for what is loaded late.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL_DATA = Path(os.environ.get("PAPER_ROUND_DATA") or BESIDE)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data, outside the repository; the test is skipped without it."""
    if not REAL_DATA.is_dir():
        pytest.skip("needs ../shared/data, which is not part of the repository")
    return REAL_DATA


@pytest.fixture(autouse=True)
def _own_outbox(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.EMAIL_FILE_PATH = str(tmp_path / "outbox")
    settings.POSTAL_ADDRESS = "Paper Round, 12 Sample Street, 10115 Berlin, Germany"


@pytest.fixture(autouse=True)
def _own_language():
    """A request leaves its language to the thread, where the next sets its own."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _own_buckets(monkeypatch):
    """Redis remembers what earlier tests and runs took, at the same frozen instant."""
    monkeypatch.setattr(RedisStore, "PREFIX", f"paper-round:test:{uuid.uuid4()}:")
