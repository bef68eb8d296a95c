"""Where a paper was accepted, read from its authors' comment.

Comments are free text: "12 pages, accepted at NeurIPS 2026 (spotlight). Code: …". What is not
surely a name is left out; a missing venue costs a line, a wrong one the reader's trust.
"""

from __future__ import annotations

import re

from papers import text

LONGEST = 80  # characters
LENGTH = 2_000  # of a comment; no real one is longer

DATED = r"\b[A-Z][A-Za-z]*[A-Z][A-Za-z]*(?: |-|'|’| ')?(?:20)?\d\d\b"  # CVPR 2026, CHI'26
# "Accepted as a full paper at the", "to appear in the proceedings of": what follows is a name.
ACCEPTED = re.compile(
    r"(?<!\bnot )(?<!\bif )(?<!\bconditionally )\b"
    r"(?:accept(?:t?ed)?|to appear|to be published|camera[- ]ready|published(?= as)) (?:version )?"
    r"(?:(?:as|for|and|to|an?|the|be|appear|main|full|short|long|regular|conference|workshop"
    r"|journal|paper|article|manuscript|oral|poster|spotlight|highlight|presentation|presented"
    r"|publication|published|inclusion|session|symposium|book|chapter|extended|abstract) ){0,7}"
    r"(?:(?:at|by|in|to|for|@|main conference of)"
    r" (?:the |(?-i:proceedings of )|proc(?:\.|eedings) of the ){0,3}"
    rf"(?=(?-i:[A-Z0-9]))|(?=(?-i:{DATED})))",
    re.I,
)
# "CVPR 2026 accepted", "ICLR'26 (Camera-ready)": an acronym with its year alone.
BEFORE = re.compile(
    rf"(?:^|[.,;] )(?P<name>{DATED}),? \(?(?:main paper )?"
    r"(?i:accept(?:ed)?|camera[- ]ready)\b(?! (?:at|by|in|to|for|as)\b)"
)
# Another text than this one was accepted.
OTHER = re.compile(
    r"\b(?:earlier|previous|preliminary|prior|short|shorter|abridged|extended|conference|journal)"
    r" (?:[a-z]+ )?(?:version|abstract|form)\b[^.;]*$",
    re.I,
)
# What is said behind the name.
BEHIND = re.compile(
    r"[;<>{}\[\]$\\*|]|\s[:/]\s|\b(?:https?:|www\.)|://|[\s,(–—-]+(?:"
    r"\d+ ?(?:\+ ?\d+ ?)?-?(?:pages?|pp|figures?|tables?|p)\b|arxiv\b|doi\b|this \w* ?url\b"
    r"|with (?=(?-i:[a-z0-9])|appendi)|(?:which|where|that|co-?located|held|see|oral|poster"
    r"|spotlight|final|full|camera|preprint|volume|vol"
    r"|and (?:to|will|is|was|presented|published))\b"
    r"|(?:codes?|project|github|website|webpage|homepage|repository|datasets?|models?|supplementary"
    r"|openreview)\b(?=[\w ]{0,25}(?::|\b(?:available|is|are|will)\b))"
    r"|(?:as|for) (?:an?|oral|poster|spotlight|regular|full|short|long|main|publication"
    r"|presentation)\b|on (?=\d)|(?<=[–—-] )(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))",
    re.I,
)
# A stop behind one of these, or behind an initial, is part of a journal's name.
ABBREVIATED = frozenset({
    "Acad", "Adv", "Am", "Anal", "Ann", "Annu", "Appl", "Artif", "Assoc", "Astron", "Astrophys",
    "Autom", "Biol", "Chem", "Commun", "Comput", "Conf", "Dr", "Electron", "Eng", "Inf", "Inform",
    "Int", "Intell", "Intl", "Knowl", "Learn", "Lett", "Mach", "Mag", "Math", "Mech", "Med", "Mon",
    "Nat", "Netw", "Not", "Opt", "Pattern", "Phys", "Prob", "Proc", "Process", "Res", "Rev",
    "Robot", "Sci", "Soc", "Softw", "St", "Stat", "Symp", "Syst", "Theor", "Trans", "Univ", "Vis",
})  # fmt: skip
STOP = re.compile(r"(?P<word>[\w'’)]+)\.(?=\s|$)|[!?]")
# "(ICASSP)", "(AAAI-26)", "(WWW '26)", "(LoResMT workshop)", and what belongs to it behind.
TAIL = r"(?P<year>,? (?:19|20)\d\d\b)?(?: (?:workshops?|findings|annals|demos?)\b)?"
ACRONYM = re.compile(
    rf" ?\((?P<name>(?=[^()]*[A-Z][a-z]{{0,8}}[A-Z&])[\w'’&/. -]{{2,20}})\)(?i:{TAIL})"
)
PART = re.compile(rf" ?\([\w'’ -]{{0,60}}(?:findings|workshop|track)\){TAIL}", re.I)
# Then the acronym is not that of the whole.
WITHIN = re.compile(r"\b[Ww]orkshop (?:of|at|@) |\([^()]*\b[a-z]+ ")
YEAR = re.compile(r", (?:19|20)\d\d\b")
# Behind a comma: ", Speech", ", and Signal Processing".
LISTED = re.compile(
    r",(?: (?:and|of|for|on|in|the|at|&|[A-Z][\w'’&/:-]*|(?:19|20)\d\d)(?=[ ,]|$))+"
)
GATHERING = re.compile(r"\b(?:Trans|Conf|Journal|Workshop|Symposi|Congress|Letters)", re.I)
# Publishers and months are no venues.
NO_VENUE = re.compile(
    r"(?:the )?(?:ieee|acm|springer|elsevier|mdpi|wiley|arxiv|lncs|lnns|openreview|github"
    r"|proceedings|main|findings)?(?: (?:nature|journals?|conferences?|workshops?|proceedings"
    r"|transactions|xplore|track))*"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|spring|summer|fall|winter)[a-z]*"
    r"(?: \d{2,4})?|publication|presentation|oral|poster|[\W\d]*",
    re.I,
)


def accepted_at(comment: str) -> str:
    """The name of the conference or journal, at most 80 characters; empty where in doubt."""
    comment = text.clean(comment[:LENGTH])
    for match in ACCEPTED.finditer(comment):
        before = comment[max(0, match.start() - 150) : match.start()]
        if not OTHER.search(before) and (name := venue(comment[match.end() :])):
            return name
    alone = BEFORE.search(comment)
    return alone["name"] if alone else ""


def venue(rest: str) -> str:
    """The name at the beginning of `rest`."""
    rest = sentence(BEHIND.split(f" {rest[:200]}", maxsplit=1)[0])
    name = re.match(r"[^,(]*", rest).group()  # type: ignore[union-attr]
    name += listed(name, rest)
    if year := YEAR.match(rest, len(name)):
        name += year.group()
    if acronym := ACRONYM.match(rest, len(name)):
        name += acronym.group()
        if len(name.strip()) > LONGEST and not WITHIN.search(name):
            name = acronym["name"] + (acronym["year"] or "")
    elif part := PART.match(rest, len(name)):
        name += part.group()
    if len(name.strip()) > LONGEST:
        name = name.partition(": ")[0]
    name = name.strip(" .,:–—-")
    return name if is_venue(name) else ""


def listed(name: str, rest: str) -> str:
    """What a comma cut off: `, Speech, and Signal Processing`; nothing where it is another matter.

    The list ends with its "and"; a place behind a name has none.
    """
    end = len(name)
    while name[-1:].islower() and (part := LISTED.match(rest, end)):
        end = part.end()
        if re.search(r" (?:and|&) ", part.group()):
            return rest[len(name) : end] if GATHERING.search(rest[:end]) else ""
    return ""


def sentence(rest: str) -> str:
    """`rest` up to the stop that ends its first sentence."""
    for stop in STOP.finditer(rest):
        word = stop["word"]
        if word is None or not (word in ABBREVIATED or re.fullmatch(r"(?:[A-Z]\.)*[A-Z]", word)):
            return rest[: stop.end()]
    return rest


def is_venue(name: str) -> bool:
    return (
        len(name) <= LONGEST
        and re.search(r"[A-Z]", name) is not None
        and not re.search(r"\b(?:on|of|in|for|and|the|at|to|by)$|:/|\barxiv\b", name, re.I)
        and name.count('"') % 2 == 0
        and NO_VENUE.fullmatch(name) is None
    )
