"""LaTeX as it stands in titles, names and abstracts, turned into plain characters.

The reader below is total: any input gives a string without a backslash, in time linear in its
length. pylatexenc supplies the table of symbols; its own parser is left alone, because it recurses
as deep as the input nests.
"""

from __future__ import annotations

import re
import unicodedata

from papers.latex_tables import (
    ACCENTS,
    DOUBLE_STRUCK,
    FONTS,
    FUNCTIONS,
    HIDDEN,
    HOLLOW,
    LAST_OF_TWO,
    LETTERS,
    LOWER,
    PLAIN_EXPONENTS,
    QUANTITIES,
    RAISED,
    RELATIONS,
    SIGNS,
    SILENT,
    UNITS,
    UPPER,
    symbols,
)

# Groups nested deeper than this are read as if their braces were not there.
DEEPEST = 12
OPTIONAL_LONGEST = 16  # tokens
OPENING = "([{“‘\"'"

TOKEN = re.compile(r"\\(?P<name>[A-Za-z]+)\*?|\\(?P<sign>.?)|(?P<mark>[{}^_])|[^\\{}^_]+", re.S)
# A formula is at most this long, so that a lone dollar costs little.
FORMULA = re.compile(
    r"\$\$(?P<display>[^$]{1,2000})\$\$|\\\[(?P<square>.{1,2000}?)\\\]"
    r"|\\\((?P<round>.{1,2000}?)\\\)|\$(?P<inline>(?:[^$\\]|\\.){1,1000})\$",
    re.S,
)


def to_text(text: str) -> str:
    """`text` with commands and formulas as plain characters; braces go only where LaTeX stands."""
    parts: list[tuple[str, str]] = []
    end = 0
    for start, stop, formula in formulas(text):
        parts += [*tokens(text[end:start]), ("formula", formula)]
        end = stop
    if not parts and "\\" not in text:
        return text
    return Reader([*parts, *tokens(text[end:])]).all()


def tokens(text: str) -> list[tuple[str, str]]:
    """Kind (name, sign, mark or text) and content of each."""
    return [
        (match.lastgroup or "text", match.group(match.lastgroup or 0))
        for match in TOKEN.finditer(text)
    ]


def formulas(text: str) -> list[tuple[int, int, str]]:
    """Start, end and inside of each formula; a dollar before a price is not one."""
    found = []
    position = 0
    while match := FORMULA.search(text, position):
        inside = match.group("display") or match.group("square") or match.group("round")
        start = match.start()
        escaped = start > 0 and text[start - 1] == "\\"
        if inside is None:
            inside = match.group("inline")
            follower = text[match.end() : match.end() + 1]
            if escaped or not looks_like_formula(inside, follower):
                position = start + 1
                continue
        found.append((start, match.end(), inside))
        position = match.end()
    return found


def looks_like_formula(inside: str, follower: str) -> bool:
    """Pandoc's rule (no space inside the dollars, no digit after), eased where only LaTeX fits."""
    if re.search(r"[\^_=<>{}]|\\[^$%&#]", inside):
        return True
    if len(inside.strip()) == 1 and not inside.isdigit():
        return inside.strip().isalpha() or inside in "+-*/|()[].,:"
    return not (inside[0].isspace() or inside[-1].isspace() or follower.isdigit())


class Reader:
    """Reads tokens from left to right; every method consumes at least what it looked at."""

    def __init__(self, tokens: list[tuple[str, str]], *, is_math: bool = False) -> None:
        self.tokens = tokens
        self.position = 0
        self.is_math = is_math
        self.has_units = False

    def all(self) -> str:
        parts = []
        while self.position < len(self.tokens):
            parts.append(self.until_close(0))
        return "".join(parts)

    def until_close(self, depth: int) -> str:
        parts: list[str] = []
        while self.position < len(self.tokens):
            kind, value = self.tokens[self.position]
            self.position += 1
            if kind == "mark" and value == "}":
                break
            shown = self.shown(kind, value, depth)
            if kind == "formula":
                shown = beside(parts[-1][-1:] if parts else "", shown)
            parts.append(shown)
        return join(parts) if self.is_math else "".join(parts)

    def shown(self, kind: str, value: str, depth: int) -> str:
        if kind == "text":
            return value
        if kind == "formula":
            return formula_text(value)
        if kind == "name":
            return self.macro(value, depth)
        if kind == "sign":
            return self.sign(value, depth)
        if value == "{":
            return self.until_close(depth + 1) if depth < DEEPEST else ""
        if self.is_math and depth < DEEPEST:
            return script(value, self.argument(depth + 1))
        return value

    def sign(self, value: str, depth: int) -> str:
        if (value in ACCENTS and value not in "=.") or (value in ("=", ".") and not self.is_math):
            return accented(self.argument(depth + 1), ACCENTS[value])
        if value.isspace() or value in ",;:!>":
            return "" if value == "!" else " "
        return SIGNS.get(value, value)

    def macro(self, name: str, depth: int) -> str:
        if self.has_units and name in UNITS:
            return UNITS[name]
        if name in HIDDEN:
            for _ in range(HIDDEN[name]):
                self.optional()
                self.optional()
                self.argument(depth + 1)
            return ""
        if name in SILENT:
            self.drop_space()
            return ""
        if name in ACCENTS:
            return self.accent(name, depth)
        if name in FONTS:
            return self.argument(depth + 1)
        if name in LAST_OF_TWO:
            self.argument(depth + 1)
            return self.argument(depth + 1)
        if (special := self.special(name, depth)) is not None:
            return special
        if (symbol := symbols().get(name)) is not None:
            return self.symbol(name, symbol)
        return self.unknown(name, depth)

    def special(self, name: str, depth: int) -> str | None:
        if name in ("frac", "tfrac", "dfrac", "nicefrac", "sfrac"):
            above = self.argument(depth + 1)
            return f"{grouped(above)}/{grouped(self.argument(depth + 1))}"
        if name == "sqrt":
            root = self.optional()
            return f"{script('^', root) if root else ''}√{grouped(self.argument(depth + 1))}"
        if name in ("binom", "tbinom", "dbinom"):
            above = self.argument(depth + 1)
            return f"({above} choose {self.argument(depth + 1)})"
        if name == "footnote":
            return f" ({self.argument(depth + 1)})"
        if name in HOLLOW:
            letter = self.argument(depth + 1)
            return DOUBLE_STRUCK.get(letter, letter)
        if name == "not":
            return self.negated(self.argument(depth + 1).strip())
        if name in QUANTITIES and self.is_group_next():
            return self.quantity(QUANTITIES[name], depth)
        if name in ("textsuperscript", "textsubscript", "sp", "sb", "sbp"):
            return script("^" if "sup" in name or name == "sp" else "_", self.argument(depth + 1))
        if name == "unicode":
            return character(self.argument(depth + 1))
        if name == "pmod":
            return f" (mod {self.argument(depth + 1)})"
        return None

    def accent(self, name: str, depth: int) -> str:
        if len(name) == 1 and not self.is_group_next() and not self.is_letter_next():
            self.drop_space()
        return accented(self.argument(depth + 1), ACCENTS[name])

    def negated(self, symbol: str) -> str:
        struck = unicodedata.normalize("NFC", f"{symbol}\u0338") if symbol else ""
        if len(struck) != 1:
            return f"¬{symbol}"
        return f" {struck} " if self.is_math else struck

    def quantity(self, numbers: int, depth: int) -> str:
        """Number and unit; a range has two numbers, a bare unit none."""
        found = [self.argument(depth + 1).strip() for _ in range(numbers)]
        outside, self.has_units = self.has_units, True
        unit = self.argument(depth + 1).strip()
        self.has_units = outside
        return " ".join(["–".join(found), unit]).strip()

    def symbol(self, name: str, symbol: str) -> str:
        if name in FUNCTIONS and self.is_math:
            return f"\1{symbol}\1"
        if self.is_math and symbol in RELATIONS:
            return f" {symbol} "
        is_closed = (not symbol.isascii() or symbol.isalpha()) and self.drop_empty_group()
        if name in LETTERS and not is_closed and not self.is_math:
            self.drop_space()
        return symbol

    def unknown(self, name: str, depth: int) -> str:
        """An author's own macro: its argument where it has one, else its name."""
        if self.is_group_next():
            inside = self.argument(depth + 1)
            if inside.strip():
                return name + inside if inside[0] in RAISED else inside
        return name

    def argument(self, depth: int) -> str:
        """The next group, macro or character."""
        self.drop_space()
        if depth > DEEPEST or self.position >= len(self.tokens):
            return ""
        kind, value = self.tokens[self.position]
        if kind == "mark" and value == "}":
            return ""
        self.position += 1
        if kind == "text":
            self.tokens[self.position - 1] = ("text", value[1:])
            self.position -= 1 if len(value) > 1 else 0
            return value[0]
        return self.shown(kind, value, depth)

    def drop_space(self) -> None:
        if self.position < len(self.tokens):
            kind, value = self.tokens[self.position]
            if kind == "text":
                self.tokens[self.position] = ("text", value.lstrip())
                self.position += 0 if value.strip() else 1

    def optional(self) -> str:
        """The inside of `[…]`, where that is next; it is at most OPTIONAL_LONGEST tokens long."""
        following = self.tokens[self.position : self.position + OPTIONAL_LONGEST]
        if not following or following[0][0] != "text" or not following[0][1].startswith("["):
            return ""
        inside: list[tuple[str, str]] = []
        for number, (kind, value) in enumerate(following):
            value = value if number else value[1:]
            if kind == "text" and "]" in value:
                last, _, rest = value.partition("]")
                self.tokens[self.position + number] = ("text", rest)
                self.position += number if rest else number + 1
                return Reader([*inside, ("text", last)], is_math=self.is_math).all()
            inside.append((kind, value))
        return ""

    def is_group_next(self) -> bool:
        return self.tokens[self.position : self.position + 1] == [("mark", "{")]

    def is_letter_next(self) -> bool:
        following = self.tokens[self.position : self.position + 1]
        return bool(following) and following[0][0] == "text" and following[0][1][0].isalpha()

    def drop_empty_group(self) -> bool:
        is_next = self.tokens[self.position : self.position + 2] == [("mark", "{"), ("mark", "}")]
        self.position += 2 if is_next else 0
        return is_next


def formula_text(inside: str) -> str:
    return Reader(tokens(inside), is_math=True).all()


def beside(before: str, formula: str) -> str:
    """A formula as it stands after the character `before`; a tie and `about` look the same."""
    bare = formula.lstrip()
    if bare.startswith("∼"):
        bare = bare[1:].lstrip()
        if not before or before.isspace() or before in OPENING:
            return f"~{bare}"
        return f"∼{bare}" if before.isdigit() or before == "%" else f" ∼ {bare}"
    return bare if before and before in OPENING else formula


def join(parts: list[str]) -> str:
    """Parts of a formula; the name of a function (between \\1) stands apart from its neighbours."""
    text = re.sub(r"(?<=\S)([×·∘⊗]) (?=\S)", r"\1", "".join(parts))
    text = re.sub(r"(?<=[(\[]) +|(?<! ) +(?=[)\]])", "", text)
    text = re.sub(r"^ *∼ *|(?<=\d) +∼ +(?=\d)", "∼", text)

    def gap(match: re.Match[str]) -> str:
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        return " " if before.isalnum() and after.isalnum() and after not in RAISED else ""

    return re.sub("\1+", gap, text) if "\1" in text else text


def script(mark: str, inside: str) -> str:
    """`inside` as superscript (`^`) or subscript, raised or lowered where Unicode has all of it."""
    inside = inside.strip()
    if not inside:
        return ""
    if mark == "^" and inside in PLAIN_EXPONENTS:
        return inside
    table = UPPER if mark == "^" else LOWER
    # A word, such as max, reads better at full size.
    if all(c in table for c in inside) and sum(c.isalpha() for c in inside) <= 2:
        return "".join(table[c] for c in inside)
    return mark + (inside if mark == "_" and inside.isalnum() else grouped(inside))


def grouped(inside: str) -> str:
    """`inside`, in parentheses where it is more than one name or number."""
    inside = inside.strip()
    return inside if re.fullmatch(r"[\w.]*|.|\(.*\)", inside) else f"({inside})"


def accented(base: str, accent: str) -> str:
    """A letter with its accent; a longer base stands without."""
    base = base.strip()
    if len(base) != 1 or not base.isalpha():
        return base
    return unicodedata.normalize("NFC", base + accent)


def character(code: str) -> str:
    """The character of a hexadecimal (`x3b1`, `"3B1`) or decimal number."""
    match = re.fullmatch(r"\s*(?:0?[xX]|\")([0-9a-fA-F]{1,6})\s*|\s*(\d{1,7})\s*", code)
    if match is None:
        return ""
    number = int(match.group(1), 16) if match.group(1) else int(match.group(2))
    return chr(number) if 32 <= number < 0x110000 else ""
