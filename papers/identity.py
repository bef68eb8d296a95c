"""Which of our papers a record tells of: by arXiv id, then DOI, then title and first author."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Q

from papers.folding import Facts, Work, weights_of
from papers.models import Authorship, Engagement, Mention, Paper, PaperKey

# Folded letters from which a title alone, without any author, says which paper is meant.
LONG_TITLE = 20
TITLE_PART = 32  # characters of a title key that are the title's: papers/text.py title_key()
CHUNK = 100


class Shelf:
    """The papers that a batch of records may tell of, each found by any of its keys."""

    def __init__(self) -> None:
        self._by_key: dict[str, Work] = {}
        self._by_title: dict[str, list[Work]] = defaultdict(list)  # first part of the title key

    def add(self, work: Work) -> None:
        """Make a paper found by all that it is known by now."""
        for key in keys_of(work):
            if key.startswith("title:"):
                same = self._by_title[key[6:][:TITLE_PART]]
                if work not in same:
                    same.append(work)
            else:
                self._by_key[key] = work

    def drop(self, work: Work) -> None:
        """Take a paper away that was found to be another one."""
        for key in [key for key, found in self._by_key.items() if found is work]:
            del self._by_key[key]
        for same in self._by_title.values():
            if work in same:
                same.remove(work)

    def find(self, new: Facts) -> list[Work]:
        """The papers that this record shows to be one; the best known first."""
        found = [
            self._by_key.get(f"arxiv:{new.arxiv_id}"),
            self._by_key.get(f"doi:{new.doi}"),
            self._by_title_of(new),
        ]
        same: list[Work] = []
        arxiv_id = new.arxiv_id
        for work in found:
            if work is None or any(work is other for other in same):
                continue
            # Two arXiv ids are two papers, whatever else they share.
            if arxiv_id and work.paper.arxiv_id and work.paper.arxiv_id != arxiv_id:
                continue
            arxiv_id = arxiv_id or work.paper.arxiv_id or ""
            same.append(work)
        return sorted(same, key=precedence)

    def _by_title_of(self, new: Facts) -> Work | None:
        candidates = [
            work
            for work in self._by_title.get(new.title_key[:TITLE_PART], ())
            if self._same_title(work, new)
        ]
        return min(candidates, key=precedence, default=None)

    def _same_title(self, work: Work, new: Facts) -> bool:
        if new.arxiv_id and work.paper.arxiv_id and work.paper.arxiv_id != new.arxiv_id:
            return False
        is_long = new.title_letters >= LONG_TITLE
        if new.doi and work.paper.doi and work.paper.doi != new.doi and not is_long:
            return False
        keys = {key[6:] for key in keys_of(work) if key.startswith("title:")}
        if new.title_key in keys:
            return True
        # One of the two is without authors.
        part = new.title_key[:TITLE_PART]
        return is_long and (len(new.title_key) == TITLE_PART or part in keys)


def precedence(work: Work) -> tuple[bool, bool, str, int]:
    """What makes a paper the one that stays: it is stored, has an arXiv id, is older."""
    paper = work.paper
    return paper.pk is None, not paper.arxiv_id, paper.arxiv_id or "", paper.pk or 0


def keys_of(work: Work) -> set[str]:
    paper = work.paper
    own = {f"title:{paper.title_key}"}
    if paper.arxiv_id:
        own.add(f"arxiv:{paper.arxiv_id}")
    if paper.doi:
        own.add(f"doi:{paper.doi}")
    return own | work.keys


def load(batch: Sequence[Facts], paper_ids: Iterable[int]) -> Shelf:
    """The stored papers that these records may tell of, with those of `paper_ids`."""
    arxiv_ids = {new.arxiv_id for new in batch if new.arxiv_id}
    dois = {new.doi for new in batch if new.doi}
    titles = {new.title_key for new in batch if new.title_key}
    # With authors a record also finds the paper that was told of without any.
    titles |= {key[:TITLE_PART] for key in titles}
    keys = {f"doi:{doi}" for doi in dois} | {f"title:{key}" for key in titles}
    ids = {canonical or pk for pk, canonical in _canonical(set(paper_ids))}
    ids |= set(PaperKey.objects.filter(key__in=keys).values_list("paper_id", flat=True))
    papers = Paper.objects.canonical().filter(
        Q(pk__in=ids) | Q(arxiv_id__in=arxiv_ids) | Q(doi__in=dois) | Q(title_key__in=titles)
    )
    found = {paper.pk: paper for paper in papers}
    bare = sorted({
        new.title_key
        for new in batch
        if len(new.title_key) == TITLE_PART and new.title_letters >= LONG_TITLE
    })  # fmt: skip
    for start in range(0, len(bare), CHUNK):
        begins = Q()
        for key in bare[start : start + CHUNK]:
            begins |= Q(title_key__gt=key, title_key__lt=key + "g")
        found |= {paper.pk: paper for paper in Paper.objects.canonical().filter(begins)}
    shelf = Shelf()
    for work in _works(found):
        shelf.add(work)
    return shelf


def papers_of(batch: Sequence[Facts]) -> list[Paper | None]:
    """For each record the stored paper that it tells of; nothing is made or changed."""
    shelf = load(batch, ())
    return [next((work.paper for work in shelf.find(new)), None) for new in batch]


def _canonical(ids: set[int]) -> Iterable[tuple[int, int | None]]:
    return Paper.objects.filter(pk__in=ids).values_list("pk", "merged_into_id")


def _works(papers: dict[int, Paper]) -> Iterable[Work]:
    authors: dict[int, list[tuple[str, str]]] = defaultdict(list)
    rows = Authorship.objects.filter(paper__in=papers).order_by("paper_id", "position")
    for pk, key, affiliation in rows.values_list("paper_id", "author__key", "affiliation"):
        authors[pk].append((key, affiliation))
    works = {
        pk: Work(paper, tuple(authors[pk]), weights=weights_of(paper.origins))
        for pk, paper in papers.items()
    }
    others = PaperKey.objects.filter(paper__in=papers).exclude(key__startswith="record:")
    for pk, key in others.values_list("paper_id", "key"):
        works[pk].keys.add(key)
    for pk, *mention in mentions_of(papers):
        works[pk].mentions.add(tuple(mention))
    for pk, source, read_at, *numbers in readings_of(papers):
        works[pk].readings[source, read_at] = tuple(numbers)
    return works.values()


def mentions_of(paper_ids: Iterable[int]) -> Iterable[tuple]:
    rows = Mention.objects.filter(paper__in=list(paper_ids))
    return rows.values_list("paper_id", "source", "listing", "mentioned_on")


def readings_of(paper_ids: Iterable[int]) -> Iterable[tuple]:
    rows = Engagement.objects.filter(paper__in=list(paper_ids)).order_by()
    return rows.values_list(
        "paper_id", "source", "read_at", "upvotes", "comments", "stars", "citations"
    )


def records_known(keys: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Record key → the paper it told of and the weight it was taken in with."""
    rows = PaperKey.objects.filter(key__in=list(keys))
    return {key: (pk, weight) for key, pk, weight in rows.values_list("key", "paper_id", "weight")}
