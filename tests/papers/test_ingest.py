"""Records into rows: identity, merging, and the same end whatever the order."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from papers.ingest import ingest, ingest_path
from papers.models import Author, Authorship, Engagement, Fetch, Mention, Paper, PaperKey
from papers.sources.base import Mentioned, PaperRecord, Reading
from tests.factories import NOW, make_paper, make_topic

pytestmark = pytest.mark.django_db

SAMPLE = Path(__file__).resolve().parents[2] / "papers" / "data" / "sample_papers.json"
DAY = date(2026, 2, 20)


def record(**fields):
    fields.setdefault("source", "hf")
    fields.setdefault("title", "Sparse attention for very long letters")
    fields.setdefault("authors", ("Maya Ellison", "Bo Okoye"))
    fields.setdefault("mentioned_on", DAY)
    fields.setdefault("listing", "daily")
    return PaperRecord(**fields)


def everything():
    """All rows that records make, without our own numbers and clocks."""
    hidden = {"id", "changed_at", "created_at", "trend", "trend_inputs", "merged_into_id"}
    papers = Paper.objects.canonical().order_by("arxiv_id", "doi", "title_key")
    return [
        (
            {name: value for name, value in row.items() if name not in hidden},
            rows(Authorship, row, "position", "author__key", "author__name", "affiliation"),
            rows(Mention, row, "source", "listing", "mentioned_on"),
            rows(Engagement, row, "read_at", "source", "upvotes", "comments", "stars"),
        )
        for row in papers.values()
    ]


def rows(model, paper, *columns):
    return list(model.objects.filter(paper=paper["id"]).order_by(*columns).values_list(*columns))


def test_the_shipped_sample_comes_in_whole_and_a_second_time_changes_nothing():
    first = ingest_path(SAMPLE, now=NOW)[0]
    before = everything(), list(Paper.objects.order_by("pk").values())

    second = ingest_path(SAMPLE, now=NOW + timedelta(hours=1))[0]

    assert (first.status, first.new, first.refused) == ("done", 133, 0)
    assert (second.new, second.changed, second.unchanged) == (0, 0, 133)
    assert (everything(), list(Paper.objects.order_by("pk").values())) == before


def test_a_paper_gets_its_authors_in_order_its_days_and_its_newest_votes():
    reading = Reading(NOW, upvotes=12, comments=1)
    later = Reading(NOW + timedelta(hours=3), upvotes=30)

    ingest([record(arxiv_id="2602.13515", readings=(later, reading))], now=NOW)

    paper = Paper.objects.get(arxiv_id="2602.13515")
    assert list(paper.authorships.values_list("author__name", flat=True)) == [
        "Maya Ellison",
        "Bo Okoye",
    ]
    assert paper.first_mentioned_on == DAY
    assert (paper.upvotes, paper.comments) == (30, 1)
    assert paper.engagements.count() == 2


def test_versions_of_an_arxiv_paper_are_one_and_the_newest_words_count():
    old = record(source="arxiv", arxiv_id="2602.13515", version=1, title="A first title for this")
    new = record(source="arxiv", arxiv_id="2602.13515", version=3, title="A better title for this")

    counts = ingest([new, old], now=NOW)

    paper = Paper.objects.get()
    assert (paper.title, paper.version) == ("A better title for this", 3)
    assert (counts.records, counts.papers, counts.merged) == (2, 1, 1)


def test_a_record_without_id_is_known_by_title_and_first_author():
    ingest([record(arxiv_id="2602.13515")], now=NOW)

    ingest([record(source="s2", title="SPARSE attention: for very long letters.",
                   authors=("Ellison, Maya",), doi="10.1000/x")], now=NOW)  # fmt: skip

    assert Paper.objects.get().doi == "10.1000/x"


def test_two_arxiv_ids_are_two_papers_with_one_title():
    ingest([record(arxiv_id="2602.00001"), record(arxiv_id="2602.00002")], now=NOW)

    assert Paper.objects.canonical().count() == 2


def test_two_papers_that_turn_out_to_be_one_leave_the_stored_row_leading_to_the_other():
    ingest([record(arxiv_id="2602.13515", title="A preprint with a title of its own")], now=NOW)
    ingest([record(source="crossref", doi="10.1000/x", title="Its printed title, another one",
                   mentioned_on=DAY - timedelta(days=2))], now=NOW)  # fmt: skip
    printed = Paper.objects.get(doi="10.1000/x")

    counts = ingest([record(source="arxiv", arxiv_id="2602.13515", doi="10.1000/x",
                            title="A preprint with a title of its own")], now=NOW)  # fmt: skip

    paper = Paper.objects.canonical().get()
    printed.refresh_from_db()
    assert counts.joined == 1
    assert printed.merged_into == paper
    assert (paper.arxiv_id, paper.doi) == ("2602.13515", "10.1000/x")
    assert paper.first_mentioned_on == DAY - timedelta(days=2)
    assert paper.mentions.count() == 3
    assert not Mention.objects.filter(paper=printed).exists()


def test_a_row_merged_earlier_leads_in_one_step_to_the_paper_that_stays():
    ingest([record(source="crossref", doi="10.1000/a", title="The first of two printed titles")],
           now=NOW)  # fmt: skip
    ingest([record(source="crossref", doi="10.1000/b", title="Quite another title, printed too")],
           now=NOW)  # fmt: skip
    first, second = Paper.objects.order_by("pk")
    ingest([record(source="s2", doi="10.1000/a", title="Quite another title, printed too")],
           now=NOW)  # fmt: skip
    ingest([record(arxiv_id="2602.13515", title="A preprint with a title of its own")], now=NOW)

    ingest([record(source="arxiv", arxiv_id="2602.13515", doi="10.1000/a",
                   title="A preprint with a title of its own")], now=NOW)  # fmt: skip

    kept = Paper.objects.canonical().get()
    for row in (first, second):
        row.refresh_from_db()
        assert row.merged_into == kept


@pytest.mark.parametrize(
    ("title", "papers"),
    [("Introduction", 2), ("Sparse attention for very long letters", 1)],
)
def test_two_dois_under_one_short_title_are_two_papers(title, papers):
    ingest([record(source="crossref", doi="10.1000/a", title=title)], now=NOW)

    ingest([record(source="crossref", doi="10.1000/b", title=title)], now=NOW)

    assert Paper.objects.canonical().count() == papers


def test_arxivs_word_counts_more_than_a_lists():
    ingest([record(source="arxiv", arxiv_id="2602.13515", title="As arXiv has the title")], now=NOW)

    ingest([record(arxiv_id="2602.13515", title="As the list has it", url="https://a.example/")],
           now=NOW)  # fmt: skip

    paper = Paper.objects.get()
    assert (paper.title, paper.url) == ("As arXiv has the title", "https://a.example/")


@pytest.mark.parametrize("spellings", [*permutations(["jian Yang", "Jian Yang", "JIAN Yang"])])
def test_an_authors_name_is_shown_in_its_best_spelling_in_whatever_order(spellings):
    records = [
        record(arxiv_id=f"2602.0000{number}", title=f"Paper {number}", authors=(name,))
        for number, name in enumerate(spellings)
    ]

    ingest(records[:1], now=NOW)
    ingest(records[1:], now=NOW)

    assert Author.objects.get().name == "Jian Yang"


def test_the_last_of_a_written_list_is_known_without_its_and():
    ingest(
        [record(authors=("Maya Ellison", "and Huchuan Lu", "& Bo Okoye", "Anders And"))], now=NOW
    )

    names = set(Author.objects.values_list("name", flat=True))
    assert names == {"Maya Ellison", "Huchuan Lu", "Bo Okoye", "Anders And"}


def test_an_endless_summary_is_cut_at_a_word():
    ingest([record(summary="summarised " * 500, summary_source="source")], now=NOW)

    summary = Paper.objects.get().summary
    assert len(summary) <= 2_000
    assert summary.endswith("summarised…")


def test_a_replacement_is_no_news():
    ingest([record(source="arxiv", arxiv_id="1802.13515", announce_type="replace")], now=NOW)

    assert Paper.objects.get().first_mentioned_on is None


@pytest.mark.parametrize(
    ("said", "is_out"),
    [
        ({"comment": "This paper has been withdrawn by the author due to an error"}, True),
        ({"comment": "Withdrawn: the proof of Lemma 2 is wrong"}, True),
        ({"abstract": "This submission is now withdrawn."}, True),
        ({"comment": "Withdrawn from another workshop, 8 pages"}, False),
        ({"comment": "8 pages, on papers that were retracted"}, False),
        ({"abstract": "Retracted papers continue to be cited for years."}, False),
        ({"comment": "9 pages This paper was a mistake and has now been withdrawn"}, True),
    ],
)
def test_a_withdrawn_paper_is_no_candidate(said, is_out):
    ingest([record(**said)], now=NOW)

    assert Paper.objects.pool(DAY).exists() is not is_out


def test_later_votes_of_a_paper_we_do_not_have_are_passed_over():
    counts = ingest([record(arxiv_id="2602.13515", is_addition=True)], now=NOW)

    assert counts.passed_over == 1
    assert not Paper.objects.exists()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": " \0\u200b "}, "has no readable title"),
        ({"title": "\u3164\u115f \u2800"}, "has no readable title"),
        ({"arxiv_id": "2602.1"}, "has an arXiv id that is none"),
    ],
)
def test_a_broken_record_is_named_and_the_rest_goes_on(fields, reason):
    counts = ingest([record(**fields), record(arxiv_id="2602.13515")], now=NOW)

    assert reason in counts.refusals[0].reason
    assert Paper.objects.get().arxiv_id == "2602.13515"


def test_overlong_and_unprintable_values_are_stored_cut():
    ingest(
        [
            record(
                title="T" * 3_000 + "\0",
                authors=("N" * 900, "", "Bo\0 Okoye", "bo okoye"),
                affiliations=("A" * 900, "", "", ""),
                abstract="\0" + "word " * 9_000,
                url="https://a.example/" + "x" * 600,
                categories=("c" * 99,) * 99,
                venue="V" * 900,
                comment="C" * 9_000,
                submitter="S" * 900,
                organization="O" * 900,
                published_at=datetime(1, 1, 1, tzinfo=UTC),
                readings=(Reading(NOW, upvotes=10**12), Reading(NOW, upvotes=-1)),
            )
        ],
        now=NOW,
    )

    paper = Paper.objects.get()
    assert len(paper.title) == 500
    assert paper.organization == "O" * 199 + "…"
    assert paper.authors.count() == 2
    assert paper.published_at is None
    assert paper.upvotes is None


def test_topics_and_trend_follow_the_records():
    topic = make_topic(name="Honey bees", keywords=["honey bee"])

    ingest(
        [
            record(arxiv_id="2602.00001", title="How the honey bee finds home",
                   readings=(Reading(NOW, upvotes=80),)),
            record(arxiv_id="2602.00002", title="Prime numbers in short intervals",
                   readings=(Reading(NOW, upvotes=2),)),
        ],
        now=NOW,
    )  # fmt: skip

    bees, primes = Paper.objects.order_by("arxiv_id")
    assert [row.topic for row in bees.paper_topics.filter(belongs=True)] == [topic]
    assert bees.trend > primes.trend


def test_papers_made_by_hand_are_found_by_their_columns():
    paper = make_paper(arxiv_id="2602.13515")

    ingest([record(arxiv_id="2602.13515")], now=NOW)

    assert Paper.objects.get().pk == paper.pk


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "records", "papers", "failed"),
    [("arxiv_api", 204, 134, 3), ("arxiv_feeds", 7, 7, 0), ("hf_papers_html", 13, 13, 0)],
)
def test_real_answers_come_in_and_a_second_time_changes_nothing(
    real_data, folder, records, papers, failed
):
    first = ingest_path(real_data / folder, now=NOW)
    before = list(Paper.objects.order_by("pk").values())

    second = ingest_path(real_data / folder, now=NOW)

    assert sum(fetch.received for fetch in first) == records
    assert sum(fetch.new for fetch in first) == papers == len(before)
    assert sum(fetch.status == "failed" for fetch in first) == failed
    assert sum(fetch.unchanged for fetch in second) == records
    assert list(Paper.objects.order_by("pk").values()) == before


NAMES = st.sampled_from(["Maya Ellison", "Bo Okoye", "Łukasz Nowak", "Lukasz Nowak", "", "\0"])
# The same work is told of with and without ids; its title may change from version to version.
RECORDS = st.builds(
    lambda number, knows, **fields: record(
        arxiv_id=f"2602.0000{number}" if "arxiv" in knows else "",
        doi=f"10.1000/{number}" if "doi" in knows else "",
        title=f"The well known work of number {number}",
        **fields,
    ),
    number=st.integers(1, 3),
    knows=st.sets(st.sampled_from(["arxiv", "doi"])),
    source=st.sampled_from(["hf", "arxiv", "s2"]),
    version=st.sampled_from([None, 1, 2]),
    authors=st.lists(NAMES, max_size=3).map(lambda names: ("Ada Author", *names)),
    abstract=st.sampled_from(["", "We count. We sum.", "We sum up all there is to count."]),
    summary=st.sampled_from(["", "Counted.", "Summed."]),
    summary_source=st.sampled_from(["editor", "source"]),
    categories=st.sampled_from([(), ("cs.LG",), ("cs.LG", "stat.ML")]),
    published_at=st.sampled_from([None, NOW, NOW - timedelta(days=2)]),
    mentioned_on=st.sampled_from([None, DAY, DAY - timedelta(days=1)]),
    readings=st.lists(
        st.builds(Reading, st.sampled_from([NOW, NOW + timedelta(hours=1)]),
                  upvotes=st.none() | st.integers(0, 9), comments=st.none() | st.integers(0, 9)),
        max_size=2,
    ).map(tuple),
    also_mentioned=st.sampled_from([(), (Mentioned("arxiv", "cs.LG", DAY),)]),
)  # fmt: skip


class AnyOrder(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(RECORDS, min_size=1, max_size=7), st.randoms(use_true_random=False))
    def test_any_order_and_repetition_ends_in_the_same_rows(self, records, chance):
        ingest(records, now=NOW)
        once = everything()
        for model in (PaperKey, Paper, Author, Fetch):
            model.objects.all().delete()
        shuffled = records + chance.choices(records, k=3)
        chance.shuffle(shuffled)

        for one in shuffled:
            ingest([one], now=NOW)

        assert everything() == once
