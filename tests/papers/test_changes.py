"""What befalls a paper after it was taken in is kept, once, with when it was so."""

from datetime import timedelta

import pytest

from papers import changes
from papers.intake import ingest
from papers.models import Change, Mention, Paper
from papers.sources.base import PaperRecord
from tests.factories import NOW, make_paper

LATER = NOW + timedelta(days=2)


def record(**fields) -> PaperRecord:
    fields.setdefault("source", "arxiv")
    fields.setdefault("arxiv_id", "2602.00001")
    fields.setdefault("title", "A study of everything that moves")
    fields.setdefault("authors", ("Ada Author",))
    return PaperRecord(**fields)


def test_a_preprint_server_is_no_venue():
    assert changes.venue_of("arXiv.org", "") == ""


def test_what_the_source_says_of_the_venue_stands_before_the_authors_comment():
    assert changes.venue_of("Nature", "Accepted at ICML 2026") == "Nature"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"version": 2, "revised_at": LATER}, ("version", "2", LATER)),
        ({"code_url": "https://code.example.org/x"}, ("code", "", LATER)),
        ({"comment": "Accepted at ICML 2026", "revised_at": LATER}, ("venue", "ICML 2026", LATER)),
        (
            {"comment": "CVPR26. 23 pages. To appear in CVPR 2026 Code: https://example.org/x"},
            ("venue", "CVPR 2026", LATER),
        ),
        ({"venue": "Nature"}, ("venue", "Nature", LATER)),
        ({"comment": "Withdrawn: an error", "revised_at": LATER}, ("retracted", "", LATER)),
    ],
)  # fmt: skip
def test_each_kind_is_kept_once_however_often_it_is_read(said, expected):
    ingest([record()], now=NOW)

    for again in (LATER, LATER + timedelta(hours=1)):
        ingest([record(**said)], now=again)

    assert list(Change.objects.values_list("kind", "detail", "happened_at")) == [expected]


@pytest.mark.django_db
def test_of_a_new_paper_nothing_is_a_change():
    ingest([record(version=3, code_url="https://code.example.org/x", venue="Nature")], now=NOW)

    assert not Change.objects.exists()


@pytest.mark.django_db
def test_a_revision_that_is_older_than_its_reading_keeps_its_own_day():
    ingest([record(source="hf")], now=NOW)

    ingest([record(version=2, revised_at=NOW - timedelta(days=9))], now=LATER)

    assert Change.objects.get().happened_at == NOW - timedelta(days=9)


@pytest.mark.django_db
def test_a_revision_dated_ahead_of_our_clock_happened_when_it_was_read():
    ingest([record(source="hf")], now=NOW)

    ingest([record(version=2, revised_at=LATER + timedelta(hours=9))], now=LATER)

    assert Change.objects.get().happened_at == LATER


@pytest.mark.django_db
def test_a_paper_that_was_accepted_already_is_not_accepted_again():
    ingest([record(comment="Accepted at ICML 2026", revised_at=NOW)], now=NOW)

    ingest([record(comment="Accepted at NeurIPS 2026", version=2, revised_at=LATER)], now=LATER)

    assert Paper.objects.get().comment == "Accepted at NeurIPS 2026"
    assert list(Change.objects.values_list("kind", flat=True)) == ["version"]


@pytest.mark.django_db
def test_the_strongest_paper_of_a_week_that_is_over_is_kept_once():
    weak, strong = (make_paper(upvotes=n, trend=n / 100) for n in (5, 90))
    for paper in (weak, strong):
        Mention.objects.create(paper=paper, source="hf", mentioned_on=NOW.date())
    monday = NOW + timedelta(days=3)

    made = [changes.note_top_of_week(now=at) for at in (NOW, monday, monday + timedelta(hours=1))]

    change = Change.objects.get()
    assert made == [0, 1, 0]
    assert (change.paper, change.kind, change.detail) == (strong, "topped", "2026-02-16")
