"""Two sentences of an abstract that say what was done and what came out.

Sentences are chosen, never written. Each is known by a few phrases that abstracts of every field
use (cue phrases: Edmundson 1969, "New Methods in Automatic Extracting"; what a sentence does in
its paper: Teufel and Moens 2002, "Summarizing Scientific Articles"). They are English; an abstract
without them is summarised by its first sentences.
"""

from __future__ import annotations

import re

from papers.text import clean, needs_space, sentences, shortened

LEAST, MOST = 160, 320  # characters
# A claim so short only names a thing; the next sentence says what that is.
BRIEF = 80
# No abstract has more sentences; a hostile one costs no more than this many.
READ = 60

PAPER = (
    r"(?: [\w'-]{1,15})? (?:paper|work|study|article|note|survey|review|report|thesis|research"
    r"|chapter|tutorial|monograph)\b"
)
ADVERB = r"(?:(?:\w{2,20}ly|first|also|then|thus|therefore|further|next|here|instead) )?"
# What the authors did …
DONE = re.compile(
    rf"\bwe {ADVERB}(?:propose|introduce|present|develop|design|build|construct|create|describe"
    r"|study|investigate|examine|explore|analy[sz]e|consider|formulate|formali[sz]e|establish"
    r"|derive|prove|provide|extend|review|survey|argue|revisit|characteri[sz]e)d?\b"
    rf"|\b(?:this|our|the){PAPER} {ADVERB}(?!was\b|is supported)\w{{2,15}}(?:s|ed)\b"
    rf"|\bin (?:this|our){PAPER}, |^here,? we |\b(?:is|are) (?:proposed|introduced|presented)\b"
    r"|^(?:objectives?|aims?|purpose): ",
    re.I,
)
# … anything else that they say of themselves …
OURS = re.compile(r"\b(?:we|our)\b", re.I)
# … and what came out; a figure of it is best.
FOUND = re.compile(
    rf"\bwe {ADVERB}(?:show|find|found|prove|demonstrate|observe|reveal|discover|achieve|obtain"
    r"|conclude|report|establish|identify)\b"
    r"|\b(?:results?|experiments?|evaluations?|analys[ie]s|findings|simulations|benchmarks|studies)"
    r" (?:[\w-]{1,20} ){0,6}(?:show|demonstrate|confirm|reveal|indicate|suggest|validate|verify)"
    r"|\b(?:outperform|surpass|exceed|achiev|improv|reduc|match|attain|yield)(?:e?s|ed|es|ing)?\b"
    r"|^(?:results?|findings|conclusions?): ",
    re.I,
)
FIGURE = re.compile(r"\d ?(?:%|×|x\b|percent|points?\b)|\d-fold")
# What is never taken beside a claim: addresses, hopes, questions.
ASIDE = re.compile(
    r"://|\b(?:code|data|datasets?|models?|page)\b[^.]{0,60}\bavailable\b|\bwe (?:hope|believe)\b"
    r"|\?$",
    re.I,
)
# A sentence that opens so leans on the one before it …
LEANING = re.compile(
    rf"(?:this|that)\b(?!{PAPER})|(?:these|those|it|its|they|their|such|both|each|here)\b(?!,? we)"
    r"|(?:however|yet|but|and|instead|rather|then|next|also|second|third|moreover|furthermore"
    r"|further|additionally|in addition|specifically|concretely|in particular|thus|therefore|hence"
    r"|consequently|accordingly|subsequently|as a result|in response|in contrast|by contrast"
    r"|meanwhile|finally|lastly|nevertheless|crucially|notably|for example|for instance|similarly"
    r"|besides|conversely|otherwise|likewise|overall|together|first|firstly|secondly|thirdly)\b"
    r"|we (?:also|then|further|next|thus|therefore|additionally|finally)\b|\(?[2-9ivx]{1,3}\)"
    r"|(?!we\b|our\b)[^,]{1,50} (?:this|these|that|such|those|so|its?|their|them)\b"
    rf"(?!{PAPER})[^,]{{0,40}}, ",
    re.I,
)
# … but what only joins it on, before what the authors did, may go.
JOINT = re.compile(
    r"(?:(?:to|based on|building (?:up)?on|motivated by|inspired by|guided by|in response to)"
    r" [^,]{1,60}|furthermore|moreover|additionally|in addition|specifically|concretely|therefore"
    r"|thus|hence|consequently|accordingly|in response|finally|however|instead|in contrast), ",
    re.I,
)
AUTHORS = re.compile(rf"we\b|(?:in )?(?:this|our){PAPER}", re.I)


def summarise(abstract: str) -> str:
    """What was done and what came out, in the abstract's own order: 160 to 320 characters.

    Whole sentences wherever they fit; where none speaks of the authors' own work, the first ones.
    """
    found = sentences(clean(abstract))
    return claims(found[:READ]) or opening(found)


def claim(summary: str, limit: int) -> str:
    """The sentence of a summary that says what was done, else its first, cut at a word."""
    found = sentences(clean(summary))
    told = next(filter(DONE.search, found), found[0] if found else "")
    return shortened(upright(told), limit)


def claims(found: list[str]) -> str:
    """The first sentence that says what was done, with what best goes along; or nothing."""
    for cue in (DONE, OURS, FOUND):
        for number, sentence in enumerate(found):
            if not cue.search(sentence) or sentence.endswith("?"):
                continue
            chosen = {number: upright(sentence)}
            if leans(chosen[number]) and number:
                chosen[number - 1] = found[number - 1]
            if len(joined(chosen)) <= MOST and not leans(chosen[min(chosen)]):
                return joined(accompanied(chosen, found, number))
    return ""


def accompanied(chosen: dict[int, str], found: list[str], told: int) -> dict[int, str]:
    """`chosen`, with sentences of `found` until there are two that fill the least length."""
    for number in companions(found, told):
        if len(chosen) > 1 and len(joined(chosen)) >= LEAST:
            break
        follows = number - 1 in chosen
        sentence = found[number] if follows else upright(found[number])
        longer = {**chosen, number: sentence}
        if len(joined(longer)) <= MOST and (follows or not leans(sentence)):
            chosen = longer
    return chosen


def companions(found: list[str], told: int) -> list[int]:
    """What came out, figures first; then what stands beside the claim, or anywhere after it."""
    after = [n for n in range(told + 1, len(found)) if not ASIDE.search(found[n])]
    results = [n for n in after if FOUND.search(found[n])]
    results.sort(key=lambda n: not FIGURE.search(found[n]))
    before = [n for n in range(max(told - 1, 0), told) if not ASIDE.search(found[n])]
    return [*after[: len(found[told]) < BRIEF], *results, *after[:1], *before, *after]


def leans(sentence: str) -> bool:
    return LEANING.match(sentence) is not None


def upright(sentence: str) -> str:
    """The sentence without what only joins it to the one before: `To this end, we` is `We`."""
    joint = JOINT.match(sentence)
    if joint is None or not leans(sentence) or not AUTHORS.match(sentence, joint.end()):
        return sentence
    return sentence[joint.end()].upper() + sentence[joint.end() + 1 :]


def joined(chosen: dict[int, str]) -> str:
    return " ".join(chosen[number] for number in sorted(chosen))


def opening(found: list[str]) -> str:
    """The first sentences: two, or as many as make 160 characters; one too long is cut."""
    summary = ""
    for number, sentence in enumerate(found):
        longer = f"{summary} {sentence}" if needs_space(summary) else summary + sentence
        if summary and (len(longer) > MOST or (number >= 2 and len(summary) >= LEAST)):
            break
        summary = longer
    return shortened(summary, MOST)
