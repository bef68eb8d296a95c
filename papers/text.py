"""Outside text made fit to print: clean characters, whole sentences, keys to compare by."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

from papers import latex

# No title or abstract is longer; what is gets cut, so that a hostile one costs little.
LONGEST = 20_000

# Control, direction and format characters, surrogates, private use, and all that Unicode draws
# nothing for (Default_Ignorable_Code_Point, an empty Braille cell); white space is not here.
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891"
    "\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
# Characters that may be marks on the letter before them; a language stacks four at most.
MARKS = re.compile(r"[^\w\s\x00-\x7f]{9,}")
MOST_MARKS = 8
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Formatting that publishers leave in titles and abstracts (HTML, JATS); other tags stay as text.
TAG = re.compile(
    r"</?(?:jats:)?(?:b|i|em|strong|u|tt|code|sub|sup|p|br|span|font|small|title|sec|italic|bold)"
    r"(?:\s[^<>]{0,200})?/?>",
    re.I,
)
TRIGGER = re.compile(r"[\\$&<~\-`'*]|[\^_]\{|\^[\d+-]|%\s?[A-Z]|\d(?:times|sim)|\btext[bist]")
# A sub- or superscript whose dollars were lost on the way: Size 2^{128}, O(n^2).
SCRIPT = re.compile(
    r"(?<=[^\W_]|[)\]∇])(?:([\^_])\{([^{}$\\\n]{1,30})\}|(\^)([+-]?\d{1,3})(?!\d|[./]\d))"
)
# Commands that lost their backslash where no word can stand: 2times, 1.2sim1.3, textbfBees.
LOST = {
    "times": (re.compile(r"times(?<=\dtimes)(?![a-z])"), "×"),
    "sim": (re.compile(r"sim(?<=\dsim)(?=\d)"), "~"),
    "text": (re.compile(r"text(?<![A-Za-z]text)(?:bf|it|sc|tt)(?=[A-Z])"), ""),
}
# What a dropped citation leaves before a comma.
GAP = re.compile(r"(?<![~\s])[~\s]{1,5}(?=[,.;:](?:\s|$))")
TIE = re.compile(
    r"(?<=[A-Za-z.)\]])~(?=[\w(\[\s,;:]|$)|(?<=[\d⁰¹²³⁴-⁹₀-₉%°×])~(?=[^\W\d_]|[(\[%°×])"
)
# Words that Markdown sets in bold or italics; asterisks that mean something touch other signs.
MARKDOWN = re.compile(
    r"(?<![\w*])(?P<bold>\*\*\*?)(?=[^\s*])[^*\n]{1,160}(?<=\S)(?P=bold)(?!\*)"
    r"|(?<![\w*])\*(?=[^\W\d_])[^*\n]{1,160}(?<=[\w.!?)”])\*(?![\w*])"
)
# Where a line began that LaTeX would not print.
COMMENT = re.compile(r"(?:^\s*|(?<=[.:;!?]\s))%+\s?(?=[A-Z][a-z])")
# A quotation opened with a straight sign and closed with a curly one.
QUOTATION = re.compile(r"(?<![\w.,;:!?)”\"])\"(?=[^\s\"“”])([^\"“”]{1,200})”")

# A line cut at a small word goes back to the word before it, if so many characters are left.
SETTLED_SHORTEST = 15
# What stands open at the end of a cut line: signs …
OPENING = "([{<\"'“‘„«¿¡"
OPEN_ENDS = " \u00a0,;:.…–—-&/=([{<“‘„«¿¡"
# … and the English words that only lead to the next one.
SMALL = frozenset({
    "a", "an", "the", "its", "their", "our", "your", "this", "these", "that", "which", "and", "or",
    "nor", "but", "of", "for", "with", "without", "within", "via", "to", "in", "on", "by", "from",
    "at", "as", "into", "onto", "over", "under", "through", "between", "among", "across", "beyond",
    "toward", "towards", "against", "per", "versus", "vs", "instead", "rather", "than", "is",
    "are", "was", "be", "not",
})  # fmt: skip

# After these a full stop ends no sentence, as they stand or with a capital: an acronym (SR, CO)
# and a unit (ms) are other words …
ABBREVIATIONS = frozenset({
    "e.g", "i.e", "cf", "vs", "viz", "al", "resp", "approx", "ca", "w.r.t", "a.k.a", "Dr",
    "prof", "St", "Mr", "MR", "Mrs", "Ms", "Jr", "Sr", "ed", "eds", "dept", "univ", "inc", "corp",
    "ltd", "Co", "assoc", "inst", "gen", "int", "Mt", "incl", "est", "ph.d", "u.s", "u.k",
    "u.n", "i.i.d", "s.t", "esp",
})  # fmt: skip
# … unless the word behind these opens a sentence: et al. We …
LOOSE = frozenset({"al", "approx", "MR"})
# … and after these only where no number follows.
NUMBERED = frozenset({
    "fig", "figs", "eq", "eqs", "sec", "secs", "tab", "no", "nos", "vol", "pp", "p", "ch",
    "chap", "ref", "refs", "thm", "def", "prop", "lem", "app", "alg", "ver", "v", "art",
    "lemma",
})  # fmt: skip
# A word that opens a sentence even behind an initial, as in "of class A. We show".
OPENERS = frozenset({
    "we", "the", "this", "these", "those", "in", "our", "to", "it", "however", "here", "a",
    "an", "for", "by", "as", "when", "while", "although", "moreover", "furthermore",
    "finally", "thus", "hence", "they", "such", "with", "existing", "recent", "specifically",
    "its", "their", "each", "many", "most", "more", "both", "all", "some", "several", "if", "since",
    "given", "on", "at", "from", "under", "over", "across", "along", "without", "unlike",
    "despite", "instead", "using", "based", "building", "motivated", "then", "next", "further",
    "also", "yet", "but", "where", "current", "modern", "standard", "previous",
    "conventional", "traditional", "typical", "experiments", "results",
})  # fmt: skip
# Before a name: J. Smith, J.-P. Serre.
INITIAL = re.compile(r"(?:[A-Z]\.-?)*[A-Z]")
ADVERB = re.compile(r"[A-Z][a-z]{1,20}(?:al|ab|ar|er|ate|ing|ed|ent|ant|ous|ive)ly,")
SENTENCE_END = re.compile(
    r"(?<![.!?…])[.!?…]+(?:\s?\[[\d,;\s–-]{1,30}\])?[\"'”’)\]]*(?=\s)|[。！？]+[」』”’）]*(?=.)"
    # A lost space: "… of images.We show …".
    r"|(?<=[a-z]{4})\.(?=(?:We|The|This|These|In|Our|To|It|However|Here|Experiments)\b,? )"
)
SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d)\.?", re.I)
LETTERS = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h",
    "ŧ": "t", "ŋ": "n",
})  # fmt: skip


def clean(text: str) -> str:
    """`text` as one line of plain characters: no LaTeX, markup, entity, control or direction mark.

    The same text comes back from a second call; 1 MB of braces costs no more than a long abstract.
    """
    text = text[:LONGEST]
    # What one round uncovers (`&amp;lt;`) the next one reads; real text needs at most three.
    for _ in range(5):
        before = text
        text = tidy(unmarked(text) if TRIGGER.search(text) else text)
        if text == before:
            return text
    return tidy(re.sub(r"[\\$&<~`'^*-]+", " ", text))


def unmarked(text: str) -> str:
    text = ENTITY.sub(lambda match: html.unescape(match.group()), text)
    text = TAG.sub(" ", text) if "<" in text else text
    text = COMMENT.sub("", text) if "%" in text else text
    if "\\" in text or "$" in text:
        text = latex.to_text(UNPRINTABLE.sub("", text))
        text = GAP.sub("", text)
    if "^" in text or "_{" in text:
        text = SCRIPT.sub(moved, text)
    for word, (command, shown) in LOST.items():
        if word in text:
            text = command.sub(shown, text)
    if "~" in text:
        text = TIE.sub(" ", text)
    if "--" in text:
        text = re.sub(r"(?<![-!<])---(?![->])", "—", text)
        text = re.sub(r"(?<=[\w×%°])--(?=\w)|(?<=\s)--(?=\s)", "–", text)
    if "``" in text or "''" in text:
        text = re.sub(r"(?:``|'')(?=\w)", "“", re.sub(r"(?<=\S)''", "”", text)).replace("``", "“")
        text = QUOTATION.sub(r"“\1”", text)
    if "*" in text:
        text = MARKDOWN.sub(lambda match: match.group().strip("*"), text)
    return text


def moved(match: re.Match[str]) -> str:
    """A script, raised or lowered."""
    mark, inside = filter(None, match.groups())
    return latex.to_text(f"${mark}{{{inside}}}$")


def tidy(text: str) -> str:
    """Printable characters only, composed (NFC), with single spaces and none before a stop."""
    text = " ".join(UNPRINTABLE.sub("", text).split())
    text = unicodedata.normalize("NFC", text)
    text = text if text.isascii() else MARKS.sub(fewer_marks, text)
    return text[:LONGEST].rstrip()


def fewer_marks(match: re.Match[str]) -> str:
    """The characters matched, with MOST_MARKS marks in a row at most."""
    kept: list[str] = []
    row = 0
    for character in match.group():
        row = row + 1 if unicodedata.category(character) in ("Mn", "Me", "Mc") else 0
        if row <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def sentences(text: str) -> list[str]:
    """`text`, already clean, cut where its sentences end."""
    found = []
    start = 0
    for match in SENTENCE_END.finditer(text):
        if ends_here(text, match):
            found.append(text[start : match.end()].strip())
            start = match.end()
    if rest := text[start:].strip():
        found.append(rest)
    return found


def ends_here(text: str, match: re.Match[str]) -> bool:
    """Whether the stop just matched ends a sentence: what stands before and after decides."""
    if match.group()[0] in "。！？":
        return True
    after = text[match.end() : match.end() + 40].lstrip()
    following = re.match(r"[\"'“‘(\[¿¡]*(\S+)", after)
    if following is None or not opens(following.group(1)):
        return False
    if match.group()[0] != "." or len(match.group()) > 1:
        return True
    opener = following.group(1).rstrip(",:;").casefold()
    last = text[max(0, match.start() - 40) : match.start()].split()[-1:]
    word = last[0].lstrip("\"'“‘([").rstrip(",") if last else ""
    if INITIAL.fullmatch(word):
        return opener in OPENERS or ADVERB.fullmatch(following.group(1)) is not None
    if word.casefold() in NUMBERED:
        return not opener[:1].isdigit()
    if abbreviated(word):
        return word in LOOSE and opener in OPENERS
    return True


def abbreviated(word: str) -> bool:
    dotted = word.casefold() if "." in word else word
    return dotted in ABBREVIATIONS or dotted[:1].lower() + dotted[1:] in ABBREVIATIONS


def opens(word: str) -> bool:
    """A sentence opens with a capital, a digit, a script without case, or a name like vLLM."""
    first = word[0]
    if first.islower():
        return any(c.isupper() for c in word[1:6])
    return first.isalnum() or first in "$£€#@τ"


def needs_space(text: str) -> bool:
    return bool(text) and text[-1] not in "。！？」』"


def shortened(text: str, limit: int, *, least: int = 0) -> str:
    """`text`, cut behind a word and marked, where it is longer than `limit` characters.

    A small word or an open bracket at its end goes too, as long as `least` characters stay. Cut
    inside a word where less than `least` or half of `limit` would be left, and anywhere in a
    script without spaces.
    """
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    if text[limit - 1] != " " and (word_end := head.rfind(" ")) > max(limit // 2, least):
        head = head[:word_end]
    return settled(head, max(least, SETTLED_SHORTEST)) + "…"


def settled(head: str, least: int) -> str:
    """`head` without the signs and small words at its end, as long as `least` characters stay."""
    while True:
        head = head.rstrip(OPEN_ENDS)
        before, _, last = head.rpartition(" ")
        before = before.rstrip(OPEN_ENDS)
        signs = not any(map(str.isalnum, last))
        if len(before) < least or not (signs or last.lstrip(OPENING).casefold() in SMALL):
            return head
        head = before


def author_key(name: str) -> str:
    """A name without accents, case and punctuation: `José García-Ruiz` is `jose garcia ruiz`.

    `Garcia, José` is turned round. Empty where nothing is left to compare.
    """
    return folded(author_name(name))[:200].rstrip()


def author_name(name: str) -> str:
    """A name fit to print, first names first: `García-Ruiz, José` is `José García-Ruiz`."""
    name = clean(name)
    last, comma, first = name.partition(",")
    if comma and first.strip() and "," not in first and not SUFFIX.fullmatch(first.strip()):
        return f"{first.strip()} {last.strip()}"
    return name


def title_key(title: str, first_author: str) -> str:
    """What two records without a common id are compared by: hashes of title and last name.

    The first 32 characters are the title's; without an author there are no others.
    """
    words = author_key(first_author).split()
    key = digest(folded(clean(title)).replace(" ", ""))
    return key + digest(words[-1]) if words else key


def folded(text: str) -> str:
    """Letters and digits of any script in lower case without accents, single spaces between."""
    text = unicodedata.normalize("NFKD", text).casefold().translate(LETTERS)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]|_", " ", text.replace("'", "").replace("’", "")).split())


def digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
