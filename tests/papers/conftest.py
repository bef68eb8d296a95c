"""What several tests of papers watch."""

import pytest

from papers.features import Features


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
