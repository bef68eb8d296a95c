"""Sentence vectors of papers, topics and searches, each text encoded once and stored.

All of it is absent while EMBEDDINGS_MODEL is empty. Encoding takes some hundredths of a second a
text, so ingest and the nightly fit do it for papers; a vector is known by the model's name and the
text's hash, and goes when it was made too long ago.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.conf import settings

from papers.encoder import Encoder, OnnxEncoder, text_of
from papers.features import STEPS, Document, Documents, Floats
from papers.matching import Encode
from papers.models import SentenceVector
from papers.paper_vectors import text_hash

logger = logging.getLogger(__name__)

KEPT = timedelta(days=120)  # after that a text that is still in use is encoded again
LEAST = 0.95  # share of the ordinary papers that must be encoded for the term to count
PART = 900  # keys in one query


def installed() -> Encoder | None:
    """The operator's model; None where there is none."""
    return _load(settings.EMBEDDINGS_MODEL) if settings.EMBEDDINGS_MODEL else None


def encode_unstored() -> Encode:
    """What makes vectors of texts, with nothing stored; None without a model."""
    model = installed()
    return model.encode if model else None


@lru_cache(maxsize=2)
def _load(folder: str) -> Encoder:
    return OnnxEncoder(Path(folder))


def attach(documents: Documents, sources: Sequence[Document]) -> Documents:
    """Documents with the sentence vectors of their texts; as they are without a model."""
    model = installed()
    return replace(documents, sentences=_vectors(model, sources)) if model else documents


def encode(texts: Sequence[str]) -> Floats | None:
    """The same for topics and searches."""
    model = installed()
    return _vectors(model, [Document(text) for text in texts]) if model else None


def attach_stored(documents: Documents, keys: Sequence[int]) -> Documents:
    """The ordinary papers that have a vector, `keys` being the hashes of their texts.

    While a model is new too few have: then they are as without a model, and so is everything that
    is measured against them.
    """
    model = installed()
    if model is None:
        return documents
    known = _stored(model, keys)
    rows = [n for n, key in enumerate(keys) if key in known]
    if not rows or len(rows) < LEAST * len(keys):
        logger.warning(
            "%s of %s ordinary papers have sentence vectors: the next fit makes the others",
            len(rows), len(keys),
        )  # fmt: skip
        return documents
    vectors = np.stack([known[keys[n]] for n in rows])
    return replace(documents.take(rows), sentences=vectors)


def encode_all(sources: Sequence[Document], *, now: datetime) -> None:
    """See to it that all have a vector, and let old ones go: the nightly fit's part."""
    model = installed()
    if model is None:
        return
    SentenceVector.objects.filter(made_at__lt=now - KEPT).delete()
    SentenceVector.objects.exclude(model=model.name).delete()
    _vectors(model, sources)


def _vectors(encoder: Encoder, sources: Sequence[Document]) -> Floats:
    keys = [text_hash(source) for source in sources]
    known = _stored(encoder, keys)
    missing = {key: source for key, source in zip(keys, sources, strict=True) if key not in known}
    listed = list(missing.items())
    for start in range(0, len(listed), PART):
        known |= _encoded(encoder, dict(listed[start : start + PART]))
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, 0), np.float32)


def _encoded(encoder: Encoder, missing: dict[int, Document]) -> dict[int, Floats]:
    rows = encoder.encode([text_of(source) for source in missing.values()])
    found = dict(zip(missing, rows, strict=True))
    SentenceVector.objects.bulk_create(
        (
            SentenceVector(model=encoder.name, key=_signed(key), vector=_packed(row))
            for key, row in found.items()
        ),
        ignore_conflicts=True,
    )
    return found


def _stored(encoder: Encoder, keys: Sequence[int]) -> dict[int, Floats]:
    found: dict[int, Floats] = {}
    signed = list(dict.fromkeys(map(_signed, keys)))
    for start in range(0, len(signed), PART):
        rows = SentenceVector.objects.filter(
            model=encoder.name, key__in=signed[start : start + PART]
        )
        for key, vector in rows.values_list("key", "vector"):
            steps = np.frombuffer(vector, np.int16)
            found[key % 2**64] = (steps / STEPS).astype(np.float32)
    return found


def _packed(row: Floats) -> bytes:
    return np.asarray(np.rint(row * STEPS), dtype=np.int16).tobytes()


def _signed(key: int) -> int:
    """Databases know no number above 2⁶³."""
    return key - 2**64 if key >= 2**63 else key
