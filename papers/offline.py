"""Ranking on files instead of rows: the same code as production, for evaluation.

Reads the format of labelled relevance benchmarks: papers (JSON lines with id, date, title,
abstract, categories), pools (JSON, name → ids), requests (JSON lines with rid, topic, liked,
candidates) and community signals (JSON lines with id, date, authors, submitter, code, project,
upvotes). An answer is a dict with rid, ranked, scores and accepted.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from papers import trend
from papers.candidates import Floats, Pool
from papers.encoder import text_of
from papers.features import Document, Documents, Features, fit, stemmed
from papers.likeness import Likeness
from papers.matching import Encode, Matcher, TopicText
from papers.prospects import Facts, Prospects
from papers.readers import Liked, Opinion, Reader, arrays
from papers.relevance import score, sent_matrix

FITTED_ON = 8_000  # newest papers, up to the pool's last day, that vectors are fitted on
SINGLE = 1  # the id of the only topic and of the only reader of a request
Answer = dict[str, Any]


@dataclass(frozen=True)
class Benchmark:
    """Papers by id, pools by name and signals by id."""

    papers: Mapping[str, Mapping[str, Any]]
    pools: Mapping[str, Sequence[str]]
    signals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    encode: Encode = None  # of a sentence model
    _stems: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _sentences: dict[str, Floats] = field(default_factory=dict, repr=False)

    def read(self, features: Features, ids: Sequence[str]) -> Documents:
        listed, texts = self.texts(ids)
        return replace(features.read_stemmed(listed, texts), sentences=self.sentences(ids))

    def sentences(self, ids: Sequence[str]) -> Floats | None:
        """Each paper is encoded once; None without a model."""
        if self.encode is None:
            return None
        new = [paper_id for paper_id in dict.fromkeys(ids) if paper_id not in self._sentences]
        found = self.encode([text_of(_document(self.papers[paper_id])) for paper_id in new])
        if new and found is not None:
            self._sentences.update(zip(new, found, strict=True))
        rows = [self._sentences[paper_id] for paper_id in ids]
        return np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    def texts(self, ids: Sequence[str]) -> tuple[list[Document], list[list[str]]]:
        """The papers as documents and as stems; each is taken apart once."""
        listed = [_document(self.papers[paper_id]) for paper_id in ids]
        for paper_id, document in zip(ids, listed, strict=True):
            if paper_id not in self._stems:
                self._stems[paper_id] = stemmed(document)
        return listed, [self._stems[paper_id] for paper_id in ids]


@dataclass(frozen=True)
class Known:
    """What the ranker knows on the day of a pool."""

    features: Features
    ordinary: Documents
    likeness: Likeness
    documents: Documents  # of the pool
    ids: Sequence[str]
    now: datetime
    past: Sequence[str]  # ids of the ordinary papers
    trend: Floats  # before anybody has voted


def lines(path: Path) -> Iterator[Any]:
    """The values of a file of JSON lines, gzip or plain; ValueError names a line that is none."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: not JSON ({error})") from error


def load(
    papers: Path, pools: Path, signals: Path | None = None, *, encode: Encode = None
) -> Benchmark:
    return Benchmark(
        {paper["id"]: paper for paper in lines(papers)},
        json.loads(pools.read_text(encoding="utf-8")),
        {signal["id"]: signal for signal in lines(signals)} if signals else {},
        encode,
    )


def shuffled(ids: Iterable[str]) -> list[str]:
    """In an order that says nothing: a pool may be listed in the very order that is asked for, and
    whoever ranks equals in the order they came would copy it."""
    return sorted(ids, key=lambda paper_id: hashlib.sha256(paper_id.encode()).digest())


def answers(benchmark: Benchmark, requests: Iterable[Mapping[str, Any]]) -> Iterator[Answer]:
    """Answer requests, pool by pool, each pool's vectors fitted once."""
    for known, asked in by_pool(benchmark, requests):
        for request in asked:
            yield answer(benchmark, known, request)


def by_pool(
    benchmark: Benchmark, requests: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[Known, list[Mapping[str, Any]]]]:
    """The requests of each pool and background, with what is known of these."""
    pools: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for request in requests:
        backgrounds = pools.setdefault(request["candidates"], {})
        backgrounds.setdefault(request.get("background") or "", []).append(request)
    for pool, backgrounds in pools.items():
        known = learn(benchmark, pool)
        for background, asked in backgrounds.items():
            yield with_trend(benchmark, known, background), asked


def learn(benchmark: Benchmark, pool: str) -> Known:
    """Fit on the papers up to the pool's last day, as the nightly fit would have.

    Nothing trends yet: see `with_trend`.
    """
    ids = shuffled(paper_id for paper_id in benchmark.pools[pool] if paper_id in benchmark.papers)
    last = max((benchmark.papers[paper_id]["date"] for paper_id in ids), default="")
    past = sorted(
        (paper["date"], paper_id)
        for paper_id, paper in benchmark.papers.items()
        if paper["date"] <= last
    )[-FITTED_ON:]
    listed, texts = benchmark.texts([paper_id for _, paper_id in past])
    features = fit(listed, texts=texts)
    ordinary = benchmark.read(features, [paper_id for _, paper_id in past])
    documents = benchmark.read(features, ids)
    return Known(
        features,
        ordinary,
        Likeness.of(ordinary),
        documents,
        ids,
        datetime.combine(date.fromisoformat(last or "1970-01-01"), time(), tzinfo=UTC),
        [paper_id for _, paper_id in past],
        np.zeros(len(ids), np.float32),
    )


def with_trend(benchmark: Benchmark, known: Known, background: str = "") -> Known:
    """Known with the trend that other papers' votes promise, before anybody has voted.

    Learned from papers of the days before the pool's first, and from those that the request names
    as its background, of whatever day. What is told of the pool's own papers is the answer and is
    left unread; so is being listed at all, unless all of the pool are: else they count as unlisted.
    Others that were listed with votes unknown teach nothing.
    """
    first = min((benchmark.papers[paper_id]["date"] for paper_id in known.ids), default="")
    named = set(benchmark.pools.get(background, ())) - set(known.ids)
    taught = {
        paper_id: signal
        for paper_id, signal in benchmark.signals.items()
        if signal["upvotes"] is not None and (signal["date"] < first or paper_id in named)
    }
    listed = all(paper_id in benchmark.signals for paper_id in known.ids)
    unknown = (benchmark.signals.keys() - taught.keys()) - (set() if listed else set(known.ids))
    kept = [n for n, paper_id in enumerate(known.past) if paper_id not in unknown]
    older = sorted((taught.keys() & benchmark.papers.keys()) - set(known.past))
    past = [*(known.past[n] for n in kept), *older]
    votes = np.array([taught[p]["upvotes"] if p in taught else np.nan for p in past], dtype=float)
    facts = [_facts(taught[p]) if p in taught else None for p in past]
    texts = Documents.stack(known.ordinary.take(kept), benchmark.read(known.features, older))
    prospects = Prospects.fit(texts, votes, facts)
    theirs = [_facts(benchmark.signals[p]) if listed else None for p in known.ids]
    expected = prospects.votes(known.documents, theirs)
    if expected is None:
        return known
    number = len(known.ids)
    nobody, typical = np.full(number, np.nan), np.full(number, np.nanmean(votes))
    estimate = trend.estimate(nobody, np.zeros(number), expected, typical)
    return replace(known, trend=estimate.trend.astype(np.float32))


def _facts(signal: Mapping[str, Any]) -> Facts:
    return Facts(
        signal.get("submitter") or "",
        tuple(signal.get("authors", ())),
        bool(signal.get("code")),
        bool(signal.get("project")),
    )


def answer(benchmark: Benchmark, known: Known, request: Mapping[str, Any]) -> Answer:
    """Rank the candidates for one reader with this topic and these likes."""
    topic = topic_of(request["topic"])
    liked = [paper_id for paper_id in request["liked"] if paper_id in benchmark.papers]
    titles = [benchmark.papers[paper_id]["title"] for paper_id in liked]
    read = benchmark.read(known.features, liked)
    matcher = (
        Matcher.of([topic], known.features, known.ordinary, benchmark.encode) if topic else None
    )
    pool = _pool(known, matcher, topic)
    numbers = list(range(1, len(liked) + 1))
    reader = Reader(
        SINGLE,
        topics={SINGLE: 1.0} if topic else {},
        opinions=[Opinion(n, known.now.date()) for n in reversed(numbers)],
    )
    scores = matcher.match(read).scores.T if matcher else np.zeros((len(read), 0), np.float32)
    readers = arrays([reader], pool, Liked(numbers, titles, read, scores))
    nobody = sent_matrix(pool, readers, [])
    scored = score(pool, readers, range(1), now=known.now, sent=nobody)
    barred = set(liked)
    order = np.argsort(-scored.best[0], kind="stable")
    ranked = [int(n) for n in order if known.ids[n] not in barred]
    return {
        "rid": request["rid"],
        "ranked": [known.ids[n] for n in ranked],
        "scores": [round(float(scored.best[0, n]), 4) for n in ranked],
        "accepted": [known.ids[n] for n in ranked if scored.belongs[0, n]],
    }


def topic_of(asked: Mapping[str, Any] | None) -> TopicText | None:
    if not asked:
        return None
    return TopicText(
        asked["name"],
        asked.get("description", ""),
        tuple(asked.get("keywords", ())),
        tuple(tuple(group) for group in asked.get("synonyms", ())),
        tuple(asked.get("arxiv_categories", ())),
    )


def _pool(known: Known, matcher: Matcher | None, topic: TopicText | None) -> Pool:
    """All candidates as new as each other."""
    number = len(known.ids)
    if matcher and topic:
        matches = matcher.match(known.documents)
        scores = matches.scores.T
        phrases = {(paper, 0): phrase for (_, paper), phrase in matches.phrases.items()}
    else:
        scores, phrases = np.zeros((number, 0), np.float32), {}
    return Pool(
        paper_ids=-1 - np.arange(number),
        published=np.full(number, known.now.timestamp()),
        trend=known.trend,
        trend_facts=[None] * number,
        topic_ids=np.full(scores.shape[1], SINGLE),
        topic_names=[topic.name] if topic else [],
        topic_scores=scores,
        phrases=phrases,
        author_ids=np.zeros(0, np.int64),
        author_names=[],
        authorship=csr_matrix((number, 0), dtype=np.float32),
        features=known.features,
        documents=known.documents,
        ordinary=known.ordinary,
        likeness=known.likeness,
    )


def _document(paper: Mapping[str, Any]) -> Document:
    return Document(paper["title"], paper["abstract"], tuple(paper["categories"]))
