"""The fitted words and latent space that all workers share through the database."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Count, Max

from papers.features import Document, Documents, Features
from papers.features import fit as fit_features
from papers.models import Paper, VectorModel

logger = logging.getLogger(__name__)

FORMAT = 1  # of the payload; an older one is left unread
DAYS = 60  # of papers a fit looks back on
ORDINARY = 8_000  # papers kept with the model: what no match looks like
KEPT = 7  # stored models
ENOUGH = 300  # papers from which a first fit is worth storing
FIRST = 4_000  # papers of a first fit, which somebody waits for


@dataclass(frozen=True, eq=False)
class Vectors:
    """A fitted model with its sample of ordinary papers."""

    version: int  # 0: made on the spot, not stored
    features: Features
    ordinary: Documents


_current: Vectors | None = None


def fit(now: datetime, *, limit: int | None = None) -> VectorModel:
    """Fit on the last 60 days of papers and store it as the newest model."""
    documents = _documents(now, limit)
    features = fit_features(documents)
    sample = _sample(documents)
    model = VectorModel.objects.create(
        format=FORMAT,
        fitted_at=now,
        papers=len(documents),
        payload=pack(features, sample),
        notes={"words": len(features.vocabulary), "dimensions": features.latent.shape[1]},
    )
    old = VectorModel.objects.order_by("-fitted_at", "-id").values_list("id", flat=True)[KEPT:]
    VectorModel.objects.filter(id__in=list(old)).delete()
    logger.info("fitted vectors %s on %s papers", model.pk, model.papers)
    return model


def current(now: datetime) -> Vectors:
    """The newest usable model; the first papers fit one when there is none.

    It is read once per process and again only when a newer one is stored. With too few papers to
    store one, it is made on the spot from what there is.
    """
    global _current
    newest = VectorModel.objects.order_by("-fitted_at", "-id").filter(format=FORMAT)
    version = newest.values_list("id", flat=True).first()
    if version is None:
        _warn_of_other_formats()
        if Paper.objects.canonical().count() < ENOUGH:
            return _made_on_the_spot(now)
        version = fit(now, limit=FIRST).pk
    if _current is None or _current.version != version:
        _current = _unpack(version, VectorModel.objects.get(pk=version).payload)
    return _current


def pack(features: Features, sample: Sequence[Document]) -> bytes:
    """A compressed npz of plain arrays: nothing in it can run."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        vocabulary=np.array("\n".join(features.vocabulary)),
        frequency=features.frequency,
        length=np.array(features.length),
        latent=features.latent.astype(np.float16),
        middle=features.middle,
        codes=np.array("\n".join(features.codes)),
        usual=features.usual,
        lean=features.lean,
        ordinary=np.array("\n".join(_line(document) for document in sample)),
    )
    return buffer.getvalue()


def _unpack(version: int, payload: bytes | memoryview) -> Vectors:
    with np.load(io.BytesIO(bytes(payload)), allow_pickle=False) as stored:
        features = Features(
            _lines(stored["vocabulary"]),
            stored["frequency"],
            float(stored["length"]),
            stored["latent"].astype(np.float32),
            stored["middle"],
            _lines(stored["codes"]),
            stored["usual"],
            stored["lean"],
        )
        sample = [_document(line) for line in _lines(stored["ordinary"])]
    return Vectors(version, features, features.read(sample))


def _documents(now: datetime, limit: int | None) -> list[Document]:
    since = (now - timedelta(days=DAYS)).date()
    papers = Paper.objects.mentioned_since(since)
    if not papers.exists():
        papers = Paper.objects.canonical()
    rows = papers.order_by("-first_mentioned_on", "-id").values_list(
        "title", "abstract", "summary", "categories"
    )
    return [
        document(title, abstract or summary, categories)
        for title, abstract, summary, categories in rows[: limit or 100_000].iterator(
            chunk_size=2000
        )
    ]


def document(title: str, abstract: str, categories: Sequence[str]) -> Document:
    return Document(title, abstract, tuple(categories))


def _sample(documents: Sequence[Document]) -> list[Document]:
    """Every n-th paper, so that each of the days is in it."""
    step = max(len(documents) // ORDINARY, 1)
    return list(documents[::step][:ORDINARY])


_spot: tuple[tuple[Any, ...], Vectors] | None = None


def _made_on_the_spot(now: datetime) -> Vectors:
    """From what there is; kept while the papers stay as they are."""
    global _spot
    newest = Paper.objects.aggregate(n=Count("id"), id=Max("id"), changed=Max("changed_at"))
    state = (now.date(), *newest.values())
    if _spot is None or _spot[0] != state:
        documents = _documents(now, FIRST)
        features = fit_features(documents)
        _spot = state, Vectors(0, features, features.read(documents))
    return _spot[1]


def _warn_of_other_formats() -> None:
    others = VectorModel.objects.exclude(format=FORMAT).count()
    if others:
        logger.warning(
            "%s stored vector models are of another format than %s and are not used; "
            "a new one is fitted",
            others,
            FORMAT,
        )


def _lines(stored: np.ndarray) -> list[str]:
    text = str(stored)
    return text.split("\n") if text else []


def _line(document: Document) -> str:
    parts = (document.title, document.abstract, " ".join(document.categories))
    return "\t".join(" ".join(part.split()) for part in parts)


def _document(line: str) -> Document:
    title, abstract, categories = line.split("\t")
    return Document(title, abstract, tuple(categories.split()))
