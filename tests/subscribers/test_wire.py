"""Text and HTML as they travel: what a mail program shows is what was written."""

import re
from html.parser import HTMLParser

import hypothesis
import pytest
from django.utils.html import escape
from hypothesis import strategies as st

from subscribers import wire

SCRIPTS = st.characters(codec="utf-8", exclude_categories=["C"])
SPACELESS = st.sampled_from(["我们", "応用。", "ทดสอบ", "é", "&", "a<b", "😀", "x1"])


class Shown(HTMLParser):
    """The text of a page, its tags dropped and its references read."""

    def __init__(self, html):
        super().__init__()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_data(self, data):
        self.text += data


def shown(html):
    return " ".join(Shown(html).text.split())


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
@hypothesis.given(
    st.text(SCRIPTS, max_size=400) | st.builds(str.__mul__, SPACELESS, st.integers(0, 600)),
    st.integers(0, 40),
)
def test_text_of_any_script_is_shown_as_it_was_written(text, before):
    html = f'<td class="s">{"a" * before}{escape(text)}</td>'

    printed = wire.ascii_html(html)

    assert shown(printed) == " ".join(("a" * before + text).split())
    assert printed.isascii()
    assert max(map(len, printed.split("\n"))) <= wire.LINE_LONGEST


@pytest.mark.parametrize("before", range(16))
def test_no_reference_to_a_character_is_cut_wherever_it_falls(before):
    text = "a" * before + "用" * 320

    printed = wire.ascii_html(f'<p title="{text}">{text}</p>\n')

    assert shown(printed) == text
    assert not re.search(r"&#?\w*$", printed, re.M)
