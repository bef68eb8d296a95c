"""What every letter must be, whatever it says: checks that the tests of letters share."""

from __future__ import annotations

import colorsys
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from lxml import etree
from lxml import html as lxml_html

URL = re.compile(r"https?://[^\s<>\"]+")
COLOUR = re.compile(r"(?:^|;)\s*color:\s*(#[0-9a-f]{6})")
BACKGROUND = re.compile(r"background-color:\s*(#[0-9a-f]{6})")
DARK_RULES = re.compile(r"@media \(prefers-color-scheme:dark\)\{\n(.*?)\n\}\n", re.S)
STYLE_BLOCK = re.compile(r"<style>.*?</style>|<meta name=\"(?:supported-)?color-scheme[^>]*>", re.S)
HEX = re.compile(r"#([0-9a-f]{6})\b")
RULE = re.compile(r"^([^{]+)\{([^}]+)\}$", re.M)


def parsed(raw: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(raw, policy=policy.default))


def assert_rfc_clean(raw: bytes) -> None:
    """RFC 5322 and 2045: ASCII, CRLF, lines of 998 at most, and nothing a strict parser mends."""
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = parsed(raw)
    for part in message.walk():
        assert part.defects == []
        for value in part.values():
            assert not getattr(value, "defects", ())


def columns(line: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    return len(line) + wide - sum(bool(unicodedata.combining(c)) for c in line)


def squeezed(words: str) -> str:
    """Without white space, so that wrapping makes no difference."""
    return "".join(words.split())


def links(document: Any) -> list[str]:
    return list(dict.fromkeys(document.xpath("//a/@href")))


def headings(document: Any) -> list[str]:
    return [h.text_content() for h in document.iter("h1", "h2", "h3")]


def visible(document: Any) -> Iterator[str]:
    """Every run of words that a mail program shows, without the dots between them."""
    body = document.find("body")
    for words in body.xpath(".//text()[not(ancestor::*[contains(@style, 'display:none')])]"):
        if words.getparent().tag is not etree.Comment and (run := squeezed(words).strip("·")):
            yield run


def assert_same_said(text: str, html: str) -> None:
    """Every link and heading of the HTML stands in the text, in the same order."""
    document = lxml_html.document_fromstring(html)
    assert list(dict.fromkeys(URL.findall(text))) == links(document)
    assert [run for run in visible(document) if "&#" in run] == []
    rest = squeezed(text)
    for heading in headings(document):
        _before, found, rest = rest.partition(squeezed(heading))
        assert found, f"{heading!r} is missing, or not in its place"


def assert_all_said(text: str, html: str) -> None:
    """The same, and each word that the HTML shows stands in the text as well."""
    assert_same_said(text, html)
    said = squeezed(text)
    assert [run for run in visible(lxml_html.document_fromstring(html)) if run not in said] == []


def least_contrast(html: str, *, dark: bool = False) -> float:
    """Of all text in the letter to what is behind it (WCAG 2.2)."""
    rules = _dark_rules(html) if dark else {}
    document = lxml_html.document_fromstring(html)
    return min(
        contrast(_found(element, COLOUR, "color", rules), _found(element, BACKGROUND, "bg", rules))
        for element in _with_text(document.find("body"))
    )


def _dark_rules(html: str) -> dict[str, dict[str, str]]:
    rules: dict[str, dict[str, str]] = {}
    block = DARK_RULES.search(html)
    assert block is not None
    for selectors, declarations in RULE.findall(block[1]):
        for selector in selectors.split(","):
            known = rules.setdefault(selector.strip().removeprefix("."), {})
            if background := BACKGROUND.search(declarations):
                known["bg"] = background[1]
            if colour := COLOUR.search(declarations):
                known["color"] = colour[1]
    return rules


def _with_text(body: Any) -> Iterator[Any]:
    for element in body.iter():
        if not isinstance(element.tag, str) or "display:none" in element.get("style", ""):
            continue
        own = [element.text or "", *(child.tail or "" for child in element)]
        if any(words.strip("\xa0\n\t ·") for words in own):
            yield element


def _found(element: Any, pattern: re.Pattern[str], name: str, rules: dict[str, Any]) -> str:
    """The colour that holds for an element: its class in the dark, its style, or its parent's."""
    while element is not None:
        for class_ in element.get("class", "").split():
            if name in rules.get(class_, {}):
                return str(rules[class_][name])
        if found := pattern.search(element.get("style", "")):
            return found[1]
        element = element.getparent()
    raise AssertionError(f"no {name}")


def turned_dark(html: str) -> str:
    """As a program shows it that drops the style block and turns every colour round by itself."""
    return HEX.sub(_turned, STYLE_BLOCK.sub("", html))


def _turned(match: re.Match[str]) -> str:
    red, green, blue = (int(match[1][i : i + 2], 16) / 255 for i in (0, 2, 4))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    parts = colorsys.hls_to_rgb(hue, 1 - lightness, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def assert_no_spam_filter_minds(*letters: bytes) -> None:
    """SpamAssassin, without a network, gives none a point; skipped where it is missing.

    All go through one process: it reads its rules for two seconds.
    """
    if shutil.which("spamassassin") is None:
        pytest.skip("needs SpamAssassin: apt-get install spamassassin")
    box = b"".join(
        b"From digest@papers.example.org Fri Feb 20 07:00:00 2026\n%b\n\n"
        % re.sub(rb"^(>*From )", rb">\1", letter.replace(b"\r\n", b"\n"), flags=re.M)
        for letter in letters
    )
    report = subprocess.run(
        ["spamassassin", "-L", "-t", "--mbox"],
        input=box, capture_output=True, check=True, timeout=300,
    ).stdout.decode()  # fmt: skip
    scores = re.findall(r"^X-Spam-Status: .*?score=(-?[\d.]+)", report, re.M)
    assert len(scores) == len(letters)
    assert max(map(float, scores)) <= 0.0, report
