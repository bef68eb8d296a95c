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


@pytest.mark.django_db
@pytest.mark.parametrize("variant", [*VARIANTS, *NOTES])
def test_every_program_shows_what_the_letter_is_built_of(variant):
    message = make_note(variant) if variant in NOTES else letter.email(make_variant(variant))

    features = used(str(message.alternatives[0][0]))

    structure = {feature: FACTS[feature] for feature in features - ADORNMENTS}
    missing = [(f, who) for f, said in structure.items() for who in said if said[who] == "n"]
    assert missing == []
    assert mean(v in "ya" for f in features for v in FACTS[f].values()) >= 0.96


def test_the_preheader_is_hidden_in_every_program():
    programs = set(FACTS["css-display-none"])

    assert programs >= {"gmail desktop-webmail", "outlook windows", "yahoo ios", "apple-mail ios"}
    for program in programs:
        assert any(FACTS[feature].get(program) in {"y", "a"} for feature in HIDING)
