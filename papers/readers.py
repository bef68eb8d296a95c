"""What readers care about, gathered into the arrays that ranking works on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from papers.candidates import Bools, Floats, Interests, Ints, Pool, Readers, nearness
from papers.clusters import CUT, cluster
from papers.features import Documents, exact
from papers.matching import Matcher, TopicText
from papers.phrases import hits

# A like from this score for a followed topic speaks for that topic: it need not belong to it, only
# be nearer than ordinary papers are (docs/ranking.md).
NEAR = 0.25
REMEMBERED = 16_000_000  # bytes of each kind of row that a pool keeps
SEARCHED = 200  # rows that it keeps at least
DISLIKE = -0.5  # of a like's weight: "less like this"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A paper that a reader wants more or less like of."""

    paper_id: int  # below 0: a title alone, of a paper that is not here
    on: date
    weight: float = 1.0  # DISLIKE for less


@dataclass(slots=True)
class Reader:
    """What one reader chose and said; ids are of topics, authors and papers."""

    id: int
    limit: int = 6
    wants_surprise: bool = False
    topics: dict[int, float] = field(default_factory=dict)  # id: weight
    follows: list[int] = field(default_factory=list)
    muted_authors: list[int] = field(default_factory=list)
    doubted_authors: list[int] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    muted: list[str] = field(default_factory=list)
    searches: list[tuple[str, str]] = field(default_factory=list)  # kind, text
    opinions: list[Opinion] = field(default_factory=list)  # newest first
    known: list[int] = field(default_factory=list)  # papers answered to


@dataclass(frozen=True)
class Liked:
    """The papers that a batch's readers have opinions on, n of them."""

    ids: Sequence[int]
    titles: Sequence[str]
    documents: Documents
    topic_scores: Floats  # n × Pool.topic_ids


def arrays(readers: Sequence[Reader], pool: Pool, liked: Liked) -> Readers:
    """The batch as matrices; what is not in the pool or not known is passed over."""
    keywords = sorted({text for reader in readers for text in (*reader.wanted, *reader.muted)})
    searches = sorted({search for reader in readers for search in reader.searches})
    authors = {int(pk): n for n, pk in enumerate(pool.author_ids)}
    words = {text: n for n, text in enumerate(keywords)}
    return Readers(
        ids=np.array([reader.id for reader in readers], dtype=np.int64),
        limits=np.array([reader.limit for reader in readers], dtype=np.int64),
        wants_surprise=np.array([reader.wants_surprise for reader in readers], dtype=np.bool_),
        interests=_interests(readers, pool, searches, liked),
        follows=_sparse([r.follows for r in readers], authors),
        muted_authors=_sparse([r.muted_authors for r in readers], authors),
        doubted_authors=_sparse([r.doubted_authors for r in readers], authors),
        wanted=_sparse([r.wanted for r in readers], words),
        muted=_sparse([r.muted for r in readers], words),
        keywords=keywords,
        keyword_hits=csr_matrix(_held(keywords, pool)),
        searches=[text for _, text in searches],
        search_kinds=[kind for kind, _ in searches],
        search_scores=_search_scores([text for _, text in searches], pool),
        liked_ids=np.array(liked.ids, dtype=np.int64),
        liked_titles=liked.titles,
        liked_near=_near(liked, pool),
        known=_sparse([reader.known for reader in readers], pool.position),
    )


def _search_scores(texts: Sequence[str], pool: Pool) -> Floats:
    """Texts × papers."""
    if not texts:
        return np.zeros((0, len(pool)), np.float32)

    def score(rows: Sequence[int]) -> Floats:
        wanted = [TopicText(texts[row]) for row in rows]
        matcher = Matcher.of(wanted, pool.features, pool.ordinary, pool.encode)
        return matcher.match(pool.documents).scores

    return _remembered(pool.searched, texts, score)


def _held(keywords: Sequence[str], pool: Pool) -> Floats:
    """Keywords × papers: 1 where the paper has the keyword, however often."""

    def find(rows: Sequence[int]) -> Floats:
        found = hits([[keywords[row]] for row in rows], pool.documents.texts)
        return (found.counts > 0).astype(np.float32)

    return _remembered(pool.held, keywords, find)


def _near(liked: Liked, pool: Pool) -> Floats:
    """Liked × (papers, then ordinary ones)."""
    return _remembered(
        pool.near, liked.ids, lambda rows: nearness(pool, liked.documents.take(rows))
    )


def _remembered(
    memory: dict[Any, Floats], keys: Sequence[Any], find: Callable[[Sequence[int]], Floats]
) -> Floats:
    """A row for each key. The last ones are remembered: batches share what their readers name, and
    who taps through previews names the same again."""
    new = [n for n, key in enumerate(keys) if key not in memory]
    if len(new) == len(keys):
        rows = find(new)
    else:
        known = dict(zip((keys[n] for n in new), find(new) if new else (), strict=True))
        rows = np.stack([memory[key] if key in memory else known[key] for key in keys])
    width = max(rows.shape[1], 1)
    for key, row in zip(keys, rows, strict=True):
        memory.pop(key, None)
        memory[key] = row.copy()
    for key in list(memory)[: -max(REMEMBERED // (4 * width), SEARCHED)]:
        del memory[key]
    return rows


def _interests(
    readers: Sequence[Reader], pool: Pool, searches: Sequence[tuple[str, str]], liked: Liked
) -> Interests:
    columns = {int(pk): n for n, pk in enumerate(pool.topic_ids)}
    search_rows = {search: n for n, search in enumerate(searches)}
    liked_rows = {pk: n for n, pk in enumerate(liked.ids)}
    owner, topic, search, weight = [], [], [], []
    likes: list[list[tuple[int, float]]] = []
    days: list[int] = []
    for n, reader in enumerate(readers):
        topics = {columns[pk]: value for pk, value in reader.topics.items() if pk in columns}
        opinions = [opinion for opinion in reader.opinions if opinion.paper_id in liked_rows]
        groups = _groups(opinions, topics, liked, liked_rows)
        rows = [(column, -1, value, groups.pop(column, [])) for column, value in topics.items()]
        rows += [(-1, search_rows[text], 1.0, []) for text in dict.fromkeys(reader.searches)]
        rows += [(-1, -1, 1.0, group) for group in groups.values()]
        for topic_column, search_row, value, group in rows:
            owner.append(n)
            topic.append(topic_column)
            search.append(search_row)
            weight.append(value)
            likes.append([(liked_rows[opinion.paper_id], opinion.weight) for opinion in group])
            days.extend(opinion.on.toordinal() for opinion in group)
    return Interests(
        np.array(owner, dtype=np.int64),
        np.array(topic, dtype=np.int64),
        np.array(search, dtype=np.int64),
        np.array(weight, dtype=np.float32),
        _weighted(likes, len(liked_rows)),
        np.array(days, dtype=np.int64),
    )


def _groups(
    opinions: Sequence[Opinion],
    topics: Iterable[int],
    liked: Liked,
    liked_rows: Mapping[int, int],
) -> dict[int, list[Opinion]]:
    """Opinions by the followed topic that they speak for; the others by what they are about.

    Keys are columns of topics, and below 0 for the others. What is not wanted counts in each
    group, so that a dislike is felt wherever it comes near.
    """
    if not opinions:
        return {}
    rows = np.array([liked_rows[opinion.paper_id] for opinion in opinions])
    latent = liked.documents.latent[rows]
    wanted = np.array([opinion.weight > 0 for opinion in opinions])
    followed = np.array(list(topics), dtype=np.int64)
    fits = liked.topic_scores[rows[:, None], followed[None, :]]
    key = _spoken_for(fits, followed, latent, wanted)
    free = np.flatnonzero((key < 0) & wanted)
    key[free] = -1 - cluster(latent[free])
    groups: dict[int, list[Opinion]] = {}
    for at, opinion in zip(key.tolist(), opinions, strict=True):
        if opinion.weight > 0:
            groups.setdefault(at, []).append(opinion)
    against = [opinion for opinion in opinions if opinion.weight < 0]
    for column in (*followed.tolist(), *groups):
        if against and column not in groups:
            groups[column] = []
    return {at: [*group, *against] for at, group in groups.items()}


def _spoken_for(scores: Floats, followed: Ints, latent: Floats, wanted: Bools) -> Ints:
    """The followed topic that each opinion speaks for, -1 where there is none.

    The one that its words fit best, if they come near any. Else the one whose likes it is most
    alike: what clusters.py would not keep apart from a topic's likes is no interest of its own.
    """
    if not len(followed):
        return np.full(len(scores), -1)
    key = np.where(scores.max(axis=1) >= NEAR, followed[scores.argmax(axis=1)], -1)
    far = np.flatnonzero((key < 0) & wanted)
    near = [np.flatnonzero((key == column) & wanted) for column in followed]
    if not len(far) or not any(map(len, near)):
        return key
    alike = exact(latent[far], latent)
    means = [alike[:, at].mean(axis=1) if len(at) else np.full(len(far), -1.0) for at in near]
    best = np.argmax(means, axis=0)
    joins = np.max(means, axis=0) >= 1 - CUT
    key[far[joins]] = followed[best[joins]]
    return key


def _weighted(rows: Sequence[Sequence[tuple[int, float]]], width: int) -> csr_matrix:
    starts = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.array([column for row in rows for column, _ in row], dtype=np.int64)
    values = np.array([value for row in rows for _, value in row], dtype=np.float32)
    return csr_matrix((values, columns, starts), shape=(len(rows), width))


def _sparse(rows: Sequence[Iterable[Any]], columns: Mapping[Any, int]) -> csr_matrix:
    """Ones where a row names a column; names that are no column are passed over."""
    known = [sorted({columns[name] for name in row if name in columns}) for row in rows]
    return _weighted([[(column, 1.0) for column in row] for row in known], len(columns))
