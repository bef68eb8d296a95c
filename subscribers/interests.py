"""What readers chose and said, as ranking reads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from papers import readers, sentences, vectors
from papers.candidates import Floats, Pool, Readers
from papers.features import Documents
from papers.models import Authorship, Paper, PaperTopic
from papers.readers import DISLIKE, Liked, Opinion, Reader
from subscribers.models import Feedback, Follow, Rule, Subscriber, TopicPreference

WEIGHTS = {
    TopicPreference.Weight.LESS: 0.7,
    TopicPreference.Weight.NORMAL: 1.0,
    TopicPreference.Weight.MORE: 1.3,
}
# What an answer says of papers like this one, in likes. The other kinds say nothing of its subject.
SAYS: dict[str, float] = {
    Feedback.Kind.MORE: 1.0,
    Feedback.Kind.SAVED: 1.5,  # kept to be read: more than a passing tap
    Feedback.Kind.PASTED: 1.0,
    Feedback.Kind.LESS: DISLIKE,
}
NEWEST = 50  # likes of a reader that count
PART = 900


def load(subscriber_ids: Sequence[int], pool: Pool) -> Readers:
    """The interests of these readers, in this order; ids that are nobody's are left out."""
    found = gather(list(dict.fromkeys(subscriber_ids)))
    return read([found[pk] for pk in dict.fromkeys(subscriber_ids) if pk in found], pool)


def read(batch: Sequence[Reader], pool: Pool) -> Readers:
    """What these readers chose and said, as ranking reads it."""
    return readers.arrays(batch, pool, _liked(batch, pool))


def gather(ids: Sequence[int]) -> dict[int, Reader]:
    """By subscriber id; ids that are nobody's are left out."""
    found: dict[int, Reader] = {}
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        rows = Subscriber.objects.filter(pk__in=part)
        for pk, limit, surprise in rows.values_list("pk", "max_papers", "wants_surprise"):
            found[pk] = Reader(pk, limit, surprise)
        chosen = TopicPreference.objects.filter(subscriber_id__in=part).order_by("id")
        for pk, topic, weight in chosen.values_list("subscriber_id", "topic_id", "weight"):
            found[pk].topics[topic] = WEIGHTS[TopicPreference.Weight(weight)]
        follows = Follow.objects.filter(subscriber_id__in=part)
        for pk, author in follows.values_list("subscriber_id", "author_id"):
            found[pk].follows.append(author)
        rules = Rule.objects.filter(subscriber_id__in=part).order_by("id")
        titles: list[tuple[int, Opinion]] = []
        for pk, kind, text, author, rule_id, since in rules.values_list(
            "subscriber_id", "kind", "text", "author_id", "id", "created_at"
        ):
            _add_rule(found[pk], kind, text, author)
            if kind == Rule.Kind.TITLE:
                titles.append((pk, Opinion(-rule_id, since.date())))
        _add_feedback(found, part)
        _add_titles(found, titles)
    return found


def _add_rule(reader: Reader, kind: str, text: str, author_id: int | None) -> None:
    match kind:
        case Rule.Kind.WANT:
            reader.wanted.append(text)
        case Rule.Kind.MUTE:
            reader.muted.append(text)
        case Rule.Kind.MUTE_AUTHOR if author_id is not None:
            reader.muted_authors.append(author_id)
        case Rule.Kind.SEARCH | Rule.Kind.INTEREST:
            reader.searches.append((kind, text))


def _add_feedback(found: dict[int, Reader], part: Sequence[int]) -> None:
    """Standing answers; those to a record that was merged go to the paper that it became."""
    given = Feedback.objects.filter(subscriber_id__in=part, undone_at=None)
    doubted: list[tuple[int, int]] = []
    for pk, paper_id, became, kind, at in given.order_by("-given_at", "-id").values_list(
        "subscriber_id", "paper_id", "paper__merged_into_id", "kind", "given_at"
    ):
        reader, paper_id = found[pk], became or paper_id
        reader.known.append(paper_id)
        if kind == Feedback.Kind.NOT_AUTHOR:
            doubted.append((pk, paper_id))
        elif kind in SAYS:
            _add_opinion(reader, Opinion(paper_id, at.date(), SAYS[kind]))
    authors = _authors_of({paper_id for _, paper_id in doubted})
    for pk, paper_id in doubted:
        found[pk].doubted_authors.extend(authors[paper_id])


def _add_opinion(reader: Reader, older: Opinion) -> None:
    """Of several answers to one paper the newest decides; an older one that agrees can only
    strengthen it."""
    for n, opinion in enumerate(reader.opinions):
        if opinion.paper_id == older.paper_id:
            if opinion.weight > 0:
                reader.opinions[n] = replace(opinion, weight=max(opinion.weight, older.weight))
            return
    if len(reader.opinions) < NEWEST:
        reader.opinions.append(older)


def _add_titles(found: dict[int, Reader], titles: Sequence[tuple[int, Opinion]]) -> None:
    """Papers known by their title alone are likes too; the rule's id below 0 stands for them."""
    for pk, opinion in reversed(titles):
        if len(found[pk].opinions) < NEWEST:
            found[pk].opinions.append(opinion)
    for pk in {pk for pk, _ in titles}:
        found[pk].opinions.sort(key=lambda opinion: opinion.on, reverse=True)


def _liked(batch: Sequence[Reader], pool: Pool) -> Liked:
    """The papers of all opinions; those of the pool have been read already."""
    named = dict.fromkeys(o.paper_id for reader in batch for o in reader.opinions)
    known = [pk for pk in named if pk in pool.position]
    others = [pk for pk in named if pk not in pool.position]
    ids = [*known, *others]
    papers: dict[int, tuple[str, str, list[str]]] = {}
    titles = [-pk for pk in others if pk < 0]
    for start in range(0, len(titles), PART):
        brought = Rule.objects.filter(pk__in=titles[start : start + PART])
        papers |= {-pk: (title, "", []) for pk, title in brought.values_list("pk", "text")}
    for start in range(0, len(ids), PART):
        rows = Paper.objects.filter(pk__in=ids[start : start + PART])
        for pk, title, abstract, summary, categories in rows.values_list(
            "pk", "title", "abstract", "summary", "categories"
        ):
            papers[pk] = title, abstract or summary, categories
    sources = [vectors.document(*papers[pk]) for pk in others]
    read = pool.features.read(sources)
    if pool.ordinary.sentences is not None:
        read = sentences.attach(read, sources)
    documents = Documents.stack(pool.documents.take([pool.position[pk] for pk in known]), read)
    return Liked(ids, [papers[pk][0] for pk in ids], documents, _topic_scores(ids, pool))


def _topic_scores(paper_ids: Sequence[int], pool: Pool) -> Floats:
    position = {pk: n for n, pk in enumerate(paper_ids)}
    column = {int(pk): n for n, pk in enumerate(pool.topic_ids)}
    scores = np.zeros((len(position), len(column)), np.float32)
    for start in range(0, len(paper_ids), PART):
        rows = PaperTopic.objects.filter(
            paper_id__in=paper_ids[start : start + PART], topic_id__in=column
        )
        for paper_id, topic_id, score in rows.values_list("paper_id", "topic_id", "score"):
            scores[position[paper_id], column[topic_id]] = score
    return scores


def _authors_of(paper_ids: set[int]) -> dict[int, list[int]]:
    authors: dict[int, list[int]] = defaultdict(list)
    pairs = Authorship.objects.filter(paper_id__in=paper_ids).values_list("paper_id", "author_id")
    for paper_id, author_id in pairs:
        authors[paper_id].append(author_id)
    return authors
