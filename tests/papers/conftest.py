"""What several tests of papers watch."""

import pytest

from papers.features import Features
from papers.sources import http
from tests.papers.upstream import Upstream


@pytest.fixture
def read(monkeypatch):
    """How many papers were read into numbers, call by call."""
    counts = []
    plain = Features.count

    def counted(features, texts):
        counts.append(len(texts))
        return plain(features, texts)

    monkeypatch.setattr(Features, "count", counted)
    return counts


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.server.shutdown()
    upstream.server.server_close()


@pytest.fixture
def naps(monkeypatch):
    """Seconds slept between tries; turns between calls cost nothing here."""
    monkeypatch.setattr(http, "INTERVAL", 0.0)
    return []
