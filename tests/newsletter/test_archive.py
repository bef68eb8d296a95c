"""What a letter says of its papers stays as it was printed."""

import json
from datetime import timedelta

import hypothesis
import pytest
from hypothesis import strategies as st

from newsletter import archive, letter
from newsletter.archive import Archive
from newsletter.facts import PaperFacts, Signal
from newsletter.models import PrintedPaper
from papers.models import Paper, PaperTopic
from tests.factories import NOW, make_digest, make_paper, make_topic


def printed(digest):
    (made,) = letter.Printer().print([digest])
    return made.data


@pytest.mark.django_db
@pytest.mark.parametrize("text_only", [False, True])
def test_a_retry_prints_the_same_bytes_whatever_sources_said_in_between(text_only):
    paper = make_paper(title="On nine", stars=1_200, code_url="https://example.org/nine")
    digest = make_digest(papers=[paper])
    digest.subscriber.text_only = text_only
    digest.subscriber.save()
    before = printed(digest)

    Paper.objects.update(title="On ten", stars=5_300, summary="Ten is one more than nine.")
    PaperTopic.objects.create(paper=paper, topic=make_topic(), score=2.0, belongs=True)

    assert b"On nine" in before
    assert printed(digest) == before


@pytest.mark.django_db
def test_a_later_instant_prints_what_is_known_then():
    paper = make_paper(title="On nine")
    digest = make_digest(papers=[paper])
    printed(digest)
    Paper.objects.update(title="On ten")

    digest.due_at += timedelta(hours=1)

    assert b"On ten" in printed(digest)


@pytest.mark.django_db
def test_of_two_printers_at_the_same_time_the_first_one_counts(monkeypatch):
    paper = make_paper(title="On nine")
    first = Archive(NOW, keeps=True)
    second = Archive(NOW, keeps=True)
    read = archive.paper_facts

    def slowly(ids, *, as_of):
        found = read(ids, as_of=as_of)
        monkeypatch.setattr(archive, "paper_facts", read)
        Paper.objects.update(title="On ten")
        first.fetch(ids)
        return found

    monkeypatch.setattr(archive, "paper_facts", slowly)
    second.fetch([paper.pk])

    assert first.papers[paper.pk].title == second.papers[paper.pk].title == "On ten"


@pytest.mark.django_db
def test_who_only_looks_leaves_nothing_behind():
    paper = make_paper()

    Archive(NOW).fetch([paper.pk])

    assert not PrintedPaper.objects.exists()


@pytest.mark.django_db
def test_what_another_version_stored_is_read_anew():
    paper = make_paper(title="On nine")
    PrintedPaper.objects.create(as_of=NOW, paper=paper, facts={"headline": "?"})
    papers = Archive(NOW)

    papers.fetch([paper.pk])

    assert papers.papers[paper.pk].title == "On nine"


@pytest.mark.django_db
def test_old_ones_go_when_new_ones_come():
    paper = make_paper()
    Archive(NOW - timedelta(days=31), keeps=True).fetch([paper.pk])
    Archive(NOW - timedelta(days=29), keeps=True).fetch([paper.pk])

    Archive(NOW, keeps=True).fetch([paper.pk])

    kept = PrintedPaper.objects.order_by("as_of").values_list("as_of", flat=True)
    assert list(kept) == [NOW - timedelta(days=29), NOW]


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@hypothesis.given(
    st.builds(
        PaperFacts,
        id=st.integers(1, 2**62),
        title=WORDS,
        summary=WORDS,
        authors=st.lists(st.tuples(st.integers(1, 2**62), WORDS)).map(tuple),
        published_on=st.none() | st.dates(),
        stars=st.integers(0, 2**31),
        signal=st.builds(Signal, kind=WORDS, count=st.integers(), before=st.integers()),
    )
)
def test_facts_come_back_as_they_were_stored(facts):
    stored = json.loads(json.dumps(archive._told(facts)))

    assert archive._read(stored) == facts
