"""The fitted words and latent space that all workers share through the database."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, Max

from papers import paper_vectors, sentences
from papers.features import Document, Documents, Features, stemmed
from papers.features import fit as fit_features
from papers.models import Paper, VectorModel
from papers.packing import Texts, arrays, lines, packed, texts_of, unpacked

logger = logging.getLogger(__name__)

FORMAT = 3  # of the payload; an older one is left unread
DAYS = 60  # of papers a fit looks back on
ORDINARY = 8_000  # papers kept with the model: what no match looks like
KEPT = 3  # stored models
ENOUGH = 300  # papers from which a first fit is worth storing
FIRST = 4_000  # papers of a first fit, which somebody waits for


@dataclass(frozen=True, eq=False)
class Vectors:
    """A fitted model with its sample of ordinary papers."""

    version: int  # 0: made on the spot, not stored
    features: Features
    ordinary: Documents

    @property
    def has_sentences(self) -> bool:
        """Whether the ordinary papers have sentence vectors; without, nobody's are used."""
        return self.ordinary.sentences is not None


_current: Vectors | None = None


def fit(now: datetime, *, limit: int | None = None) -> VectorModel:
    """Fit on the last 60 days of papers and store it as the newest model.

    The papers that pools may hold are stored with it as numbers: papers/paper_vectors.py.
    """
    papers = _papers(now, limit)
    documents = [document for _, _, document in papers]
    stems = [stemmed(document) for document in documents]
    features = fit_features(documents, texts=stems)
    sample = _sample(len(documents))
    since = (now - paper_vectors.SPAN).date()
    recent = [n for n, (_, on, _) in enumerate(papers) if on and on >= since]
    recent = recent[: paper_vectors.MOST]
    if limit is None:  # somebody waits for a limited fit
        wanted = sorted({*sample, *recent})
        sentences.encode_all([documents[n] for n in wanted], now=now)
    ordinary = _texts(documents, stems, sample, features)
    theirs = _texts(documents, stems, recent, features)
    with transaction.atomic():
        model = VectorModel.objects.create(
            format=FORMAT,
            fitted_at=now,
            papers=len(documents),
            payload=pack(features, ordinary, [documents[n] for n in sample]),
            notes={"words": len(features.vocabulary), "dimensions": features.latent.shape[1]},
        )
        ids = [papers[n][0] for n in recent]
        paper_vectors.store(model.pk, ids, [documents[n] for n in recent], theirs)
        old = VectorModel.objects.order_by("-fitted_at", "-id").values_list("id", flat=True)[KEPT:]
        VectorModel.objects.filter(id__in=list(old)).delete()
    logger.info("fitted vectors %s on %s papers", model.pk, model.papers)
    return model


def _texts(
    documents: Sequence[Document],
    stems: Sequence[Sequence[str]],
    rows: Sequence[int],
    features: Features,
) -> Texts:
    return Texts.of([documents[n] for n in rows], features, [stems[n] for n in rows])


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


def pack(features: Features, ordinary: Texts, sources: Sequence[Document]) -> bytes:
    return packed(
        {
            "hashes": paper_vectors.hashes(sources),
            "vocabulary": np.array("\n".join(features.vocabulary)),
            "frequency": features.frequency,
            "length": np.array(features.length),
            "latent": features.latent.astype(np.float16),
            "middle": features.middle,
            "codes": np.array("\n".join(features.codes)),
            "usual": features.usual,
            "lean": features.lean,
            **arrays(ordinary),
        }
    )


def _unpack(version: int, payload: bytes | memoryview) -> Vectors:
    stored = unpacked(payload)
    features = Features(
        lines(stored["vocabulary"]),
        stored["frequency"],
        float(stored["length"]),
        stored["latent"].astype(np.float32),
        stored["middle"],
        lines(stored["codes"]),
        stored["usual"],
        stored["lean"],
    )
    ordinary = texts_of(stored, len(features.vocabulary))
    hashes = stored["hashes"].tolist()
    return Vectors(version, features, sentences.attach_stored(ordinary.read(features), hashes))


def _papers(now: datetime, limit: int | None) -> list[tuple[int, date | None, Document]]:
    """Id, day and text of the papers to fit on, newest first."""
    since = (now - timedelta(days=DAYS)).date()
    papers = Paper.objects.mentioned_since(since)
    if not papers.exists():
        papers = Paper.objects.canonical()
    rows = papers.order_by("-first_mentioned_on", "-id").values_list(
        "id", "first_mentioned_on", "title", "abstract", "summary", "categories"
    )
    return [
        (pk, on, document(title, abstract or summary, categories))
        for pk, on, title, abstract, summary, categories in rows[: limit or 100_000].iterator(
            chunk_size=2000
        )
    ]


def document(title: str, abstract: str, categories: Sequence[str]) -> Document:
    return Document(title, abstract, tuple(categories))


def document_of(paper: Paper) -> Document:
    return document(paper.title, paper.abstract or paper.summary, paper.categories)


def _sample(number: int) -> range:
    """Every n-th paper, so that each of the days is in it."""
    return range(0, number, max(number // ORDINARY, 1))[:ORDINARY]


_spot: tuple[tuple[Any, ...], Vectors] | None = None


def _made_on_the_spot(now: datetime) -> Vectors:
    """From what there is; kept while the papers stay as they are."""
    global _spot
    newest = Paper.objects.aggregate(n=Count("id"), id=Max("id"), changed=Max("changed_at"))
    state = (now.date(), *newest.values())
    if _spot is None or _spot[0] != state:
        documents = [document for _, _, document in _papers(now, FIRST)]
        features = fit_features(documents)
        read = sentences.attach(features.read(documents), documents)
        _spot = state, Vectors(0, features, read)
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
