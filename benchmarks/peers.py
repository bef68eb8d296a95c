"""Other rankers of papers, by their own published formulas, over the same candidates.

Each takes a request and answers with a score for every candidate. Texts are read and models are
fitted on the same papers that ours may see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.svm import LinearSVC

from papers.offline import Benchmark

Scores = NDArray[np.float64]
Request = Mapping[str, Any]


class Peers:
    """All papers as the peers read them; made once for all requests."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.ids = list(benchmark.papers)
        self.row = {paper_id: n for n, paper_id in enumerate(self.ids)}
        papers = benchmark.papers.values()
        self.texts = [f"{paper['title']} {paper['abstract']}" for paper in papers]

    @cached_property
    def tfidf(self) -> csr_matrix:
        """Exactly arxiv-sanity-lite's features; authors are no part of the data."""
        return TfidfVectorizer(
            strip_accents="unicode", lowercase=True, stop_words="english", ngram_range=(1, 2),
            token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b", max_features=20_000, max_df=0.1,
            min_df=5, sublinear_tf=True, norm="l2",
        ).fit_transform(self.texts).astype(np.float32)  # fmt: skip

    @cached_property
    def _counted(self) -> tuple[CountVectorizer, csr_matrix]:
        counter = CountVectorizer(stop_words="english", min_df=2)
        counts = counter.fit_transform(self.texts).tocsr()
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        holding = np.bincount(counts.indices, minlength=counts.shape[1])
        rarity = np.log(1 + (len(self.ids) - holding + 0.5) / (holding + 0.5))
        rows = np.repeat(np.arange(len(self.ids)), np.diff(counts.indptr))
        norm = 1.2 * (0.25 + 0.75 * lengths[rows] / lengths.mean())
        data = counts.data * 2.2 / (counts.data + norm) * rarity[counts.indices]
        return counter, csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)

    def random(self, request: Request, candidates: Sequence[str]) -> Scores:
        return np.random.default_rng(len(request["rid"])).random(len(candidates))

    def newest(self, request: Request, candidates: Sequence[str]) -> Scores:
        days = [self.benchmark.papers[paper_id]["date"] for paper_id in candidates]
        return np.unique(days, return_inverse=True)[1].astype(float)

    def keyword(self, request: Request, candidates: Sequence[str]) -> Scores | None:
        """Any keyword in title or abstract, as arXiv's and Scholar's alerts; newest first."""
        if not request["topic"]:
            return None
        words = request["topic"]["keywords"] or [request["topic"]["name"]]
        wanted = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in words), re.IGNORECASE)
        found = [bool(wanted.search(self.texts[self.row[paper_id]])) for paper_id in candidates]
        days = self.newest(request, candidates)
        return np.array(found) + days / (1 + days.max(initial=0)) / 2

    def sanity_search(self, request: Request, candidates: Sequence[str]) -> Scores | None:
        """arxiv-sanity-lite's search: shares of query words in the title and abstract."""
        if not request["topic"]:
            return None
        query = set(_words(_query(request)))
        scores = []
        for paper_id in candidates:
            paper = self.benchmark.papers[paper_id]
            title, text = set(_words(paper["title"])), set(_words(paper["abstract"]))
            number = max(len(query), 1)
            scores.append(20 * len(query & title) / number + 5 * len(query & text) / number)
        return np.array(scores)

    def bm25(self, request: Request, candidates: Sequence[str]) -> Scores | None:
        if not request["topic"]:
            return None
        counter, weights = self._counted
        query = counter.transform([_query(request)]).astype(bool).astype(float)
        rows = weights[[self.row[paper_id] for paper_id in candidates]]
        return np.asarray((rows @ query.T).todense()).ravel()

    def sanity_lite(self, request: Request, candidates: Sequence[str]) -> Scores | None:
        """A linear SVM a reader: likes against every other paper."""
        liked = [self.row[paper_id] for paper_id in request["liked"] if paper_id in self.row]
        if not liked:
            return None
        background = self.benchmark.pools.get(request.get("background") or "", [])
        others = [self.row[paper_id] for paper_id in [*candidates, *background]]
        rows = list(dict.fromkeys([*liked, *others]))
        model = LinearSVC(class_weight="balanced", C=0.01, max_iter=10_000, tol=1e-6)
        model.fit(self.tfidf[rows], np.isin(rows, liked).astype(int))
        return model.decision_function(self.tfidf[[self.row[p] for p in candidates]])

    def zotero_daily(self, request: Request, candidates: Sequence[str]) -> Scores | None:
        """zotero-arxiv-daily's weights, newest like first; on TF-IDF for want of its model."""
        liked = [self.row[paper_id] for paper_id in request["liked"][::-1] if paper_id in self.row]
        if not liked:
            return None
        weights = 1 / (1 + np.log10(np.arange(1, len(liked) + 1)))
        centre = csr_matrix(weights / weights.sum()) @ self.tfidf[liked]
        rows = self.tfidf[[self.row[paper_id] for paper_id in candidates]]
        return np.asarray((rows @ centre.T).todense()).ravel()


def rankers(peers: Peers) -> dict[str, Callable[[Request, Sequence[str]], Scores | None]]:
    return {
        "random": peers.random,
        "newest": peers.newest,
        "keyword alert": peers.keyword,
        "arxiv-sanity search": peers.sanity_search,
        "BM25": peers.bm25,
        "zotero-arxiv-daily": peers.zotero_daily,
        "arxiv-sanity-lite": peers.sanity_lite,
    }


def _query(request: Request) -> str:
    topic = request["topic"]
    return " ".join([topic["name"], topic["description"], *topic["keywords"]])


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
