"""The day's run, each reader's copy, and what became of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from papers.models import Paper
from subscribers.models import Subscriber, new_token


class Edition(models.Model):
    """One day's (or week's) run for one local date."""

    class Cadence(models.TextChoices):
        DAILY = "daily"
        WEEKLY = "weekly"

    class Status(models.TextChoices):
        OPEN = "open"  # some zone's readers are still to come, or letters still to go
        PAUSED = "paused"  # by the operator; nothing is claimed
        HELD = "held"  # by the machine: see reason; the operator resumes or cancels
        CANCELLED = "cancelled"
        CLOSED = "closed"  # every due reader accounted for

    cadence = models.CharField(max_length=6, choices=Cadence, default=Cadence.DAILY)
    date = models.DateField()
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    # Frozen at closing: {"due": n, "sent": n, "failed": n, "skipped": n, "expired": n}
    counts = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-date", "cadence"]
        constraints = [
            models.UniqueConstraint(fields=["cadence", "date"], name="edition_once"),
        ]

    def __str__(self) -> str:
        return f"{self.cadence} {self.date}"


class DigestQuerySet(models.QuerySet["Digest"]):
    def unfinished(self) -> DigestQuerySet:
        return self.filter(status__in=Digest.UNFINISHED)


class Digest(models.Model):
    """One subscriber's copy in an edition. The row is the work; a queued task is only a hint."""

    class Status(models.TextChoices):
        PENDING = "pending"
        CLAIMED = "claimed"  # a living sender holds it; nothing has left
        SENDING = "sending"  # marked before the first byte
        SENT = "sent"  # accepted by the relay or provider
        DELIVERED = "delivered"
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        FAILED = "failed"  # refused for good
        UNCERTAIN = "uncertain"  # nobody knows whether it left
        SKIPPED = "skipped"  # see reason: withdrew, suppressed, nothing passed
        EXPIRED = "expired"  # too late to be worth sending

    UNFINISHED = ("pending", "claimed", "sending", "uncertain")
    # How an edition counts each finished state.
    COUNTED_AS = {
        "sent": "sent",
        "delivered": "sent",
        "bounced": "sent",
        "complained": "sent",
        "failed": "failed",
        "skipped": "skipped",
        "expired": "expired",
    }

    class Kind(models.TextChoices):
        REGULAR = "regular"
        FIRST = "first"  # at once after confirmation
        QUIET = "quiet"  # a one-paragraph note after silent days
        CATCH_UP = "catch_up"  # covers a day that a source's outage swallowed
        STILL_USEFUL = "still_useful"

    class Answer(models.TextChoices):
        """To the letter's one question: was the selection right?"""

        GOOD = "good"
        MIXED = "mixed"
        OFF = "off"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # in the Message-ID
    # Its unique pair with the reader is an index of its own, as with entries and attempts below.
    edition = models.ForeignKey(
        Edition, on_delete=models.PROTECT, related_name="digests", db_index=False
    )
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="digests")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.REGULAR)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField()
    built_at = models.DateTimeField()
    # How many papers it was chosen from, and how many good ones the limit held back.
    pool_size = models.PositiveIntegerField(default=0)
    held_back = models.PositiveIntegerField(default=0)
    # What befell papers that this reader had before: [{"paper": id, "kind": …, "detail": …}, …].
    updates = models.JSONField(default=list, blank=True)
    # Unguessable address of the copy on the web.
    view_token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    not_before = models.DateTimeField(null=True, blank=True)
    sender = models.ForeignKey(
        "Sender",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="digests",
        db_index=False,  # only the held ones are looked for; see digest_held
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Tries whose end nobody knows; each may have put a copy into the reader's mailbox.
    uncertain_attempts = models.PositiveSmallIntegerField(default=0)
    uncertain_since = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    provider_message_id = models.CharField(max_length=300, blank=True, db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=5, choices=Answer, blank=True, default="", db_default="")

    objects = DigestQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "subscriber"], name="digest_once"),
            models.CheckConstraint(
                condition=~Q(status__in=["sent", "delivered"]) | Q(sent_at__isnull=False),
                name="digest_sent_has_its_time",
            ),
            # Each by itself: SQLite makes a table of a longer list, at every check.
            models.CheckConstraint(
                condition=~(Q(status="failed") | Q(status="skipped") | Q(status="expired"))
                | ~Q(reason=""),
                name="digest_unsent_has_its_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["edition", "id"], name="digest_pending", condition=Q(status="pending")
            ),
            # A condition that SQLite, too, sees to hold where a sender is named.
            models.Index(fields=["sender"], name="digest_held", condition=Q(sender__isnull=False)),
            # Few letters ask, and newsletter/dormancy.py looks for them every minute.
            models.Index(
                fields=["subscriber", "built_at"],
                name="digest_still_useful",
                condition=Q(kind="still_useful"),
            ),
            models.Index(
                fields=["uncertain_since"],
                name="digest_uncertain",
                condition=Q(status="uncertain"),
            ),
            # Not of the held ones, which move twice a letter and are found by digest_held.
            models.Index(
                fields=["edition", "status"],
                name="digest_edition_status",
                condition=Q(sender__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"digest {self.pk}"

    @property
    def message_id(self) -> str:
        """Its own for every digest and the same on a retry (RFC 5322, 3.6.4)."""
        return f"<{self.uuid}@{settings.MAIL_DOMAIN}>"


class Entry(models.Model):
    """One paper in a digest."""

    class Section(models.TextChoices):
        TOP = "top"
        FOLLOWED = "followed"
        MORE = "more"
        RISING = "rising"  # weekly: rising over the week
        OUTSIDE = "outside"
        ALSO = "also"

    digest = models.ForeignKey(
        Digest, on_delete=models.CASCADE, related_name="entries", db_index=False
    )
    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="entries", db_index=False
    )
    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="entries")
    position = models.PositiveSmallIntegerField()
    section = models.CharField(max_length=10, choices=Section)
    score = models.FloatField()
    # The true terms of the score, largest first: papers/ranking.py Reason as plain values.
    reasons = models.JSONField(default=list)

    class Meta:
        ordering = ["position"]
        verbose_name_plural = "entries"
        constraints = [
            # A reader never gets the same paper twice.
            models.UniqueConstraint(fields=["subscriber", "paper"], name="entry_paper_once_ever"),
            models.UniqueConstraint(fields=["digest", "position"], name="entry_position_once"),
        ]

    def __str__(self) -> str:
        return f"entry {self.position} of digest {self.digest_id}"


class Sender(models.Model):
    """A process that sends. It is dead when its lock is free, never because it is slow."""

    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sender {self.pk} on {self.host}"


class Attempt(models.Model):
    """One try to hand a digest over; written before the call, closed after the reply."""

    class Outcome(models.TextChoices):
        OPEN = "open"
        SENT = "sent"
        RETRY = "retry"  # refused for now
        FAILED = "failed"
        UNCERTAIN = "uncertain"
        NOT_TRIED = "not_tried"  # the relay's own fault; counts for nobody

    digest = models.ForeignKey(
        Digest, on_delete=models.CASCADE, related_name="attempt_log", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    sender = models.ForeignKey(
        Sender, null=True, blank=True, on_delete=models.SET_NULL, db_index=False
    )
    provider = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.OPEN)
    phase = models.CharField(max_length=12, blank=True)  # connect, mail, rcpt, data, dot, answered
    code = models.PositiveSmallIntegerField(null=True, blank=True)
    reply = models.CharField(max_length=300, blank=True)  # without addresses

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["digest", "number"], name="attempt_number_once"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of digest {self.digest_id}: {self.outcome}"


class DeliveryEvent(models.Model):
    """What a provider or a bounce said later; stored raw first, applied once."""

    provider = models.CharField(max_length=40)
    # The provider's own id of the event, or a hash of the payload: a replay changes nothing.
    event_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)  # anymail's event types
    digest = models.ForeignKey(
        Digest, null=True, blank=True, on_delete=models.SET_NULL, related_name="events"
    )
    address_hash = models.CharField(max_length=64, blank=True)
    happened_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    # How it was understood: hard bounce, soft bounce, complaint, ignored because …
    verdict = models.CharField(max_length=200, blank=True)
    payload = models.JSONField(default=dict)

    class Meta:
        ordering = ["received_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_key"], name="delivery_event_once"),
        ]
        indexes = [
            models.Index(
                fields=["received_at"], name="delivery_event_open", condition=Q(applied_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.received_at:%Y-%m-%d %H:%M}"


class Throttle(models.Model):
    """A token bucket or breaker shared by all senders where there is no Redis."""

    key = models.CharField(max_length=120, primary_key=True)  # relay, provider:…, domain:…
    tokens = models.FloatField(default=0)
    filled_at = models.DateTimeField(null=True, blank=True)
    # Nobody sends under this key before then.
    open_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.key


class Heartbeat(models.Model):
    """When a part of the service last did its round; what the status page and probes look at."""

    name = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.beat_at:%Y-%m-%d %H:%M}"


class PrintedPaper(models.Model):
    """A paper as the letters of one instant print it, so that a retry sends the same bytes."""

    as_of = models.DateTimeField()
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="+")
    facts = models.JSONField()  # newsletter/facts.py PaperFacts

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["as_of", "paper"], name="printed_paper_once"),
        ]

    def __str__(self) -> str:
        return f"paper {self.paper_id} as of {self.as_of:%Y-%m-%d %H:%M}"


class LookVersion(models.Model):
    """How letters look from a moment on. A change is a new row: what was built before it keeps the
    look it had, so that a retry sends the same bytes.
    """

    created_at = models.DateTimeField(db_index=True)
    masthead = models.CharField(
        max_length=40, blank=True, help_text=_("Instead of the site’s name, at the top.")
    )
    accent = models.CharField(
        max_length=7, blank=True, help_text=_("Of links and buttons, like #0a5f4a.")
    )
    accent_dark = models.CharField(
        max_length=7,
        blank=True,
        help_text=_("The same in dark mode. Left empty, the colour above is made lighter."),
    )
    intro = models.TextField(
        max_length=600, blank=True, help_text=_("Below the opening of every letter. Plain text.")
    )
    footer = models.TextField(
        max_length=600, blank=True, help_text=_("Above your postal address. Plain text.")
    )
    # Of the operator's own: {"item.html": text, …}; the others ship.
    templates = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("look of the letters")
        verbose_name_plural = _("look of the letters")

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"
