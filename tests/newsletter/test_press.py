"""The press prints what the plain render prints."""

from email import message_from_bytes, policy

import hypothesis
import pytest
from hypothesis import strategies as st

from newsletter import cutting, facts, letter, press
from newsletter.archive import Archive
from newsletter.models import Digest, Edition, Entry
from papers import text
from subscribers.models import Subscriber
from tests import letters
from tests.factories import make_digest, make_paper
from tests.letter_checks import assert_rfc_clean
from tests.letters import (
    VARIANTS,
    digest_of,
    enter,
    make_topics,
    make_variant,
    reader,
    sample_papers,
)

pytestmark = pytest.mark.django_db


def plain(digest):
    (copy,) = facts.copies([digest])
    archive = Archive(facts.as_of(digest))
    archive.fetch(entry.paper_id for entry in copy.entries)
    return letter.printed(copy, archive.papers).data


def pressed(digest):
    """By the press itself: falling back to the plain render would prove nothing."""
    (copy,) = facts.copies([digest])
    archive = Archive(facts.as_of(digest))
    archive.fetch(entry.paper_id for entry in copy.entries)
    return letter.Run(copy, archive.papers).data(copy)


def decoded(data):
    """Headers, text and HTML as a mail program has them."""
    message = message_from_bytes(data.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    text, html = message.iter_parts()
    return (
        [(name, str(value)) for name, value in message.items()],
        [(name, str(value)) for part in (text, html) for name, value in part.items()],
        text.get_payload(decode=True),
        html.get_payload(decode=True),
    )


@pytest.mark.parametrize(
    ("sections", "asks"),
    [
        ("tmmm", "Answer three of them"),
        ("tmo", "Answer two of them"),
        ("to", "Answer the top pick"),
        ("t", "Answer the top pick"),
        ("oaa", ""),
    ],
)
def test_a_first_letter_asks_for_as_many_answers_as_it_can_be_given(sections, asks):
    make_topics()
    papers = sample_papers()
    digest = enter(digest_of(Digest.Kind.FIRST, subscriber=reader()), papers, sections)
    surprises = Entry.objects.filter(digest=digest, section=Entry.Section.OUTSIDE)
    surprises.update(reasons=[{"kind": "exploration", "topic": "Computer vision"}])

    data = pressed(digest)

    said = " ".join(decoded(data)[2].decode().split())
    assert asks in said
    assert ("Answer" in said) == bool(asks)
    assert ("this is the best" in said) == (sections == "t")
    assert decoded(data) == decoded(plain(digest))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_is_the_same_message(variant):
    digest = make_variant(variant)

    data = pressed(digest)

    for ours, reference in zip(decoded(data), decoded(plain(digest)), strict=True):
        assert ours == reference
    assert_rfc_clean(data)


def test_a_subject_keeps_the_no_break_space_of_its_language():
    digest = make_variant("weekly")
    digest.subscriber.language = "fr"

    data = pressed(digest)

    assert decoded(data) == decoded(plain(digest))
    assert any("Votre semaine\u00a0: " in value for _, value in decoded(data)[0])


@pytest.mark.parametrize("budget", [20_000, 40_000])
def test_a_letter_over_the_budget_is_the_same_message(budget, monkeypatch):
    digest = make_variant("largest")
    monkeypatch.setattr(letter, "HTML_BUDGET", budget)

    data = pressed(digest)

    assert decoded(data) == decoded(plain(digest))


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=200
) | st.sampled_from([
    "{{ x }}{% y %}", ".dots. in the\n.front", "=3D = quoted", "<b>&amp;</b> &lt;", "%s %(n)s",
    "長い" * 90, "long" * 45, "\ue000subject:0:0\ue001", " spaces  around ", "a: " * 60, "-- ",
])  # fmt: skip
SECTIONS = st.sampled_from(Entry.Section.values)
REASONS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(
                ["topic", "author", "trend", "keyword", "exploration", "rising", "?"]
            )
        },
        optional={
            "topic": WORDS,
            "author": WORDS,
            "text": WORDS,
            "upvotes": st.integers(0, 9999),
            "before": st.integers(0, 99),
            "total": st.integers(0, 99),
            "leads": st.booleans(),
        },
    ),
    max_size=3,
)
PAPERS = st.builds(
    facts.PaperFacts,
    id=st.integers(1, 2**40),
    title=WORDS.map(text.clean).filter(bool),
    summary=(WORDS | st.text(max_size=600)).map(text.clean),
    authors=st.lists(st.tuples(st.integers(1, 9), WORDS.map(text.clean)), max_size=6).map(tuple),
    url=st.sampled_from(["https://arxiv.org/abs/2602.00001", "", "https://a.example/?x=%27&y=%3D"]),
    pdf_url=st.sampled_from(["https://arxiv.org/pdf/2602.00001", ""]),
    code_url=st.sampled_from(["https://code.example/" + "x" * 300, ""]),
    stars=st.integers(0, 10**7),
    signal=st.builds(
        facts.Signal, st.sampled_from(["day", "rising", "stars", "votes", ""]), st.integers(1, 9999)
    ),
    topic=WORDS.map(text.clean),
)


@st.composite
def copies(draw):
    """Any digest, as facts.py would load it."""
    edition = Edition(
        pk=1, cadence=draw(st.sampled_from(Edition.Cadence.values)), date=letters.FRIDAY
    )
    reader = Subscriber(
        pk=draw(st.integers(1, 2**40)),
        email=draw(st.sampled_from(["ada@mail.example.net", f"{'a' * 60}@{'b' * 60}.example.org"])),
        name=draw(WORDS | st.just(""))[:80],
        language=draw(st.sampled_from(["en", "de", "fr", "es", "zh-hans", "ar"])),
        summaries=draw(st.sampled_from(Subscriber.Summaries.values)),
        weekdays=draw(st.integers(1, 127)),
    )
    digest = Digest(
        pk=1,
        edition=edition,
        subscriber=reader,
        kind=draw(st.sampled_from(Digest.Kind.values)),
        pool_size=draw(st.just(0) | st.integers(1, 10**6)),
        due_at=letters.DUE_AT,
        built_at=letters.DUE_AT,
    )
    papers = draw(st.lists(PAPERS, min_size=1, max_size=12, unique_by=lambda paper: paper.id))
    kinds = st.sampled_from([("version", "3"), ("venue", "ICML <2026>"), ("code", ""), ("?", "")])
    digest.updates = [
        {"paper": paper.id, "kind": kind, "detail": detail}
        for paper, (kind, detail) in zip(papers, draw(st.lists(kinds, max_size=3)), strict=False)
    ]
    entries = tuple(
        facts.EntryFacts(paper.id, draw(SECTIONS), tuple(draw(REASONS))) for paper in papers
    )
    topics = tuple(draw(st.lists(WORDS.filter(text.clean), max_size=4)))
    week = facts.Week(draw(st.integers(0, 3)), draw(st.integers(0, 3)))
    followed = frozenset(draw(st.lists(st.integers(1, 9), max_size=2)))
    copy = facts.Copy(digest, digest.subscriber, digest.edition, entries, topics, followed, week)
    return copy, {paper.id: paper for paper in papers}


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(copies())
def test_any_digest_is_the_same_message(loaded):
    copy, papers = loaded

    data = letter.Run(copy, papers).data(copy)
    plainly = letter.printed(copy, papers).data

    for ours, reference in zip(decoded(data), decoded(plainly), strict=True):
        assert ours == reference
    assert_rfc_clean(data)
    assert data.isascii()
    assert plainly.isascii()  # what is sent where the press cannot


def test_an_entry_for_the_same_reasons_is_one_object_in_every_batch():
    papers = sample_papers(2)
    make_topics()
    digests = [
        enter(digest_of(subscriber=reader(email=f"{n}@mail.example.net")), papers, "tm")
        for n in range(2)
    ]
    shared = facts.Entries()

    (first,), (second,) = (facts.copies([digest], shared) for digest in digests)

    assert first.entries[0] is second.entries[0]
    assert first.entries[0] is not first.entries[1]


def test_the_kept_entries_never_grow_without_end(monkeypatch):
    monkeypatch.setattr(facts, "ENTRIES_MOST", 3)
    shared = facts.Entries()

    made = [shared.of(paper_id, Entry.Section.TOP, "[]") for paper_id in range(20)]

    assert [entry.paper_id for entry in made] == list(range(20))
    assert len(shared._made) <= 3


def test_letters_printed_one_after_another_share_parts_and_nothing_else():
    papers = sample_papers(6)
    make_topics()
    digests = [
        enter(
            digest_of(subscriber=reader(name=name, email=f"{name}@mail.example.net")),
            papers,
            "tmmmo",
        )
        for name in ("ada", "bo", "cy")
    ]

    printed = list(letter.print_batch(digests))

    for digest, each in zip(digests, printed, strict=True):
        assert decoded(each.data) == decoded(plain(digest))


def test_what_the_press_cannot_cut_is_rendered_plainly(monkeypatch):
    def refuse(self, letter):
        raise cutting.PressError("a template of the operator's own")

    monkeypatch.setattr(press.Press, "sheet", refuse)
    digest = make_digest()

    (printed,) = letter.print_batch([digest])

    assert printed.data == plain(digest)


def test_a_press_forgets_rather_than_grow_without_end(monkeypatch):
    monkeypatch.setattr(press, "FRAGMENTS_MOST", 3)
    digests = [make_digest(papers=[make_paper(), make_paper()]) for _ in range(4)]

    printed = list(letter.print_batch(digests))

    for digest, each in zip(digests, printed, strict=True):
        assert decoded(each.data) == decoded(plain(digest))
