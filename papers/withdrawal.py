"""Whether a paper's comment or abstract says that this very paper was withdrawn.

A wrong "withdrawn" is told to readers, a missed one only stays unsaid: so what is not plainly about
this paper does not count, and a paper about retractions is none.
"""

from __future__ import annotations

import re

SHORT = 300  # characters; so long is an abstract that stands in the place of the paper

_WORK = r"(?:arxiv )?(?:paper|article|manuscript|submission|work|preprint|version|note|draft)"
_HOW = r"(?:(?:now|since|hereby|already|temporarily|formally|voluntarily|permanently) )*"
_IS = rf"(?:has|have|is|was) {_HOW}(?:been |being )?{_HOW}"
_DONE = (
    r"(?:(?:withdrawn|retracted)\b(?!-)(?! from (?!(?:the )?arxiv|publication))|removed by arxiv\b)"
    r"(?! (?:and|but) (?:then |later |now |since )?(?:re-?submitted|re-?posted|reinstated))"
)
_START = r"(?:^|[.;:!?)\]]\s*)"
# What may follow where nothing says "this paper": a reason or the one who did it, no noun.
_BEHIND = (
    r"(?=$|[.;:!)\]]|,? \(|,? (?:due to|because|owing to|pending|until|at the request)\b"
    r"|,? (?:since|as) (?:the|it|there|an?|we|most|some)\b"
    r"|,? by (?:the |its |both |all )?(?:(?:co-?)?authors?|submitters?|arxiv|publisher|editors?)\b)"
)

# In any comment or abstract: said of this paper, or by its authors.
PLAIN = re.compile(
    rf"{_START}(?:this {_WORK} {_IS}{_DONE}"
    rf"|(?:(?:the|all|both) (?:co-?)?authors?|we|i) (?:(?:has|have) {_HOW}(?:withdrawn|retracted)"
    rf"|{_HOW}(?:withdraws?|retracts?)) this {_WORK}\b(?! from (?!(?:the )?arxiv)))",
    re.I,
)
# Only in a comment or a short abstract.
BRIEF = re.compile(
    rf"(?:{_START}|,\s*|\b(?=(?-i:This)))this {_WORK} (?:{_IS}{_DONE}"
    rf"|(?:was|is|has|had|contains?|contained)\b(?:(?!\b(?:that|which|who)\b)[^.;]){{0,80}}?"
    rf" and {_IS}{_DONE})"
    rf"|{_START}(?:(?:the |our )?{_WORK} (?:{_IS})?)?{_HOW}{_DONE}{_BEHIND}"
    rf"|{_START}(?:(?:the|all|both) )?(?:(?:co-?)?authors?|we|i) (?:(?:has|have) )?{_HOW}"
    rf"(?:withdrawn|retracted|withdraws?|retracts?) (?:the|our|my) {_WORK}\b(?! from)",
    re.I,
)


def is_withdrawn(comment: str, abstract: str) -> bool:
    """Whether one of them, already clean, says so."""
    said = [comment] + ([abstract] if len(abstract) < SHORT else [])
    return any(BRIEF.search(words) for words in said) or any(
        PLAIN.search(words) for words in (comment, abstract)
    )
