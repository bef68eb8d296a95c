"""What all tests share: a frozen environment, the real data where it lies beside the project."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("POSTAL_ADDRESS", "Paper Round, 12 Sample Street, 10115 Berlin, Germany")

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data, outside the repository; the test is skipped without it."""
    if not REAL_DATA.is_dir():
        pytest.skip("needs ../shared/data, which is not part of the repository")
    return REAL_DATA


@pytest.fixture(autouse=True)
def _own_outbox(settings, tmp_path):
    settings.EMAIL_FILE_PATH = str(tmp_path / "outbox")
