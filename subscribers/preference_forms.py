"""What a reader may type on their preference page: one form for each group."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils.dates import WEEKDAYS as DAY_NAMES
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from papers import references
from papers.models import Author, Topic
from papers.text import author_key
from subscribers import zones
from subscribers.models import EVERY_DAY, WEEKDAYS, Rule, Subscriber, TopicPreference
from subscribers.preferences import MOST_RULES

MASKS = {"daily": EVERY_DAY, "weekdays": WEEKDAYS}


class RhythmForm(forms.Form):
    rhythm = forms.ChoiceField(
        label=_("How often"),
        widget=forms.RadioSelect,
        choices=[
            ("daily", _("Every day")),
            ("weekdays", _("Monday to Friday")),
            ("days", _("On the days chosen below")),
            ("weekly", _("Once a week, on the first day chosen below")),
        ],
    )
    days = forms.TypedMultipleChoiceField(
        label=_("Days"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        choices=[(number, name) for number, name in DAY_NAMES.items()],
    )
    hour = forms.TypedChoiceField(
        label=_("Hour"), coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)]
    )

    def __init__(self, data: QueryDict | None = None, *, subscriber: Subscriber) -> None:
        super().__init__(data, initial=self.of(subscriber))
        names = dict.fromkeys([*zones.offered(), zones.or_utc(subscriber.timezone)])
        self.fields["timezone"] = forms.ChoiceField(
            label=_("Time zone"), choices=zones.by_region(names)
        )

    @staticmethod
    def of(subscriber: Subscriber) -> dict[str, Any]:
        named = {mask: name for name, mask in MASKS.items()}
        is_weekly = subscriber.cadence == Subscriber.Cadence.WEEKLY
        return {
            "rhythm": "weekly" if is_weekly else named.get(subscriber.weekdays, "days"),
            "days": [day for day in range(7) if subscriber.weekdays & (1 << day)],
            "hour": subscriber.hour,
            "timezone": zones.or_utc(subscriber.timezone),
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("rhythm") in ("days", "weekly") and not cleaned.get("days"):
            self.add_error("days", _("Choose at least one day."))
        return cleaned

    @property
    def chosen(self) -> dict[str, Any]:
        """As preferences.set_rhythm() takes it."""
        rhythm = self.cleaned_data["rhythm"]
        days = sum(1 << day for day in set(self.cleaned_data["days"]))
        if rhythm == "weekly":
            days &= -days  # the lowest set bit
        return {
            "cadence": "weekly" if rhythm == "weekly" else "daily",
            "weekdays": MASKS.get(rhythm, days),
            "hour": self.cleaned_data["hour"],
            "timezone": self.cleaned_data["timezone"],
        }


class TopicsForm(forms.Form):
    """One weight for each topic on offer, 0 for a topic that is not followed."""

    WEIGHTS = [(0, _("Off")), *TopicPreference.Weight.choices]

    def __init__(self, data: QueryDict | None = None, *, subscriber: Subscriber) -> None:
        super().__init__(data)
        self.topics = list(Topic.objects.active())
        weights = dict(subscriber.topic_preferences.values_list("topic_id", "weight"))
        for topic in self.topics:
            self.fields[f"topic-{topic.pk}"] = forms.TypedChoiceField(
                label=topic.name,
                required=False,
                coerce=int,
                choices=self.WEIGHTS,
                initial=weights.get(topic.pk, 0),
            )

    def by_field(self) -> list[tuple[str, list[tuple[Topic, forms.BoundField]]]]:
        """(heading, [(topic, its field), …]) in the operator's order, for the template."""
        fields: dict[str, list[tuple[Topic, forms.BoundField]]] = {}
        for topic in self.topics:
            fields.setdefault(topic.field, []).append((topic, self[f"topic-{topic.pk}"]))
        return list(fields.items())

    @property
    def weights(self) -> dict[Topic, int]:
        """As preferences.set_topics() takes it."""
        return {topic: self.cleaned_data[f"topic-{topic.pk}"] or 0 for topic in self.topics}


class LinesField(forms.CharField):
    """One entry a line; empty and repeated lines fall away."""

    def __init__(self, *, most_letters: int = 100, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(max_length=(most_letters + 2) * MOST_RULES, **kwargs)
        self.most_letters = most_letters

    def clean(self, value: Any) -> list[str]:
        lines = [one_line(line) for line in super().clean(value).splitlines()]
        lines = [line for line in dict.fromkeys(lines) if line]
        if len(lines) > MOST_RULES:
            raise forms.ValidationError(_("At most %d lines.") % MOST_RULES)
        if any(len(line) > self.most_letters for line in lines):
            raise forms.ValidationError(_("At most %d letters a line.") % self.most_letters)
        return lines


class PeopleForm(forms.Form):
    follow = forms.CharField(label=_("Follow an author"), required=False, max_length=200)
    mute = forms.CharField(label=_("Mute an author"), required=False, max_length=200)
    want = LinesField(label=_("Words you want, one a line"))
    mute_words = LinesField(label=_("Words you never want, one a line"))
    search = LinesField(label=_("Searches to watch, one a line"), most_letters=200)
    interest = LinesField(label=_("In your own words, one interest a line"), most_letters=1000)

    RULE_FIELDS = {
        "want": Rule.Kind.WANT,
        "mute_words": Rule.Kind.MUTE,
        "search": Rule.Kind.SEARCH,
        "interest": Rule.Kind.INTEREST,
    }

    def __init__(self, data: QueryDict | None = None, *, subscriber: Subscriber) -> None:
        rules = list(subscriber.rules.all())
        self.titles = [rule for rule in rules if rule.kind == Rule.Kind.TITLE]
        super().__init__(
            data,
            initial={
                field: "\n".join(rule.text for rule in rules if rule.kind == kind)
                for field, kind in self.RULE_FIELDS.items()
            },
        )
        muted = Q(rule__subscriber=subscriber, rule__kind=Rule.Kind.MUTE_AUTHOR)
        self._keep("followed", gettext("You follow"), Q(followers__subscriber=subscriber))
        self._keep("muted", gettext("You muted"), muted)

    def _keep(self, name: str, label: str, theirs: Q) -> None:
        """A list of authors to keep, all ticked until the reader says otherwise."""
        authors = Author.objects.filter(theirs)
        self.fields[name] = forms.ModelMultipleChoiceField(
            authors,
            label=label,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            initial=[author.pk for author in authors],
        )

    def clean_follow(self) -> Author | None:
        return author_named(self.cleaned_data["follow"])

    def clean_mute(self) -> Author | None:
        return author_named(self.cleaned_data["mute"])

    @property
    def people(self) -> dict[str, set[Author]]:
        """As preferences.set_people() takes it: those kept and the one added to each list."""
        return {
            kept: {*self.cleaned_data[kept], *filter(None, [self.cleaned_data[added]])}
            for kept, added in (("followed", "follow"), ("muted", "mute"))
        }


class LibraryForm(forms.Form):
    """Papers brought along, pasted or as a file; the file counts where there are both."""

    pasted = forms.CharField(
        label=_("arXiv ids, links or titles, one a line; or BibTeX, RIS, CSL JSON"),
        required=False,
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    file = forms.FileField(
        label=_("Or a file: an export of Zotero or another reference manager"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".bib,.ris,.json,.csv,.txt"}),
    )

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        try:
            # One byte more than is allowed says that there are too many.
            return references.decode(file.read(references.MOST_BYTES + 1))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.text.strip():
            self.add_error("pasted", _("Paste something, or choose a file."))
        return cleaned

    @property
    def text(self) -> str:
        return str(self.cleaned_data.get("file") or self.cleaned_data.get("pasted", ""))


class MailForm(forms.Form):
    name = forms.CharField(
        label=_("Your first name, for the greeting"), required=False, max_length=80
    )
    max_papers = forms.TypedChoiceField(
        label=_("Papers in a letter"), coerce=int, choices=[(n, str(n)) for n in range(3, 9)]
    )
    summaries = forms.ChoiceField(label=_("Summaries"), choices=Subscriber.Summaries.choices)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    wants_surprise = forms.BooleanField(label=_("One paper from outside my topics"), required=False)
    text_only = forms.BooleanField(label=_("Plain text only"), required=False)

    def __init__(self, data: QueryDict | None = None, *, subscriber: Subscriber) -> None:
        super().__init__(data)
        self.initial = {name: getattr(subscriber, name) for name in self.fields}

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])


def author_named(name: str) -> Author | None:
    """None for an empty name; a validation error where no paper here is by them.

    Accents, case, punctuation and the order of the names do not matter.
    """
    if not one_line(name):
        return None
    author = Author.objects.filter(key=author_key(one_line(name))).first()
    if author is None:
        raise forms.ValidationError(
            _("No paper here is by an author of that name. Write it as it stands on a paper.")
        )
    return author


def one_line(text: str) -> str:
    """Without control and direction characters, with single spaces."""
    kept = (" " if c.isspace() else c for c in text)
    return " ".join("".join(c for c in kept if unicodedata.category(c)[0] != "C").split())
