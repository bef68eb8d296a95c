"""A summary says what was done and what came out, in the abstract's own sentences."""

import gzip
import json
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from papers import summaries, text
from papers.intake import ingest
from papers.models import Paper
from papers.sources.base import PaperRecord
from tests.factories import NOW

PROBLEM = "Long notes are hard to read, and nobody has the time that reading them would take."
CLAIM = (
    "We propose Twine, a reader that finds in twelve pages of notes the one sentence that counts."
)
DETAIL = "Twine keeps a short list of candidates and strikes out one of them at each page."
RESULT = "Experiments on four sets of notes show that Twine halves the error of earlier readers."
FIGURES = "On the hardest set Twine achieves 83% with a tenth of the memory that others take."
HOPE = "We hope that Twine helps all who read notes, and its code is at https://example.org/twine."


@pytest.mark.parametrize(
    ("abstract", "summary"),
    [
        ([PROBLEM, CLAIM, DETAIL, RESULT], [CLAIM, RESULT]),
        ([CLAIM, RESULT, FIGURES], [CLAIM, FIGURES]),
        ([PROBLEM, CLAIM, DETAIL], [CLAIM, DETAIL]),
        ([PROBLEM, CLAIM, HOPE], [PROBLEM, CLAIM]),
        ([PROBLEM, "We propose Twine.", DETAIL, RESULT], ["We propose Twine.", DETAIL, RESULT]),
        ([PROBLEM, f"However, {PROBLEM}", RESULT], [RESULT]),
        ([PROBLEM, DETAIL, PROBLEM], [PROBLEM, DETAIL]),
        ([PROBLEM, f"In this paper, {CLAIM}", RESULT], [f"In this paper, {CLAIM}", RESULT]),
    ],
)  # fmt: skip
def test_a_summary_is_what_was_done_and_what_came_out(abstract, summary):
    assert summaries.summarise(" ".join(abstract)) == " ".join(summary)


def test_what_others_achieve_is_no_claim_and_neither_is_a_question():
    others = "Readers of notes have improved by 40% in ten years, and achieve what nobody thought."
    own = "Our loom needs neither pages nor hands, and leaves all other looms behind for good."

    summary = summaries.summarise(f"{others} What do we read? {others} {own} {DETAIL}")

    assert summary == f"{own} {DETAIL}"


def test_a_claim_that_only_names_a_thing_is_followed_by_what_it_is():
    detail = f"{DETAIL[:-1]}, and never looks back at what it has struck out some pages before."
    result = f"{RESULT[:-1]}, and that nobody who has tried it goes back to them."

    summary = summaries.summarise(f"{PROBLEM} We propose Twine. {detail} {result}")

    assert summary == f"We propose Twine. {detail}"


def test_a_claim_behind_two_leaning_sentences_gives_way_to_the_next():
    leaning = "Yet nobody asks them. Under such conditions, our study finds that none is read."

    assert summaries.summarise(f"{PROBLEM} {leaning} {CLAIM} {RESULT}") == f"{CLAIM} {RESULT}"


@pytest.mark.parametrize(
    "claim",
    [
        "We first introduce a loom for strings, and measure it.",
        "In this work, a loom for strings is woven of strings alone.",
        "This technical report describes a loom for strings.",
        "Our study compares looms for strings of many kinds.",
        "Here we weave strings on a loom that needs no hands.",
        "A loom for strings is presented, with all that it needs.",
        "Objective: To weave strings without a loom.",
    ],
)
def test_authors_say_in_many_ways_what_they_did(claim):
    assert summaries.summarise(f"{PROBLEM} {PROBLEM} {claim}").endswith(claim)


@pytest.mark.parametrize(
    ("opener", "shown"),
    [
        ("To this end, we", "We"),
        ("To close this gap, in this paper, we", "In this paper, we"),
        ("Motivated by these limits, we", "We"),
        ("However, we", "We"),
        # What says more than a mere joint stays.
        ("To read long notes, we", "To read long notes, we"),
        ("In this paper, we", "In this paper, we"),
    ],
)
def test_a_claim_loses_only_what_joins_it_to_the_sentence_before(opener, shown):
    rest = CLAIM.removeprefix("We")

    assert summaries.summarise(f"{PROBLEM} {opener}{rest} {RESULT}") == f"{shown}{rest} {RESULT}"


@pytest.mark.parametrize(
    "leaning",
    [
        "It also shows that all other readers of notes are outperformed by 40%.",
        "Under these conditions, it improves on all other readers of long notes by 40%.",
        "This improves by far on all other readers of very long notes, by 40%.",
        "We then show that Twine outperforms all other readers of long notes by 40%.",
    ],
)
def test_a_sentence_that_leans_is_told_only_behind_the_one_it_leans_on(leaning):
    apart = summaries.summarise(f"{CLAIM} {DETAIL} {leaning}")
    behind = summaries.summarise(f"{CLAIM} {leaning} {DETAIL}")

    assert (apart, behind) == (f"{CLAIM} {DETAIL}", f"{CLAIM} {leaning}")


def test_a_claim_that_leans_takes_its_predecessor_along():
    before = "Readers of notes lose the thread."
    claim = "Under such conditions, our study finds that only pictures help them."

    assert summaries.summarise(f"{PROBLEM} {before} {claim}") == f"{before} {claim}"


def test_an_abstract_that_speaks_of_no_work_is_summarised_by_its_opening():
    abstract = "我们提出一种方法。它很快！"

    assert summaries.summarise(abstract) == abstract


def test_a_first_sentence_that_is_far_too_long_is_cut_at_a_word():
    summary = summaries.summarise("word " * 200 + ".")

    assert summary.endswith("word…")
    assert len(summary) <= summaries.MOST


@pytest.mark.parametrize(
    ("summary", "short"),
    [
        (f"{PROBLEM} {CLAIM}", CLAIM),
        (f"{PROBLEM} To this end, we{CLAIM.removeprefix('We')}", CLAIM),
        (f"{DETAIL} {PROBLEM}", DETAIL),
        ("", ""),
    ],
)
def test_the_short_form_of_a_summary_is_its_claim(summary, short):
    assert summaries.claim(summary, 140) == short


def test_a_short_form_is_cut_at_a_word():
    assert summaries.claim(CLAIM, 40) == "We propose Twine, a reader that finds…"


SENTENCES = st.sampled_from([
    PROBLEM, CLAIM, DETAIL, RESULT, FIGURES, HOPE, "We show it.", "However, it is not.", "Why?",
    "To this end, we weave.", "This paper weaves.", f"We propose {'a loom and ' * 40}more.",
    "Moreover, we prove that 3% of it fit.", "它很快！", "wir weben hier.", "\\textbf{We} {argue.",
])  # fmt: skip
ABSTRACTS = st.lists(st.one_of(SENTENCES, st.text(max_size=40)), max_size=12).map(" ".join)


@given(ABSTRACTS)
@example("")
def test_a_summary_is_made_of_the_abstracts_sentences_in_their_order(abstract):
    whole = text.sentences(text.clean(abstract))

    summary = summaries.summarise(abstract)

    assert len(summary) <= summaries.MOST
    assert is_made_of(summary, whole) or whole[0].startswith(summary.removesuffix("…"))


def is_made_of(summary, whole):
    return not summary or any(
        summary.startswith(form) and is_made_of(summary[len(form) :].lstrip(), whole[number + 1 :])
        for number, sentence in enumerate(whole)
        for form in (sentence, summaries.upright(sentence))
    )


@given(ABSTRACTS, st.integers(10, 200))
def test_a_short_form_keeps_to_its_limit(summary, limit):
    assert len(summaries.claim(summary, limit)) <= limit


@pytest.mark.parametrize(
    "part",
    [
        "we ",
        "to we, ",
        "data ",
        "results a ",
        "this a-",
        "We show. ",
        "To a this ",
        ".",
        "A. ",
        "(",
    ],
)
def test_a_hundred_kilobytes_of_anything_cost_a_fraction_of_a_second(part):
    hostile = part * (100_000 // len(part))
    start = time.process_time()

    summaries.summarise(hostile)

    assert time.process_time() - start < 1


@pytest.mark.django_db
def test_a_sources_own_summary_stands_before_one_made_of_the_abstract():
    said = {"title": "Twine", "abstract": f"{PROBLEM} {CLAIM} {RESULT}", "authors": ("Ada Author",)}

    ingest([PaperRecord(source="arxiv", arxiv_id="2602.00001", **said)], now=NOW)
    ours = Paper.objects.get().summary
    ingest(
        [PaperRecord(
            source="hf", arxiv_id="2602.00001", summary="Twine reads.", summary_source="source",
            **said,
        )],
        now=NOW,
    )  # fmt: skip

    assert ours == f"{CLAIM} {RESULT}"
    assert Paper.objects.get().summary == "Twine reads."


@pytest.fixture(scope="module")
def real_abstracts(real_data):
    """Each seventh abstract that speaks of its authors' work."""
    files = [
        "arxiv_metadata/arxiv_2026-02_to_2026-03.jsonl.gz",
        "hf_daily_papers/compact_2024-05_to_2026-05.jsonl.gz",
    ]
    found = []
    for file in files:
        with gzip.open(real_data / file, "rt", encoding="utf-8") as lines:
            records = [json.loads(line) for number, line in enumerate(lines) if not number % 7]
        found += [record.get("abstract") or record.get("summary") or "" for record in records]
    return [abstract for abstract in found if len(abstract) > 400]


OWN_WORK = re.compile(
    r"\b(?:we|our|this (?:paper|work|study|article|survey|report|thesis))\b", re.I
)


@pytest.mark.realdata
def test_real_summaries_tell_of_the_authors_own_work(real_abstracts):
    speaking = [abstract for abstract in real_abstracts if OWN_WORK.search(abstract)]

    told = [bool(OWN_WORK.search(summaries.summarise(abstract))) for abstract in speaking]

    # The first sentences alone tell of it in a fifth of all abstracts.
    assert len(speaking) > 2_500
    assert sum(told) > 0.96 * len(told)


@pytest.mark.realdata
def test_real_summaries_keep_to_their_form(real_abstracts):
    made = [summaries.summarise(abstract) for abstract in real_abstracts]

    fitting = sum(summaries.LEAST <= len(summary) <= summaries.MOST for summary in made)
    assert max(map(len, made)) <= summaries.MOST
    assert fitting > 0.93 * len(made)
    assert sum(summary.endswith("…") for summary in made) < 0.003 * len(made)
    assert sum(map(summaries.leans, made)) < 0.003 * len(made)
