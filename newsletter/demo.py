"""`make demo`: the whole way for three sample readers, on live papers or the shipped sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings

from newsletter import facts, letter, reasons, rounds
from newsletter.models import Digest, Edition
from papers import ingest, text
from papers.models import Author, Fetch, Paper, Topic
from papers.topics import SHIPPED
from subscribers import consent, feedback, preferences
from subscribers.models import Feedback, Rule, Subscriber

SAMPLE = SHIPPED.with_name("sample_papers.json")
LIVE_SOURCE = "hf"
LIVE_DAYS = 8  # list days asked for: the pool of seven and the one before
TITLE_LONGEST = 100  # characters, printed
HOUR = time(9, tzinfo=UTC)  # of the sample's last day, after its last reading

Say = Callable[[str], object]


@dataclass(frozen=True)
class SampleReader:
    email: str
    name: str
    topics: tuple[str, ...]  # slugs
    wants: tuple[str, ...] = ()
    likes_one: bool = False  # has pressed "more like this" on an older paper of the first topic
    follows_one: bool = False  # follows the first author of a new paper of the first topic


READERS = (
    SampleReader(
        "maya@demo.example",
        "Maya",
        ("agents", "language-models", "reasoning"),
        wants=("tool use",),
    ),
    SampleReader(
        "jonas@demo.example",
        "Jonas",
        ("image-and-video-generation", "robotics", "3d-vision"),
        likes_one=True,
    ),
    SampleReader(
        "aisha@demo.example",
        "Aisha",
        ("proteins-and-drugs", "bayesian-methods", "quantum-computing", "astronomy-and-particles"),
        follows_one=True,
    ),
)


def run(now: datetime, say: Say, *, use_live: bool | None = None) -> list[Digest]:
    """Fetch, choose, print and send for the sample readers; returns their digests.

    `use_live` None: live where a source answers. Run again, it changes nothing that is there.
    Raises RuntimeError where no paper could be had at all.
    """
    at = load_papers(now, say, use_live=use_live)
    for sample in READERS:
        set_up(sample, at)
    rounds.tick(at)
    digests = list(
        Digest.objects.filter(
            subscriber__email__in=[sample.email for sample in READERS],
            edition__cadence=Edition.Cadence.DAILY,
            edition__date=at.date(),
        )
        .select_related("subscriber", "edition")
        .order_by("subscriber_id")
    )
    for digest in digests:
        show(digest, say)
    return digests


def load_papers(now: datetime, say: Say, *, use_live: bool | None) -> datetime:
    """Papers into the database; the instant at which the demonstration plays."""
    if use_live is None:
        use_live = ingest.online()
    if use_live:
        say(f"Papers: live, the Hugging Face daily lists of the last {LIVE_DAYS} days.")
        fetched = [_fetch_live(now.date() - timedelta(days=n), now, say) for n in range(LIVE_DAYS)]
        if any(fetched):
            return now
        say("The live source gave no papers.")
    else:
        say("Papers: no live source answered, so this uses the sample that ships.")
    on = sample_day()
    at = datetime.combine(on, HOUR)
    for row in ingest.ingest_path(SAMPLE, now=at):
        say(f"  {row.received} papers read, {row.new} new, {row.refused} refused {row.reason}")
    if not Paper.objects.exists():
        raise RuntimeError(f"no papers could be read from {SAMPLE.name}")
    say(f"  It ends on {on:%A, %d %B %Y}; the letters are those of that morning.")
    return at


def _fetch_live(on: date, now: datetime, say: Say) -> bool:
    row = ingest.fetch_and_ingest(LIVE_SOURCE, on, now=now)
    say(f"  {on}: {row.received} papers, {row.new} new {row.reason}".rstrip())
    return row.status != Fetch.Status.FAILED and bool(row.received)


def sample_day() -> date:
    """The last day on which the sample lists papers."""
    from papers.sources import own

    records = own.parse(SAMPLE.read_text(encoding="utf-8")).records
    return max(record.mentioned_on for record in records if record.mentioned_on)


def set_up(sample: SampleReader, at: datetime) -> Subscriber:
    """The reader, confirmed three days ago and due at this hour; as it is where it is due."""
    topics = list(Topic.objects.active().filter(slug__in=sample.topics))
    reader = Subscriber.objects.filter(email=sample.email).first()
    if reader is None:
        consent.subscribe(
            sample.email, topics=topics, timezone="UTC", door="demo", now=at - timedelta(days=3)
        )
        reader = Subscriber.objects.get(email=sample.email)
        consent.confirm(reader, door="demo", now=at - timedelta(days=3))
        reader.notices.all().delete()
        _taste(reader, sample, at)
    Subscriber.objects.filter(pk=reader.pk).exclude(digests__edition__date=at.date()).update(
        name=sample.name,
        hour=at.hour,
        rhythm_since=at.replace(minute=0, second=0, microsecond=0),
    )
    return reader


def _taste(reader: Subscriber, sample: SampleReader, at: datetime) -> None:
    preferences.set_keywords(reader, Rule.Kind.WANT, sample.wants)
    of_topic = Paper.objects.canonical().filter(
        paper_topics__topic__slug=sample.topics[0], paper_topics__belongs=True
    )
    pool_begins = at.date() - timedelta(days=6)
    if sample.likes_one:
        older = of_topic.filter(first_mentioned_on__lt=pool_begins).order_by("-trend", "pk").first()
        if older:
            feedback.give(reader, older, Feedback.Kind.MORE, now=at - timedelta(days=2))
    if sample.follows_one:
        newer = of_topic.filter(first_mentioned_on__gte=pool_begins).order_by("-trend", "pk")
        author = Author.objects.filter(
            authorships__paper=newer.first(), authorships__position=1
        ).first()
        if author:
            feedback.follow_author(reader, author)


def show(digest: Digest, say: Say) -> None:
    """What this reader got and why, and where the letter lies."""
    reader = digest.subscriber
    digest.refresh_from_db()
    say("")
    if digest.status != Digest.Status.SENT:
        say(f"{reader.name} <{reader.email}>: {digest.status} {digest.reason}".rstrip())
        return
    (copy,) = facts.copies([digest])
    papers = facts.paper_facts([e.paper_id for e in copy.entries], as_of=facts.as_of(digest))
    say(f"{reader.name} <{reader.email}>, interested in {', '.join(copy.topics)}")
    say(f"  “{letter.email(digest).subject}”")
    for number, entry in enumerate(copy.entries, start=1):
        say(f"  {number}. {text.shortened(papers[entry.paper_id].title, TITLE_LONGEST)}")
        say(f"     {reasons.sentence(entry.reasons)}")
    for path in sorted(Path(settings.EMAIL_FILE_PATH).glob(f"*{digest.uuid}*.eml")):
        say(f"  → {_shown(path)}")


def _shown(path: Path) -> str:
    base = Path(settings.BASE_DIR)
    return str(path.relative_to(base) if path.is_relative_to(base) else path)
