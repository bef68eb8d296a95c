"""The operator's form for a topic: plain lines in, clean lists out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from papers import topics
from papers.models import Topic

P = ParamSpec("P")
T = TypeVar("T")


class ListField(forms.CharField):
    """A list, shown as text by `show` and read back by `read` (ValueError: what is wrong)."""

    def __init__(
        self, *, show: Callable[[list[Any]], str], read: Callable[[str], list[Any]], **kwargs: Any
    ) -> None:
        super().__init__(required=False, **kwargs)
        self.show = show
        self.read = read

    def prepare_value(self, value: Any) -> Any:
        return self.show(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[Any]:
        return _checked(self.read, super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """By content: line ends and spaces alone are no edit."""
        try:
            return self.clean(data) != (initial or [])
        except ValidationError:
            return True


def _show_synonyms(groups: list[list[str]]) -> str:
    return "\n".join(" = ".join(group) for group in groups)


def _read_keywords(text: str) -> list[str]:
    return list(topics.keywords(_lines(text)))


def _read_synonyms(text: str) -> list[list[str]]:
    return [list(group) for group in topics.synonyms([line.split("=") for line in _lines(text)])]


def _read_categories(text: str) -> list[str]:
    return list(topics.categories(text.replace(",", " ").split()))


class TopicForm(forms.ModelForm):
    keywords = ListField(
        show="\n".join,
        read=_read_keywords,
        widget=forms.Textarea(attrs={"rows": 12, "cols": 60}),
        help_text="One phrase a line, as authors write it, abbreviations too. Plural forms, "
        "hyphens and case need no line of their own.",
    )
    synonyms = ListField(
        show=_show_synonyms,
        read=_read_synonyms,
        widget=forms.Textarea(attrs={"rows": 6, "cols": 60}),
        help_text="One group a line: reinforcement learning = RL. Words of a group count as the "
        "same.",
    )
    categories = ListField(
        show=" ".join,
        read=_read_categories,
        widget=forms.TextInput(attrs={"size": 60}),
        help_text="arXiv codes, separated by spaces or commas: cs.CL stat.ML",
    )

    class Meta:
        model = Topic
        fields = (
            "name", "slug", "field", "description", "keywords", "synonyms", "categories",
            "parent", "position", "is_active",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A view-only page has no fields.
        if parent := self.fields.get("parent"):
            others = Topic.objects.filter(Q(merged_into=None) | Q(pk=self.instance.parent_id))
            parent.queryset = others.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return _checked(topics.phrase, self.cleaned_data["name"], "the name", most=120)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if not topics.SLUG.fullmatch(slug):
            raise ValidationError("Small letters, digits and single hyphens, please.")
        return slug

    def clean_field(self) -> str:
        value: str = self.cleaned_data["field"]
        return _checked(topics.phrase, value, "the field") if value else ""

    def clean_description(self) -> str:
        return _checked(topics.description, self.cleaned_data["description"])

    def clean_parent(self) -> Topic | None:
        parent: Topic | None = self.cleaned_data["parent"]
        if parent is not None and self.instance.pk and topics.is_below(parent, self.instance):
            raise ValidationError(f"{parent.name} stands below this topic.")
        return parent


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _checked(check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return check(*args, **kwargs)
    except ValueError as error:
        raise ValidationError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
