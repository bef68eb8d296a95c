"""Text as matching sees it: stems in order, the same for both spellings and for hyphens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import Stemmer

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
# Runs of scripts that are written without spaces are read as overlapping pairs of characters.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
# A hyphen after one of these joins: "multi-modal" and "multimodal" are one word.
_PREFIXES = frozenset(
    """
    anti auto bi co counter de hyper inter intra macro mega meta micro mini mono multi nano non
    over para poly post pre pseudo quasi re semi sub super trans tri ultra un under uni
    """.split()  # noqa: SIM905
)
# British endings and the American ones they are read as; the stem must keep three letters.
_SPELLINGS = (
    (re.compile(r"(?<=\w{3})is(e|ed|es|er|ers|ing|ation|ations|able)$"), r"iz\1"),
    (re.compile(r"(?<=\w{3})ys(e|ed|er|ers|ing)$"), r"yz\1"),
    (re.compile(r"(?<=\w{2})our(s|ed|ing|al|ally|able|ful|less|ist|ite)?$"), r"or\1"),
    (re.compile(r"(?<=\w{2})ell(ed|ing|er|ers|ings)$"), r"el\1"),
    (re.compile(r"(?<=[a-z]{2}[bt])re(s|d)?$"), r"er\1"),
    (re.compile(r"(?<=\w{3})ogue(s|d)?$"), r"og\1"),
)
STOP_WORDS = frozenset(
    """
    a about above across after again all also although among an and any are as at based be because
    been before being between both but by can could did do does due during each either et etc few
    for from further had has have having here how however i if in into is it its itself just may
    more most much must no nor not of off on once only or other our ours out over own per rather
    same several shall she should since so some such than that the their them then there thereby
    therefore these they this those through thus to too toward towards under until up upon use
    used uses using very via was we well were what when where whether which while who whom whose
    why will with within without would yet you your paper propose proposed present show shows
    novel approach method methods results existing e.g i.e
    """.split()  # noqa: SIM905
)
_stemmer = Stemmer.Stemmer("english")


def stems(text: str) -> list[str]:
    """The text's words in order: folded, one spelling, stemmed; stop words are kept.

    >>> stems("Multi-modal Colour models: text-to-video")
    ['multimod', 'color', 'model', 'text', 'to', 'video']
    """
    return [stem for word in _words(text) for stem in _stems_of(word)]


def content(stemmed: Iterable[str]) -> list[str]:
    """Without the words that say nothing about a subject."""
    return [stem for stem in stemmed if stem not in _STOP_STEMS and not stem.isdigit()]


def _words(text: str) -> Iterator[str]:
    if text.isascii():
        yield from _WORD.findall(text.lower())
        return
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    for word in _WORD.findall(plain):
        position = 0
        for run in _UNSPACED.finditer(word):
            if run.start() > position:
                yield word[position : run.start()]
            yield from _pairs(run.group())
            position = run.end()
        if position < len(word):
            yield word[position:]


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for first, second in pairwise(run):
        yield first + second


@lru_cache(maxsize=200_000)
def _stems_of(word: str) -> tuple[str, ...]:
    parts = [part for part in re.split(r"[-'’]", word) if part and part != "s"]
    joined: list[str] = []
    for part in parts:
        if joined and joined[-1] in _PREFIXES:
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(_stemmer.stemWord(_one_spelling(part)) for part in joined)


def _one_spelling(word: str) -> str:
    if len(word) < 5 or not word.isascii():
        return word
    for pattern, american in _SPELLINGS:
        word = pattern.sub(american, word)
    return word


_STOP_STEMS = frozenset(stem for word in STOP_WORDS for stem in _stems_of(word)) | STOP_WORDS
