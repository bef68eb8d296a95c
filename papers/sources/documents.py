"""Bytes from outside as text, JSON or XML; whatever they are not is a SourceError that says so."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from papers.sources.base import SourceError

HTML = re.compile(
    rb"\s*(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)


def text(content: bytes) -> str:
    """UTF-8, or UTF-16 where a mark says so."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(f"not a text in {encoding}: byte {error.start} has no meaning") from None


def json_value(content: bytes) -> Any:
    refuse_html(content)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"not JSON: {reason(error)}") from None


def xml_root(content: bytes) -> Element:
    """The root of an XML document, its tags without namespaces; one that defines entities (which
    may swell, or name files) is refused."""
    refuse_html(content)
    try:
        root: Element = ElementTree.fromstring(content)
    except DefusedXmlException as error:
        raise SourceError(f"refused XML: {type(error).__name__}") from None
    except (ParseError, ValueError, LookupError) as error:
        raise SourceError(f"not XML: {reason(error)}") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def is_html(content: bytes) -> bool:
    return HTML.match(content[:2000].removeprefix(b"\xef\xbb\xbf")) is not None


def refuse_html(content: bytes) -> None:
    """What a proxy, a login or a robot check answers instead of data."""
    if is_html(content):
        raise SourceError(f"an HTML page came instead of data: {title_of(content)}")


def title_of(page: bytes) -> str:
    tag = page[:20_000].lower().find(b"<title")
    start = page.find(b">", tag) + 1
    if tag < 0 or not start:
        return "no title"
    words = page[start : start + 500].partition(b"<")[0].decode("utf-8", "replace").split()
    return " ".join(words)[:120] or "no title"


def reason(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)[:200]
