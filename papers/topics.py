"""Topics as text: what a good one looks like, the shipped file, and its way into the database."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.db.models import Max

from papers.models import Topic
from papers.sources.values import is_category

SHIPPED = Path(__file__).resolve().parent / "data" / "topics.yaml"

MAX_FILE_BYTES = 1_000_000
MAX_TOPICS = 500
MAX_DESCRIPTION = 600
MAX_KEYWORDS = 60
MAX_PHRASE = 80
MAX_SYNONYM_GROUPS = 30
MAX_GROUP = 8
MAX_CATEGORIES = 20

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class TopicText:
    """What a topic says about itself; the part of the row that is shipped and may be edited."""

    slug: str
    name: str
    field: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    categories: tuple[str, ...] = ()
    parent: str = ""  # slug

    def digest(self) -> str:
        """SHA-256 over every word of it: equal exactly while nobody changed a thing."""
        words = [
            self.slug,
            self.name,
            self.field,
            self.description,
            self.keywords,
            self.synonyms,
            self.categories,
            self.parent,
        ]
        return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Refused:
    """An entry of the file that is left out, and why."""

    name: str
    reason: str


@dataclass
class Loaded:
    """What a load did (or, dry, would do), by slug."""

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    # The operator's own: edited, switched off or merged since.
    kept: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    # Rows whose papers have to be scored anew.
    changed: list[Topic] = field(default_factory=list)


def read(path: Path) -> tuple[list[TopicText], list[Refused]]:
    """The topics of a YAML file, and the entries that cannot be used.

    Raises ValueError where the file as a whole is not a list of topics.
    """
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(f"{path.name} is larger than {MAX_FILE_BYTES:,} bytes")
    try:
        entries = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(entries, list):
        raise ValueError(f"{path.name} must be a list of topics")
    if len(entries) > MAX_TOPICS:
        raise ValueError(f"{path.name} holds {len(entries):,} topics; {MAX_TOPICS} is the most")

    texts: dict[str, TopicText] = {}
    refused = []
    for number, entry in enumerate(entries, start=1):
        try:
            text = parse(entry)
            if text.slug in texts:
                raise ValueError("the slug stands twice in the file")
        except ValueError as error:
            refused.append(Refused(_name(entry, number), str(error)))
        else:
            texts[text.slug] = text
    return list(texts.values()), refused


def parse(entry: Any) -> TopicText:
    """One entry of the file; ValueError says what is wrong with it."""
    if not isinstance(entry, dict):
        raise ValueError("must be a mapping with slug, name and keywords")
    known = set(TopicText.__dataclass_fields__)
    if unknown := sorted(str(key)[:40] for key in entry if key not in known):
        raise ValueError(f"has unknown fields: {', '.join(unknown)}")
    slug = entry.get("slug")
    if not isinstance(slug, str) or len(slug) > 80 or not SLUG.fullmatch(slug):
        raise ValueError("slug must be small letters, digits and single hyphens")
    return TopicText(
        slug=slug,
        name=phrase(entry.get("name"), "name", most=120),
        field=phrase(entry["field"], "field") if entry.get("field") else "",
        description=description(entry.get("description", "")),
        keywords=keywords(entry.get("keywords", [])),
        synonyms=synonyms(entry.get("synonyms", [])),
        categories=categories(entry.get("categories", [])),
        parent=phrase(entry["parent"], "parent") if entry.get("parent") else "",
    )


def phrase(value: Any, what: str, *, most: int = MAX_PHRASE) -> str:
    """One clean line of text; ValueError where it is none."""
    if not isinstance(value, str):
        raise ValueError(f"{what} must be text, not {value!r:.40}")
    line = " ".join(value.split())
    if not line:
        raise ValueError(f"{what} must not be empty")
    if len(line) > most:
        raise ValueError(f"{what} is longer than {most} characters: {line[:30]}…")
    # Control, direction and private characters: nothing an author writes.
    if any(unicodedata.category(c).startswith("C") for c in line):
        raise ValueError(f"{what} holds an invisible character: {line!r:.60}")
    return line


def description(value: Any) -> str:
    return phrase(value, "description", most=MAX_DESCRIPTION) if value != "" else ""


def keywords(values: Any) -> tuple[str, ...]:
    """Phrases without repetition, in the given order."""
    found: dict[str, str] = {}
    for value in _listed(values, "keywords", MAX_KEYWORDS):
        word = phrase(value, "a keyword")
        found.setdefault(word.casefold(), word)
    return tuple(found.values())


def synonyms(values: Any) -> tuple[tuple[str, ...], ...]:
    groups = []
    for value in _listed(values, "synonyms", MAX_SYNONYM_GROUPS):
        listed = _listed(value, "words of a synonym group", MAX_GROUP)
        words = [phrase(word, "a synonym") for word in listed]
        if len({word.casefold() for word in words}) != len(words) or len(words) < 2:
            raise ValueError(f"a synonym group needs at least two different words: {words!r:.60}")
        groups.append(tuple(words))
    return tuple(groups)


def categories(values: Any) -> tuple[str, ...]:
    codes = []
    for value in _listed(values, "categories", MAX_CATEGORIES):
        code = phrase(value, "a category")
        if not is_category(code):
            raise ValueError(f"not an arXiv category such as cs.CL or cond-mat.mtrl-sci: {code}")
        codes.append(code)
    return tuple(dict.fromkeys(codes))


def _listed(value: Any, what: str, most: int) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{what} must be a list")
    if len(value) > most:
        raise ValueError(f"at most {most} {what}, not {len(value):,}")
    return value


def _name(entry: Any, number: int) -> str:
    slug: object = entry.get("slug") if isinstance(entry, dict) else None
    return slug if isinstance(slug, str) and SLUG.fullmatch(slug[:80]) else f"entry {number}"


@transaction.atomic
def load(texts: Iterable[TopicText], *, dry_run: bool = False) -> Loaded:
    """Bring the shipped texts into the database, as often as you like.

    A row that an operator edited, switched off or merged stays as it is.
    """
    rows = {topic.slug: topic for topic in Topic.objects.select_related("parent")}
    last = Topic.objects.aggregate(last=Max("position"))["last"] or 0
    loaded = Loaded()
    for text in texts:
        row = rows.get(text.slug)
        if text.parent and text.parent not in rows:
            loaded.refused.append(Refused(text.slug, f"its parent {text.parent} is unknown"))
        elif row is not None and text.parent and is_below(rows[text.parent], row):
            loaded.refused.append(Refused(text.slug, f"its parent {text.parent} stands below it"))
        elif row is None:
            last += 10
            rows[text.slug] = topic = Topic(slug=text.slug, position=last)
            loaded.new.append(text.slug)
            _write(topic, text, rows, loaded, dry_run=dry_run)
        elif _is_operators(row):
            loaded.kept.append(text.slug)
        elif row.shipped_hash == text.digest():
            loaded.unchanged.append(text.slug)
        else:
            loaded.updated.append(text.slug)
            _write(row, text, rows, loaded, dry_run=dry_run)
    return loaded


def text_of(topic: Topic) -> TopicText:
    """The row's text, as the file would say it."""
    return TopicText(
        slug=topic.slug,
        name=topic.name,
        field=topic.field,
        description=topic.description,
        keywords=tuple(topic.keywords),
        synonyms=tuple(tuple(group) for group in topic.synonyms),
        categories=tuple(topic.categories),
        parent=topic.parent.slug if topic.parent else "",
    )


def _is_operators(topic: Topic) -> bool:
    changed_state = not topic.is_active or topic.merged_into_id is not None
    return changed_state or topic.shipped_hash != text_of(topic).digest()


def is_below(topic: Topic, other: Topic) -> bool:
    """Whether `other` is `topic` itself or one of those above it."""
    seen: set[int] = set()
    node: Topic | None = topic
    while node is not None and node.pk not in seen:
        if node.pk == other.pk:
            return True
        seen.add(node.pk)
        node = node.parent
    return False


def _write(
    topic: Topic, text: TopicText, rows: dict[str, Topic], loaded: Loaded, *, dry_run: bool
) -> None:
    if dry_run:
        return
    topic.name = text.name
    topic.field = text.field
    topic.description = text.description
    topic.keywords = list(text.keywords)
    topic.synonyms = [list(group) for group in text.synonyms]
    topic.categories = list(text.categories)
    topic.parent = rows[text.parent] if text.parent else None
    topic.shipped_hash = text.digest()
    topic.save()
    loaded.changed.append(topic)
