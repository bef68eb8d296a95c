"""One digest of every variant, from the papers that ship: for the tests of letters and pictures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from newsletter.models import Digest, Edition, Entry
from papers.models import Author, Authorship, Engagement, Paper, Topic
from papers.sources import own
from papers.sources.base import PaperRecord
from papers.topics import SHIPPED
from subscribers import mail
from subscribers.models import Follow, Subscriber
from tests.factories import make_edition, make_subscriber, make_topic

FRIDAY = date(2026, 2, 20)
DUE_AT = datetime(2026, 2, 20, 6, 0, tzinfo=UTC)

Section = Entry.Section


def topic_reason(topic: str, phrase: str = "") -> dict[str, Any]:
    return {"kind": "topic", "topic": topic, "phrase": phrase}


def trend_reason(votes: int) -> dict[str, Any]:
    return {"kind": "trend", "field": "cs.LG", "upvotes": votes, "hours": 24}


def sample_papers(count: int = 24) -> list[Paper]:
    """The strongest recent papers of those that ship, with their authors and counters."""
    content = SHIPPED.with_name("sample_papers.json").read_text(encoding="utf-8")
    recent = [r for r in own.parse(content).records if r.source == "hf" and r.mentioned_on]
    recent.sort(key=lambda r: (r.mentioned_on >= FRIDAY - timedelta(days=4), votes(r), r.arxiv_id))
    return [save(record) for record in recent[::-1][:count]]


def votes(record: PaperRecord) -> int:
    return max((reading.upvotes or 0 for reading in record.readings), default=0)


def save(record: PaperRecord) -> Paper:
    last = record.readings[-1] if record.readings else None
    paper = Paper.objects.create(
        arxiv_id=record.arxiv_id,
        title=record.title,
        title_key=record.arxiv_id,
        summary=record.summary,
        summary_source=record.summary_source,
        categories=list(record.categories),
        published_at=record.published_at,
        first_mentioned_on=record.mentioned_on,
        code_url=record.code_url,
        discussion_url=record.discussion_url,
        upvotes=last.upvotes if last else None,
        stars=record.readings[0].stars if record.readings else None,
    )
    for position, name in enumerate(dict.fromkeys(record.authors), start=1):
        author, _ = Author.objects.get_or_create(key=name.casefold(), defaults={"name": name})
        Authorship.objects.create(paper=paper, author=author, position=position)
    for reading in record.readings:
        Engagement.objects.create(
            paper=paper,
            source=record.source,
            read_at=reading.read_at,
            upvotes=reading.upvotes,
            stars=reading.stars,
        )
    return paper


def enter(digest: Digest, papers: list[Paper], layout: str) -> Digest:
    """Give `digest` its entries; `layout` names a section by a letter for each paper in turn."""
    sections = {
        "t": Section.TOP,
        "f": Section.FOLLOWED,
        "m": Section.MORE,
        "r": Section.RISING,
        "o": Section.OUTSIDE,
        "a": Section.ALSO,
    }
    topics = list(Topic.objects.order_by("pk"))
    for position, (paper, letter) in enumerate(zip(papers, layout, strict=False), start=1):
        topic = topics[position % len(topics)].name
        reasons: list[dict[str, Any]] = [topic_reason(topic, "world model" if position < 3 else "")]
        if letter == "f":
            author = paper.authorships.first()
            assert author is not None
            Follow.objects.get_or_create(subscriber=digest.subscriber, author=author.author)
            reasons.insert(0, {"kind": "author", "author": author.author.name})
        elif letter == "o":
            reasons = [{"kind": "exploration", "topic": "Astronomy"}]
        elif paper.upvotes and paper.upvotes > 20:
            reasons.append(trend_reason(paper.upvotes))
        if letter == "r":
            last = max(paper.upvotes or 0, 10)
            reasons.append({"kind": "rising", "before": last // 8, "upvotes": last})
        Entry.objects.create(
            digest=digest,
            subscriber=digest.subscriber,
            paper=paper,
            position=position,
            section=sections[letter],
            score=1 / position,
            reasons=reasons,
        )
    return digest


def reader(language: str = "en", **fields: Any) -> Subscriber:
    topics = list(Topic.objects.exclude(slug="astronomy").order_by("pk")[:3])
    fields.setdefault("name", "Ada")
    fields.setdefault("timezone", "Europe/Berlin")
    return make_subscriber(language=language, topics=topics, **fields)


def make_topics() -> None:
    for name in ("Reinforcement learning", "Language models", "Computer vision"):
        make_topic(name=name, slug=name.lower().replace(" ", "-"))
    make_topic(name="Astronomy", slug="astronomy")


def digest_of(kind: str = Digest.Kind.REGULAR, *, subscriber: Subscriber, **fields: Any) -> Digest:
    fields.setdefault("edition", None)
    edition = fields.pop("edition") or make_edition(date=FRIDAY, created_at=DUE_AT)
    return Digest.objects.create(
        edition=edition,
        subscriber=subscriber,
        kind=kind,
        due_at=DUE_AT,
        built_at=DUE_AT - timedelta(minutes=20),
        pool_size=fields.pop("pool_size", 412),
        **fields,
    )


DAILY = "tfmmmmoaaa"
WEEKLY = "tmmmmmrrroaaaa"
LARGEST_WEEKLY = "tmmmmmmmrrroaaaa"  # sixteen
LARGEST = "tfffmmmmoaaa"  # what a reader who asks for eight can get at most


def with_updates(digest: Digest, papers: list[Paper]) -> Digest:
    """News of earlier papers below its own."""
    kinds = [("venue", "ICML 2026"), ("code", ""), ("version", "3")]
    digest.updates = [
        {"paper": paper.pk, "kind": kind, "detail": detail}
        for paper, (kind, detail) in zip(papers[::-1], kinds, strict=False)
    ]
    digest.save(update_fields=["updates"])
    return digest


VARIANTS: dict[str, Callable[[list[Paper]], Digest]] = {
    "daily": lambda papers: enter(digest_of(subscriber=reader()), papers, DAILY),
    "largest": lambda papers: with_updates(
        enter(digest_of(subscriber=reader(max_papers=8, name="Maximiliane")), papers, LARGEST),
        papers,
    ),
    "weekly": lambda papers: enter(
        digest_of(
            subscriber=reader(cadence=Subscriber.Cadence.WEEKLY),
            edition=make_edition(cadence=Edition.Cadence.WEEKLY, date=FRIDAY),
        ),
        papers,
        WEEKLY,
    ),
    "first": lambda papers: enter(
        digest_of(Digest.Kind.FIRST, subscriber=reader()), papers, "tmmm"
    ),
    "catch_up": lambda papers: enter(
        digest_of(Digest.Kind.CATCH_UP, subscriber=reader(name="")), papers, "tmmmo"
    ),
    "one_paper": lambda papers: enter(digest_of(subscriber=reader()), papers, "t"),
    "quiet": lambda papers: digest_of(Digest.Kind.QUIET, subscriber=reader(), pool_size=0),
    "still_useful": lambda papers: digest_of(
        Digest.Kind.STILL_USEFUL, subscriber=reader(), pool_size=0
    ),
    "german": lambda papers: enter(digest_of(subscriber=reader("de")), papers, DAILY),
    "french": lambda papers: enter(digest_of(subscriber=reader("fr")), papers, DAILY),
    "spanish": lambda papers: enter(digest_of(subscriber=reader("es")), papers, DAILY),
    "chinese": lambda papers: enter(digest_of(subscriber=reader("zh-hans")), papers, DAILY),
    "arabic": lambda papers: with_updates(
        enter(digest_of(subscriber=reader("ar")), papers, DAILY), papers
    ),
}


def make_variant(name: str, papers: list[Paper] | None = None) -> Digest:
    if not Topic.objects.exists():
        make_topics()
    digest = VARIANTS[name](sample_papers() if papers is None else papers)
    return Digest.objects.select_related("edition", "subscriber").get(pk=digest.pk)


NOTES = ("confirm", "already", "sign_in", "changed", "goodbye", "operator_alert")


def make_note(name: str) -> mail.Letter:
    """A letter that is no digest, as it is sent."""
    context = {
        "action_url": "https://papers.example.org/c/abcdefghijklmnopqrstuvwxyz0123456789",
        "unsubscribe_url": "https://papers.example.org/u/abcdefghijklmnop",
        "address": "ada@mail.example.net",
        "topics": ["Reinforcement learning", "Astronomy"],
        "rhythm": "Your next letter comes on Monday 23 February at 07:00.",
        "about": "No source has answered for 36 hours",
        "text": "arxiv: the last answer came on Thursday.\nhf: the last answer was a robot check.",
    }
    return mail.compose(name, "ada@mail.example.net", context)
