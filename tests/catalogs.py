"""What is marked for translation in templates and code, as the catalogs name it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.template.base import Lexer, TokenType

TRANSLATE = re.compile(r"""(?:translate|trans)\s+(?:"([^"]*)"|'([^']*)')""")
CONTEXT = re.compile(r'context "([^"]*)"')
DATED = re.compile(r'\|dated:"([^"]*)"')
DATE_FORM = "date format, Django's letters"
MARKED = re.compile(r'_\("([^"]*)"\)')
VARIABLE = re.compile(r"^\w+")
# Function → which of its arguments is the message, and which its context.
CALLS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (0, None)),
    **dict.fromkeys(("pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"), (1, 0)),
}


def of_template(file: Path) -> Iterator[str]:
    opened, trimmed, singular, is_plural = "", False, "", False
    for token in Lexer(file.read_text(encoding="utf-8")).tokenize():
        contents = token.contents
        if token.token_type == TokenType.BLOCK:
            context = CONTEXT.search(contents)
            before = f"{context[1]}\x04" if context else ""
            if match := TRANSLATE.match(contents):
                yield before + (match[1] or match[2])
            elif contents.startswith("blocktrans"):
                opened, trimmed = before or "-", "trimmed" in contents
                singular, is_plural = "", False
            elif contents == "plural":
                is_plural = True
            elif contents.startswith("endblocktrans"):
                lines = [line.strip() for line in singular.strip().splitlines()]
                yield opened.removeprefix("-") + (" ".join(lines) if trimmed else singular)
                opened = ""
        elif opened and not is_plural and token.token_type != TokenType.COMMENT:
            is_text = token.token_type == TokenType.TEXT
            name = VARIABLE.match(contents)
            singular += contents if is_text else f"%({name[0] if name else ''})s"
        if token.token_type != TokenType.TEXT:
            yield from MARKED.findall(contents)
            yield from (f"{DATE_FORM}\x04{form}" for form in DATED.findall(contents))


def of_module(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "dated" and isinstance(node.args[1], ast.Constant):
            yield f"{DATE_FORM}\x04{node.args[1].value}"
        if name in CALLS:
            said, context = CALLS[name]
            words = [getattr(argument, "value", None) for argument in node.args]
            if isinstance(words[said], str):
                yield words[said] if context is None else f"{words[context]}\x04{words[said]}"
