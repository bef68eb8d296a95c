"""Who reads, what they chose, and the proof of their consent."""

from __future__ import annotations

import base64
import secrets
import uuid
from datetime import datetime, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, OuterRef, Q
from django.utils.translation import pgettext_lazy

from papers.models import Author, Paper, Topic
from subscribers.hints import hint

EVERY_DAY = 0b1111111
WEEKDAYS = 0b0011111  # Monday is bit 0, as in date.weekday()

RESEND_AFTER = timedelta(seconds=60)
# Letters of a kind to one address in a day: a stranger's sign-ups must not fill a mailbox.
NOTICES_A_DAY = {"confirm": 4, "already": 1, "sign_in": 6, "changed": 2, "goodbye": 4}


def new_token() -> str:
    """22 characters, 128 random bits: opaque, unguessable, never expires."""
    return secrets.token_urlsafe(16)


def new_tokens(n: int) -> list[str]:
    """So many of them, of one draw."""
    drawn = base64.urlsafe_b64encode(secrets.token_bytes(-(-n // 2) * 33)).decode("ascii")
    return [drawn[at : at + 22] for at in range(0, 22 * n, 22)]


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def active(self) -> SubscriberQuerySet:
        return self.filter(status=Subscriber.Status.ACTIVE)

    def silent_since(self, instant: datetime | OuterRef) -> SubscriberQuerySet:
        """Without a sign of life since then."""
        return self.filter(
            Q(last_seen_at=None) | Q(last_seen_at__lt=instant),
            Q(rhythm_since=None) | Q(rhythm_since__lt=instant),
            confirmed_at__lt=instant,
        )


class Subscriber(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"  # signed up, address not confirmed yet
        ACTIVE = "active"
        PAUSED = "paused"  # until paused_until, or until they come back where that is empty
        UNSUBSCRIBED = "unsubscribed"
        SUPPRESSED = "suppressed"  # bounced or complained: never mail again

    class Cadence(models.TextChoices):
        DAILY = "daily"
        WEEKLY = "weekly"

    class Summaries(models.TextChoices):
        LONG = "long", pgettext_lazy("length of summaries", "Long")
        SHORT = "short", pgettext_lazy("length of summaries", "Short")
        NONE = "none", pgettext_lazy("length of summaries", "None")

    email = models.EmailField(max_length=254, unique=True)  # lower case
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Goes into List-Unsubscribe; see subscribers/links.py.
    unsubscribe_token = models.CharField(
        max_length=40, unique=True, default=new_token, editable=False
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    name = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=10, default="en")
    timezone = models.CharField(max_length=64, default="UTC")
    cadence = models.CharField(max_length=6, choices=Cadence, default=Cadence.DAILY)
    hour = models.PositiveSmallIntegerField(default=7)
    # Bit mask, Monday is 1, Sunday is 64. A weekly reader's letter comes on the lowest set day.
    weekdays = models.PositiveSmallIntegerField(default=EVERY_DAY)
    # Hours before this instant are not due: set when they confirm, come back or change the rhythm.
    rhythm_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    max_papers = models.PositiveSmallIntegerField(
        default=6, validators=[MinValueValidator(3), MaxValueValidator(8)]
    )
    summaries = models.CharField(max_length=5, choices=Summaries, default=Summaries.LONG)
    wants_surprise = models.BooleanField(default=True)
    text_only = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # A page opened by signed link, or a tap; never a pixel.
    last_seen_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        indexes = [
            # Who is due: one zone, the hours that have come.
            models.Index(
                fields=["timezone", "cadence", "hour"],
                name="subscriber_due",
                condition=Q(status="active"),
            ),
            models.Index(fields=["status", "created_at"], name="subscriber_status"),
            # Who has just confirmed; a partial one would lose to the one above on SQLite.
            models.Index(fields=["status", "confirmed_at"], name="subscriber_confirmed"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(hour__lte=23), name="subscriber_hour_0_to_23"),
            models.CheckConstraint(
                condition=Q(weekdays__gte=1, weekdays__lte=127), name="subscriber_has_a_weekday"
            ),
            models.CheckConstraint(
                condition=Q(max_papers__gte=3, max_papers__lte=8), name="subscriber_3_to_8_papers"
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(confirmed_at__isnull=False),
                name="subscriber_active_only_when_confirmed",
            ),
        ]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"

    @property
    def is_reader(self) -> bool:
        """Whether letters come, now or after a pause."""
        return self.status in {self.Status.ACTIVE, self.Status.PAUSED}


class TopicPreference(models.Model):
    class Weight(models.IntegerChoices):
        LESS = 1, pgettext_lazy("weight of a topic", "Less")
        NORMAL = 2, pgettext_lazy("weight of a topic", "Normal")
        MORE = 3, pgettext_lazy("weight of a topic", "More")

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="topic_preferences"
    )
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="preferences")
    weight = models.PositiveSmallIntegerField(choices=Weight, default=Weight.NORMAL)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "topic"], name="preference_once"),
        ]

    def __str__(self) -> str:
        return f"subscriber {self.subscriber_id}, topic {self.topic_id}"


class Follow(models.Model):
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="follows")
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="followers")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "author"], name="follow_once"),
        ]

    def __str__(self) -> str:
        return f"subscriber {self.subscriber_id}, author {self.author_id}"


class Rule(models.Model):
    """Words or people a reader wants, or never wants; a search; free text; a title."""

    class Kind(models.TextChoices):
        WANT = "want"  # keyword that counts for a paper
        MUTE = "mute"  # keyword that keeps a paper out
        MUTE_AUTHOR = "mute_author"
        SEARCH = "search"  # saved search: an interest of its own
        INTEREST = "interest"  # free text: a topic without keywords
        TITLE = "title"  # of a paper they brought along that is not here: read as a like

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="rules")
    kind = models.CharField(max_length=12, choices=Kind)
    text = models.CharField(max_length=1000, blank=True)
    author = models.ForeignKey(Author, null=True, blank=True, on_delete=models.CASCADE)
    # Of a title: what its paper will be known by, as papers/text.py title_key() makes it.
    key = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(kind="mute_author", author__isnull=False)
                    | (~Q(kind="mute_author") & ~Q(text=""))
                ),
                name="rule_says_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} rule of subscriber {self.subscriber_id}"


class Feedback(models.Model):
    """A tap on a paper. Undone is kept, with its time; only the standing ones count."""

    class Kind(models.TextChoices):
        MORE = "more"
        LESS = "less"
        SAVED = "saved"
        SEEN = "seen"  # knew it already: says nothing against the subject
        NOT_AUTHOR = "not_author"  # right subject, not these people
        PASTED = "pasted"  # brought along by the reader: arXiv id, BibTeX, Zotero

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="feedback")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="feedback")
    kind = models.CharField(max_length=10, choices=Kind)
    given_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "feedback"
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "paper", "kind"], name="feedback_of_a_kind_once"
            ),
        ]
        indexes = [models.Index(fields=["subscriber", "-given_at"], name="feedback_newest")]

    def __str__(self) -> str:
        return f"{self.kind} of subscriber {self.subscriber_id} on paper {self.paper_id}"


class ConsentEvent(models.Model):
    """Append-only proof of every step of consent. Survives erasure without the address."""

    class Kind(models.TextChoices):
        SUBSCRIBED = "subscribed"
        CONFIRMATION_SENT = "confirmation_sent"
        CONFIRMED = "confirmed"
        CHANGED = "changed"
        PAUSED = "paused"
        RESUMED = "resumed"
        WITHDRAWN = "withdrawn"
        SUPPRESSED = "suppressed"
        ERASED = "erased"

    subscriber = models.ForeignKey(
        Subscriber, null=True, on_delete=models.SET_NULL, related_name="consent_events"
    )
    # Keyed hash of the address: subscribers/consent.py address_hash().
    address_hash = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=20, choices=Kind)
    happened_at = models.DateTimeField()
    # Which door: form, link, one-click, mail, webhook, operator, import.
    door = models.CharField(max_length=40)
    # What the person was shown, and the like; never an address.
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["happened_at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.happened_at:%Y-%m-%d}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def open(self) -> NoticeQuerySet:
        return self.filter(status__in=[Notice.Status.PENDING, Notice.Status.SENDING])

    def queue(
        self,
        subscriber: Subscriber,
        kind: str,
        *,
        now: datetime,
        not_before: datetime | None = None,
    ) -> bool:
        """Ask for a letter; False where one of its kind waits, just went, or went too often.

        Whoever asks at the same time waits: for the reader's row, or for SQLite's one writer.
        """
        with transaction.atomic():
            Subscriber.objects.select_for_update(no_key=True).filter(pk=subscriber.pk).first()
            if not self._may_go(subscriber, kind, now):
                return False
            self.create(subscriber=subscriber, kind=kind, created_at=now, not_before=not_before)
        hint("newsletter.tasks.notices")
        return True

    def _may_go(self, subscriber: Subscriber, kind: str, now: datetime) -> bool:
        like_it = self.filter(subscriber=subscriber, kind=kind).exclude(status=Notice.Status.FAILED)
        if like_it.open().exists() or like_it.filter(created_at__gt=now - RESEND_AFTER).exists():
            return False
        a_day = NOTICES_A_DAY.get(kind)
        today = like_it.filter(created_at__gt=now - timedelta(days=1))
        return not a_day or today.count() < a_day


class Notice(models.Model):
    """A transactional letter to go out: confirm, sign-in, goodbye, … The row is the work."""

    class Kind(models.TextChoices):
        CONFIRM = "confirm"
        SIGN_IN = "sign_in"
        GOODBYE = "goodbye"
        CHANGED = "changed"
        ALREADY = "already"  # somebody signed up again with an address that is in use
        OPERATOR_ALERT = "operator_alert"

    class Status(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"

    # None: to the operator.
    subscriber = models.ForeignKey(
        Subscriber, null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    context = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            # One for each question: SQLite takes none of "in (x, y)" for a question of "= x".
            models.Index(fields=["id"], name="notice_pending", condition=Q(status="pending")),
            models.Index(
                fields=["claimed_at"], name="notice_sending", condition=Q(status="sending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} notice {self.pk}"


class Suppression(models.Model):
    """An address we never mail again, kept as a keyed hash so that erasing a reader keeps it."""

    class Reason(models.TextChoices):
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        REJECTED = "rejected"
        OPERATOR = "operator"

    address_hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=12, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    suppressed_at = models.DateTimeField()
    # An operator may lift it; the row stays as the record.
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | Q(lifted_at__gte=F("suppressed_at")),
                name="suppression_lifted_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.suppressed_at:%Y-%m-%d}"


class Knock(models.Model):
    """How often one key knocked at one door in one window: subscribers/limits.py."""

    # Keyed hash of door and key, so that no address or network is stored.
    key = models.CharField(max_length=64)
    window_start = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "window_start"], name="knock_window_once"),
        ]

    def __str__(self) -> str:
        return f"{self.count} knocks from {self.window_start:%Y-%m-%d %H:%M}"
