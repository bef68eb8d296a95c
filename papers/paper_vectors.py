"""The papers of pools as numbers, stored under the model that made them.

The nightly fit stores those of the last weeks, ingest adds what comes between; so a process that
starts loads in a moment what would take seconds to compute. A paper counts as stored only while its
text is the one that was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from papers.features import Document, Documents, Features
from papers.models import PaperVectors
from papers.packing import Texts, arrays, packed, texts_of, unpacked

SPAN = timedelta(days=36)  # as far as trials of topics and rules look back
MOST = 15_000  # papers stored by a fit
WORTH_LOADING = 300  # papers that are read at once, from which loading is quicker than reading


def store(model_id: int, ids: Sequence[int], documents: Sequence[Document], texts: Texts) -> None:
    """Keep papers of which `documents` are the texts, under a model."""
    if not ids:
        return
    named = {
        "ids": np.array(ids, dtype=np.int64),
        "hashes": hashes(documents),
        **arrays(texts),
    }
    PaperVectors.objects.create(model_id=model_id, papers=len(ids), payload=packed(named))


def read(
    model_id: int, features: Features, ids: Sequence[int], documents: Sequence[Document]
) -> Documents:
    """Papers as numbers, in their order; those that are stored are not read again."""
    hashes = [text_hash(document) for document in documents]
    known, stored = _load(model_id, features, dict(zip(ids, hashes, strict=True)))
    others = [n for n, pk in enumerate(ids) if pk not in known]
    texts = Texts.of([documents[n] for n in others], features)
    place = {pk: len(known) + n for n, pk in enumerate(ids[other] for other in others)} | known
    return Texts.join([*stored, texts]).take([place[pk] for pk in ids]).read(features)


def _load(
    model_id: int, features: Features, wanted: dict[int, int]
) -> tuple[dict[int, int], list[Texts]]:
    """Where each stored paper stands in the stored texts, and these."""
    known: dict[int, int] = {}
    found: list[Texts] = []
    if len(wanted) < WORTH_LOADING:
        return known, found
    rows = PaperVectors.objects.filter(model=model_id).order_by("-id")
    for payload in rows.values_list("payload", flat=True).iterator(chunk_size=1):
        stored = unpacked(payload)
        pairs = zip(stored["ids"].tolist(), stored["hashes"].tolist(), strict=True)
        theirs = [
            n for n, (pk, seen) in enumerate(pairs) if pk not in known and wanted.get(pk) == seen
        ]
        if theirs:
            known |= {int(stored["ids"][n]): len(known) + at for at, n in enumerate(theirs)}
            texts = texts_of(stored, len(features.vocabulary))
            found.append(texts if len(theirs) == len(texts) else texts.take(theirs))
    return known, found


def hashes(documents: Sequence[Document]) -> NDArray[np.uint64]:
    return np.array([text_hash(document) for document in documents], dtype=np.uint64)


def text_hash(document: Document) -> int:
    parts = (document.title, document.abstract, *document.categories)
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
