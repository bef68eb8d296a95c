"""What mail programs make of the HTML, by the tables of caniemail.com."""

import json
import re
from pathlib import Path
from statistics import mean

import pytest
from lxml import html as lxml_html

from newsletter import letter
from tests.letters import NOTES, VARIANTS, make_note, make_variant

FACTS = json.loads((Path(__file__).parents[1] / "data" / "caniemail.json").read_text())["features"]
# Under what caniemail.com tells of an element, attribute or property.
CALLED = {
    "html-h1": "html-h1-h6", "html-h2": "html-h1-h6", "html-h3": "html-h1-h6",
    "html-tr": "html-table", "html-td": "html-table",
    "css-font-family": "css-font", "css-color": "css-font",
    "css-border-top": "css-border", "css-padding-left": "css-padding",
}  # fmt: skip
# What every program has shown since HTML 4; caniemail.com has no page of it.
UNTOLD = {"html-a", "html-br", "html-border", "html-class", "html-href", "html-dir", "html-style"}
# Where it is missing, the letter is as readable: square corners, a longer line, a name for a
# link that is not read aloud. A program that takes body away leaves the table in its colour.
ADORNMENTS = {
    "html-doctype", "html-body", "html-aria-label", "css-border-radius", "css-word-break",
    "css-max-height", "css-overflow", "css-display-none",
}  # fmt: skip
# The preheader is hidden where one of these is known; Outlook's own mso-hide beside them.
HIDING = ("css-display-none", "css-max-height")
# What the style block is made of: colours for the dark, a narrow layout, a line under the mouse.
BLOCK = {
    "html-style", "html-meta-color-scheme", "css-color-scheme", "css-at-media",
    "css-at-media-prefers-color-scheme", "css-important", "css-pseudo-class-hover",
    "css-selector-type", "css-selector-class", "css-selector-descendant",
    "css-selector-grouping", "css-selector-attribute",
}  # fmt: skip
NEVER = r"(?!)"
# Known in part: what is missing, by the number of caniemail's note, as a letter would contain it.
# NEVER: a fault of something that no letter does. Any note that is not here touches the letter.
MISSING = {
    "css-margin": {"1": r"margin[a-z-]*: ?-", "2": r"<(?:span|body)[^>]*margin",
                   "3": r"margin:[^0]", "4": r"margin[^;\"]*auto"},
    "css-overflow": {"1": r"overflow:(?:auto|scroll)", "3": r"overflow-", "4": r"overflow-"},
    "css-display": {"1": r"display:[^;\"]*(?:flex|grid|root|contents|initial|unset)",
                    "2": r"display:[^;\"]*(?:flex|grid|root|contents|initial|unset)",
                    "3": r"display:\w+ \w", "4": r"display:none[^>]*>[^<]*<table",
                    "6": r"display:[^;\"]*(?:flex|grid|root|contents|initial|unset)",
                    "7": r"display:\w+ \w"},
    "css-display-none": {"1": r"display:none[^>]*>[^<]*<table", "2": "<img"},
    "css-text-align": {"1": r"text-align:(?:start|end)", "2": r"text-align:(?:start|end)"},
    "css-font-size": {"1": r"font-size:[\d.]+rem", "2": r"font-size:(?!\d+px)"},
    "css-font-weight": {"1": r"font-weight:(?![1-9]00)", "2": r"font-weight:(?![467]00)"},
    "css-text-decoration": {"2": r"text-decoration:\w+ \w", "3": "overline",
                            "4": r"text-decoration:\w+ \w", "5": r"text-decoration:\w+ \w"},
    "css-border": {"1": r"border(?!-radius)[a-z-]*:(?:9|\d\d)\d*px", "2": r"<(?:p|div)[^>]*border"},
    "css-border-radius": {"2": r"border-radius:[^;\"]*/"},
    "css-line-height": {"1": NEVER, "2": r"line-height:normal"},  # mso-line-height-rule: below
    "css-width": {"1": r"<(?:body|span|div|p|img)\b[^>]*[;\" ]width:", "2": NEVER},
    "css-max-width": {"1": r"<(?!table)[^>]*max-width", "2": r"<table[^>]*max-width"},
    "html-width": {"1": "<img", "2": NEVER, "3": "<img"},  # PixelsPerInch: below
    "html-lang": {"1": r"<td[^>]*lang="},
    "html-role": {"1": NEVER, "2": r"<(?!table)[^>]*role="},
    "html-style": {"1": r"<body.*<style", "4": NEVER},
    "css-at-media": {"1": r"\{[^{}]*@media", "2": NEVER, "4": r"@media ?\{", "7": r"\(\w+-height",
                     "8": "landscape", "10": r"\{[^{}]*@media"},
    "css-important": {"1": r"!(?i:important)(?<!!important)", "4": r"[^ ]!important",
                      "5": r"style=\"[^\"]*!important", "7": "background-image",
                      "8": r"!(?i:important)(?<!!important)"},
    "css-word-break": {"1": NEVER, "2": r"word-break:(?!break-all)",
                       "3": r"word-break:(?!break-all)"},
    "html-body": {"1": r"(?<![.\w])body ?\{"},  # a division in its place is dressed by its class
}  # fmt: skip


def used(html: str) -> set[str]:
    """Every element, attribute and inline property of the body."""
    names = {"html-doctype", "html-body", "css-unit-px"}
    for element in lxml_html.document_fromstring(html).find("body").iter():
        if not isinstance(element.tag, str):
            continue
        names.add(f"html-{element.tag}")
        names |= {f"html-{attribute}" for attribute in element.attrib}
        declarations = re.findall(r"(?:^|;)\s*([a-z-]+):([^;]*)", element.get("style", ""))
        names |= {f"css-{name}" for name, _ in declarations if not name.startswith("mso-")}
        names |= {
            "css-display-none"
            for name, value in declarations
            if (name, value) == ("display", "none")
        }
    return {CALLED.get(name, name) for name in names} - UNTOLD


def shown(feature: str, said: str, html: str) -> float:
    """How much of a feature a program shows: all, half, or nothing."""
    known, *notes = said.split()
    if known != "a":
        return float(known == "y")
    missing = [MISSING.get(feature, {}).get(note, "") for note in notes]
    touched = not notes or any(re.search(what, html, re.S) for what in missing)
    return 0.5 if touched else 1.0


def html_of(variant: str) -> str:
    message = make_note(variant) if variant in NOTES else letter.email(make_variant(variant))
    return str(message.alternatives[0][0])


@pytest.mark.django_db
@pytest.mark.parametrize("variant", [*VARIANTS, *NOTES])
def test_every_program_shows_what_the_letter_is_built_of(variant):
    html = html_of(variant)
    features = used(html)

    structure = {feature: FACTS[feature] for feature in features - ADORNMENTS}
    missing = [(f, who) for f, said in structure.items() for who in said if said[who] == "n"]
    marks = {f: mean(shown(f, v, html) for v in FACTS[f].values()) for f in features | BLOCK}
    assert missing == []
    assert mean(marks[f] for f in features) >= 0.96
    # With the style block, half of which is for the dark: few programs ask a letter for that.
    assert mean(marks.values()) >= 0.86


def test_a_partial_support_counts_half_where_the_letter_uses_what_is_missing():
    ends, starts = "text-align:right", "text-align:start"

    assert shown("css-text-align", "a 1", f'<td style="{ends}">') == 1
    assert shown("css-text-align", "a 1", f'<td style="{starts}">') == 0.5
    assert shown("css-text-align", "a 99", f'<td style="{ends}">') == 0.5
    assert shown("css-text-align", "n", f'<td style="{ends}">') == 0


@pytest.mark.django_db
def test_what_outlook_needs_to_be_told_is_in_the_letter():
    html = html_of("daily")

    assert "mso-line-height-rule:exactly" in html
    assert "<o:PixelsPerInch>96</o:PixelsPerInch>" in html


def test_the_preheader_is_hidden_in_every_program():
    programs = set(FACTS["css-display-none"])

    assert programs >= {"gmail desktop-webmail", "outlook windows", "yahoo ios", "apple-mail ios"}
    for program in programs:
        assert any(FACTS[feature].get(program, "n")[0] in "ya" for feature in HIDING)
