"""What research appears: topics, papers, their authors, and what sources said about them when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from papers import summaries


class TopicQuerySet(models.QuerySet["Topic"]):
    def active(self) -> TopicQuerySet:
        return self.filter(is_active=True, merged_into=None)


class Topic(models.Model):
    """A subject readers can follow, described by the operator in words."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    field = models.CharField(
        max_length=80, blank=True, help_text="The heading it stands under on the sign-up form."
    )
    description = models.TextField(blank=True, help_text="One or two sentences; used to match.")
    keywords = models.JSONField(default=list, blank=True, help_text="Phrases that belong to it.")
    synonyms = models.JSONField(
        default=list, blank=True, help_text="Groups of words that mean the same: [[a, b], …]."
    )
    categories = models.JSONField(default=list, blank=True, help_text="arXiv codes: cs.CL, stat.ML")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children"
    )
    is_active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(
        default=0, db_index=True, validators=[MaxValueValidator(1_000_000)]
    )
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="merged"
    )
    # Relevance from which a paper belongs to this topic; None until the first fit.
    threshold = models.FloatField(null=True, blank=True, editable=False)
    # Hash of the shipped text this row was last loaded from: while the row still has that hash,
    # no operator has edited it and `load_topics` may refresh it.
    shipped_hash = models.CharField(max_length=64, blank=True, editable=False)
    # Hash of the text that the stored PaperTopic rows were scored with.
    scored_hash = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(merged_into=F("id")), name="topic_is_not_merged_into_itself"
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("id")), name="topic_is_not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("papers:topic", args=[self.slug])


class Author(models.Model):
    name = models.CharField(max_length=200)
    # The name without accents, case and punctuation: papers/text.py author_key().
    key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("papers:author", args=[self.pk])


class PaperQuerySet(models.QuerySet["Paper"]):
    def canonical(self) -> PaperQuerySet:
        """Without those that were found to be another paper."""
        return self.filter(merged_into=None)

    def mentioned_since(self, first: date) -> PaperQuerySet:
        return self.canonical().filter(first_mentioned_on__gte=first)

    def pool(self, on: date, *, days: int = 7) -> PaperQuerySet:
        """Candidates of an edition: first mentioned in the `days` up to and with `on`."""
        return self.mentioned_since(on - timedelta(days=days - 1)).filter(
            first_mentioned_on__lte=on, retracted_at=None
        )


class Paper(models.Model):
    """One work, whatever its versions and sources."""

    class SummarySource(models.TextChoices):
        ABSTRACT = "abstract"  # cut from the abstract by papers/text.py
        SOURCE = "source"  # the upstream's own (often generated) one-line summary
        EDITOR = "editor"  # written by hand, as in the sample data

    # Without version: 2602.13515 or quant-ph/0201082.
    arxiv_id = models.CharField(max_length=32, null=True, blank=True, unique=True)
    doi = models.CharField(max_length=200, null=True, blank=True, unique=True)
    # Title and first author's last name, both folded: identity where there is no id.
    title_key = models.CharField(max_length=64, db_index=True)
    title = models.CharField(max_length=500)
    abstract = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    summary_source = models.CharField(
        max_length=10, choices=SummarySource, default=SummarySource.ABSTRACT
    )
    primary_category = models.CharField(max_length=32, blank=True)
    categories = models.JSONField(default=list, blank=True)
    # The first version's date at its source; None where no source gave one.
    published_at = models.DateTimeField(null=True, blank=True)
    revised_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveSmallIntegerField(default=1)
    comment = models.TextField(blank=True)
    venue = models.CharField(max_length=300, blank=True)
    url = models.URLField(max_length=500, blank=True)
    code_url = models.URLField(max_length=500, blank=True)
    project_url = models.URLField(max_length=500, blank=True)
    discussion_url = models.URLField(max_length=500, blank=True)
    submitter = models.CharField(max_length=200, blank=True)
    organization = models.CharField(max_length=200, blank=True)
    keywords = models.JSONField(default=list, blank=True)
    first_mentioned_on = models.DateField(null=True, blank=True, db_index=True)
    # Newest reading of each counter; None: no source ever said. The history is in Engagement.
    upvotes = models.PositiveIntegerField(null=True, blank=True)
    comments = models.PositiveIntegerField(null=True, blank=True)
    stars = models.PositiveIntegerField(null=True, blank=True)
    citations = models.PositiveIntegerField(null=True, blank=True)
    # 0..1, refreshed by ingest, and what it was made of: papers/trend.py.
    trend = models.FloatField(default=0.0)
    trend_inputs = models.JSONField(default=dict, blank=True, editable=False)
    retracted_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="merged"
    )
    # Which record each field was taken from, as {weight: [field, …]}: papers/folding.py weight().
    origins = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    authors: models.ManyToManyField[Author, Authorship] = models.ManyToManyField(
        Author, through="Authorship", related_name="papers"
    )

    objects = PaperQuerySet.as_manager()

    class Meta:
        ordering = ["-first_mentioned_on", "-id"]
        indexes = [
            models.Index(fields=["first_mentioned_on", "-trend"], name="paper_day_trend"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="paper_has_a_title"),
            models.CheckConstraint(condition=~Q(arxiv_id=""), name="paper_arxiv_id_null_not_empty"),
            models.CheckConstraint(condition=~Q(doi=""), name="paper_doi_null_not_empty"),
            models.CheckConstraint(
                condition=Q(trend__gte=0) & Q(trend__lte=1), name="paper_trend_between_0_and_1"
            ),
            models.CheckConstraint(
                condition=~Q(merged_into=F("id")), name="paper_is_not_merged_into_itself"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("papers:paper", args=[self.public_id])

    @property
    def public_id(self) -> str:
        """What stands in the address of its page: the arXiv id, else our own number."""
        return self.arxiv_id or f"n{self.pk}"

    @property
    def short_summary(self) -> str:
        """For letters, lists and feeds: a summary over 320 characters ends at a sentence before."""
        is_long = len(self.summary) > summaries.MOST
        return summaries.summarise(self.summary) if is_long else self.summary

    @property
    def abstract_url(self) -> str:
        if self.arxiv_id:
            return f"https://arxiv.org/abs/{self.arxiv_id}"
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return self.url

    @property
    def pdf_url(self) -> str:
        return f"https://arxiv.org/pdf/{self.arxiv_id}" if self.arxiv_id else ""


class PaperKey(models.Model):
    """What else a paper is known by, beside its own columns.

    `doi:…` a further DOI, `title:…` an earlier title, `record:…` a record already taken in, by the
    hash of what it said, so that a second ingest passes over it unread.
    """

    key = models.CharField(max_length=210, unique=True)
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="keys")
    # Of a record: the greatest weight with which it was taken in.
    weight = models.CharField(max_length=30, blank=True)

    def __str__(self) -> str:
        return f"{self.key}: paper {self.paper_id}"


class Authorship(models.Model):
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="authorships")
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="authorships")
    position = models.PositiveSmallIntegerField()
    affiliation = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "position"], name="authorship_position_once"),
            models.UniqueConstraint(fields=["paper", "author"], name="authorship_author_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. author of paper {self.paper_id}"


class PaperTopic(models.Model):
    """How well a paper fits a topic; only pairs at or near the topic's threshold are stored."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="paper_topics")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="paper_topics")
    score = models.FloatField()
    belongs = models.BooleanField()
    # The topic's phrase that was found in the text, as the reader would write it; may be empty.
    phrase = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["paper", "topic"], name="paper_topic_once"),
        ]
        indexes = [models.Index(fields=["topic", "-score"], name="paper_topic_best")]

    def __str__(self) -> str:
        return f"topic {self.topic_id}, paper {self.paper_id}: {self.score:.2f}"


class Mention(models.Model):
    """A source listed this paper on this day."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="mentions")
    source = models.CharField(max_length=20)  # hf, arxiv, …
    listing = models.CharField(max_length=60, blank=True)  # daily, search, cs.CL new, …
    mentioned_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["paper", "source", "listing", "mentioned_on"], name="mention_once"
            ),
        ]
        indexes = [models.Index(fields=["mentioned_on", "source"], name="mention_day")]

    def __str__(self) -> str:
        return f"{self.source} {self.listing} {self.mentioned_on}: paper {self.paper_id}"


class Engagement(models.Model):
    """A timed reading of a source's counters; None: the source does not say."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="engagements")
    source = models.CharField(max_length=20)
    read_at = models.DateTimeField()
    upvotes = models.PositiveIntegerField(null=True, blank=True)
    comments = models.PositiveIntegerField(null=True, blank=True)
    stars = models.PositiveIntegerField(null=True, blank=True)
    citations = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["read_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["paper", "source", "read_at"], name="engagement_reading_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.read_at:%Y-%m-%d %H:%M}: paper {self.paper_id}"


class Change(models.Model):
    """Something befell a paper after it was first taken in; told to readers who had it before."""

    class Kind(models.TextChoices):
        RETRACTED = "retracted"
        VENUE = "venue"  # accepted; detail: where
        CODE = "code"  # an address of its code
        VERSION = "version"  # detail: its number
        TOPPED = "topped"  # the strongest of a week; detail: that week's Monday

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    detail = models.CharField(max_length=100, blank=True)
    # When it was so, as the source says or else as we saw; and when we saw it.
    happened_at = models.DateTimeField()
    noticed_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-noticed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "kind", "detail"], name="change_once"),
        ]

    def __str__(self) -> str:
        return f"paper {self.paper_id}: {self.kind} {self.detail}".rstrip()


class Fetch(models.Model):
    """The ingest ledger: a row for every try, with what came or why nothing did."""

    class Status(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        UNCHANGED = "unchanged"  # HTTP 304 or the same bytes as last time
        PARTIAL = "partial"  # some records were refused, the rest is in
        FAILED = "failed"

    source = models.CharField(max_length=20)
    target = models.CharField(max_length=300)  # date, category or file
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    announced = models.PositiveIntegerField(null=True, blank=True)  # what the source says it has
    received = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    # The first refused records: [{"record": name, "reason": why}, …]
    refusals = models.JSONField(default=list, blank=True)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        verbose_name_plural = "fetches"
        indexes = [
            models.Index(fields=["source", "target", "-started_at"], name="fetch_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.target} {self.started_at:%Y-%m-%d %H:%M}: {self.status}"


class VectorModel(models.Model):
    """A fitted word-and-LSA model, shared by all workers; the newest usable one counts."""

    format = models.PositiveSmallIntegerField()  # of the payload: papers/vectors.py FORMAT
    fitted_at = models.DateTimeField(db_index=True)
    papers = models.PositiveIntegerField()
    payload = models.BinaryField()
    notes: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-fitted_at"]

    def __str__(self) -> str:
        return f"vectors of {self.fitted_at:%Y-%m-%d %H:%M} over {self.papers} papers"


class PaperVectors(models.Model):
    """Papers as numbers under one model: papers/paper_vectors.py. They go with it."""

    model = models.ForeignKey(VectorModel, on_delete=models.CASCADE, related_name="paper_vectors")
    papers = models.PositiveIntegerField()
    payload = models.BinaryField()

    class Meta:
        verbose_name_plural = "paper vectors"

    def __str__(self) -> str:
        return f"{self.papers} papers under vector model {self.model_id}"


class SentenceVector(models.Model):
    """What a sentence model made of a text: papers/sentences.py."""

    model = models.CharField(max_length=80)
    key = models.BigIntegerField()  # hash of the text
    vector = models.BinaryField()  # 16 bits a number, in whole steps
    made_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "key"], name="sentence_vector_once"),
        ]

    def __str__(self) -> str:
        return f"text {self.key} by {self.model}"
