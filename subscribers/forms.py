"""What a stranger may type: the sign-up and the request for a sign-in link."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundWidget
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from papers.models import Topic
from subscribers import addresses, zones


class AddressField(forms.CharField):
    """One plain mail address, in its one spelling."""

    widget = forms.EmailInput(
        attrs={"autocomplete": "email", "placeholder": "ada@university.edu", "maxlength": "254"}
    )
    default_error_messages = {"required": _("Enter your email address.")}

    def clean(self, value: Any) -> str:
        # Django's CharField would strip a line break away and let the rest pass.
        typed = value if isinstance(value, str) else ""
        try:
            return addresses.normalise(typed)
        except addresses.AddressError as error:
            raise forms.ValidationError(str(error), code="invalid") from error


class TopicChoiceField(forms.MultipleChoiceField):
    """Topics by slug, checked against those on offer before any text reaches the database."""

    widget = forms.CheckboxSelectMultiple
    default_error_messages = {
        "invalid_choice": _("One of these topics is not offered any more. Please choose again."),
        "too_many": _("Choose no more topics than are offered."),
    }

    def __init__(self, topics: list[Topic], **kwargs: Any) -> None:
        super().__init__(choices=[(topic.slug, topic.name) for topic in topics], **kwargs)
        self.topics = {topic.slug: topic for topic in topics}

    def validate(self, value: Any) -> None:
        if len(value) > 2 * len(self.topics):  # a browser sends each at most once
            raise forms.ValidationError(self.error_messages["too_many"], code="too_many")
        super().validate(value)

    def clean(self, value: Any) -> list[Topic]:
        return [self.topics[slug] for slug in dict.fromkeys(super().clean(value))]


# So many chips of each field stand open; every field gets its share, the rest unfolds.
OPEN_CHIPS = 2


class SignUpForm(forms.Form):
    email = AddressField(label=_("Your email address"))
    # Filled by site.js from the browser; without script a reader sets it on the preference page.
    timezone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    # Nobody sees this field; whoever fills it is a robot.
    website = forms.CharField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topics = list(Topic.objects.active())
        self.fields["topics"] = TopicChoiceField(
            self.topics, label=_("Start with a few topics"), required=False
        )

    def clean_timezone(self) -> str:
        name = str(self.cleaned_data["timezone"]) or "UTC"
        if name not in zones.known():
            raise forms.ValidationError(
                _("Your browser named a time zone that does not exist. Please try again.")
            )
        return name

    @cached_property
    def boxes_by_field(self) -> dict[str, list[BoundWidget]]:
        """Heading → its topics' checkboxes, in the operator's order."""
        boxes: dict[str, list[BoundWidget]] = {}
        for topic, box in zip(self.topics, self["topics"], strict=True):
            boxes.setdefault(topic.field, []).append(box)
        return boxes

    @property
    def first_boxes(self) -> list[BoundWidget]:
        return [box for boxes in self.boxes_by_field.values() for box in boxes[:OPEN_CHIPS]]

    @property
    def further_boxes(self) -> list[tuple[str, list[BoundWidget]]]:
        return [
            (heading, boxes[OPEN_CHIPS:])
            for heading, boxes in self.boxes_by_field.items()
            if boxes[OPEN_CHIPS:]
        ]

    @property
    def is_from_a_robot(self) -> bool:
        return bool(self.cleaned_data.get("website"))


class SignInForm(forms.Form):
    email = AddressField(label=_("Your email address"))
