"""What an operator types of the letters' look, refused where a letter could not be read in it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from newsletter import looks, proofs
from newsletter.models import LookVersion
from papers.text import UNPRINTABLE
from subscribers.look import with_accent

TEMPLATE_LONGEST = 30_000
JOINERS = "\u200c\u200d"  # which Persian words and families of emoji are written with
BLANKS = re.compile(r"[^\S\xa0\u202f]+")  # no-break spaces are meant


class LookForm(forms.ModelForm):
    class Meta:
        model = LookVersion
        fields = ["masthead", "accent", "accent_dark", "intro", "footer"]
        widgets = {
            "intro": forms.Textarea(attrs={"rows": 4, "cols": 80}),
            "footer": forms.Textarea(attrs={"rows": 4, "cols": 80}),
        }

    def clean_masthead(self) -> str:
        return typed(self.cleaned_data["masthead"])

    def clean_intro(self) -> str:
        return _lines(self.cleaned_data["intro"])

    def clean_footer(self) -> str:
        return _lines(self.cleaned_data["footer"])

    def clean_accent(self) -> str:
        return str(self.cleaned_data["accent"]).lower()

    def clean_accent_dark(self) -> str:
        return str(self.cleaned_data["accent_dark"]).lower()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        accent, accent_dark = values.get("accent", ""), values.get("accent_dark", "")
        if accent_dark and not accent:
            self.add_error("accent", _("Give the colour for light mode as well."))
        elif accent:
            try:
                with_accent(accent, accent_dark)
            except ValueError as error:
                is_dark = accent_dark and str(error).startswith(accent_dark)
                self.add_error("accent_dark" if is_dark else "accent", str(error))
        return values


class TemplateForm(forms.Form):
    """One template; saved only when every letter can be printed with it."""

    text = forms.CharField(
        max_length=TEMPLATE_LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "cols": 100, "spellcheck": "false"}),
    )

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def clean_text(self) -> str:
        words = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        draft = looks.with_template(looks.latest(), self.name, words)
        if fault := proofs.fault(looks.look_of(draft), self.name):
            raise ValidationError(str(fault))
        return words


def typed(words: str) -> str:
    """One line as it was typed: without control and direction characters, blanks collapsed.

    Nothing in it is markup: an operator may well write `a -- b`, `~` or `<b>`.
    """
    printable = UNPRINTABLE.sub(lambda match: match[0] if match[0] in JOINERS else "", words)
    return BLANKS.sub(" ", printable).strip()


def _lines(words: str) -> str:
    return "\n".join(typed(line) for line in words.splitlines()).strip()
