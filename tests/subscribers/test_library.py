import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from papers import pool as pools
from papers import text
from subscribers import feedback, interests, library, limits, links
from subscribers.models import Feedback, Rule, Subscriber
from tests.factories import NOW, make_paper, make_subscriber

pytestmark = pytest.mark.django_db

BIBTEX = """
@article{one, title = {Anything}, eprint = {2501.00001}}
@article{two, title = {Other words}, doi = {10.1000/XYZ}}
@article{three, title = {A {{Study}} of Sparse Worlds and Their Makers}, author = {Lind, Bo}}
@article{four, title = {Nobody here has this one}}
@article{five, publisher = {Nobody}}
"""


@pytest.fixture
def reader():
    return make_subscriber()


@pytest.fixture
def home(reader):
    return "/p/" + links.make(reader.pk, "preferences")


@pytest.fixture
def stored():
    title = "A study of sparse worlds and their makers"
    return [
        make_paper(arxiv_id="2501.00001"),
        make_paper(doi="10.1000/xyz"),
        make_paper(title=title, title_key=text.title_key(title, "Bo Lind"), authors=["Bo Lind"]),
    ]


def test_papers_are_found_by_id_doi_or_title_and_the_others_kept_by_title(reader, stored):
    brought = library.bring(reader, BIBTEX, now=NOW)

    assert (brought.found, brought.titles, brought.unknown, brought.total) == (3, 1, (), 5)
    assert [refusal.record for refusal in brought.refusals] == ["five"]
    assert feedback.standing(reader, stored) == {paper.pk: {"pasted"} for paper in stored}
    assert list(reader.rules.values_list("kind", "text")) == [("title", "Nobody here has this one")]


def test_the_same_library_again_changes_nothing_and_forgotten_ones_come_back(reader, stored):
    library.bring(reader, BIBTEX, now=NOW)
    feedback.undo(reader, stored[0], "pasted", now=NOW)
    before = set(reader.rules.values_list("pk", flat=True))

    library.bring(reader, BIBTEX, now=NOW)

    assert Feedback.objects.filter(undone_at=None).count() == 3
    assert set(reader.rules.values_list("pk", flat=True)) == before


def test_a_title_is_let_go_once_its_paper_is_here(reader, stored):
    Rule.objects.create(subscriber=reader, kind="title", text="Other words")

    library.bring(reader, BIBTEX, now=NOW)

    assert not reader.rules.filter(text="Other words").exists()


def ingested(title, author="Bo Lind", **fields):
    return make_paper(
        title=title, title_key=text.title_key(title, author), authors=[author], **fields
    )


@pytest.fixture
def _starts_anew(monkeypatch):
    monkeypatch.setattr(library, "_looked_at", None)


@pytest.mark.usefixtures("_starts_anew")
@pytest.mark.parametrize(
    ("pasted", "is_matched"),
    [
        ("@misc{a, title = {Sparse worlds}, author = {Lind, Bo}}", True),
        ("@misc{a, title = {Sparse worlds}, author = {Ek, Ann}}", False),
        ("@misc{a, title = {Sparse worlds}}", False),  # too short to be sure without an author
    ],
)
def test_a_kept_title_becomes_a_like_when_its_paper_comes(reader, pasted, is_matched):
    library.bring(reader, pasted, now=NOW)
    kept = reader.rules.get()
    before = library.match_kept()
    paper = ingested("Sparse Worlds")

    found = [library.match_kept(), library.match_kept()]

    assert before == 0
    assert found == [int(is_matched), 0]
    assert feedback.standing(reader, [paper]) == ({paper.pk: {"pasted"}} if is_matched else {})
    assert reader.rules.exists() is not is_matched
    if is_matched:
        assert reader.feedback.get().given_at == kept.created_at


@pytest.mark.usefixtures("_starts_anew")
def test_a_long_title_needs_no_author(reader):
    library.bring(reader, "A study of sparse worlds and their makers", now=NOW)
    ingested("A Study of Sparse Worlds and their Makers")

    assert library.match_kept() == 1


@pytest.mark.usefixtures("_starts_anew")
def test_a_match_says_nothing_of_whether_the_reader_is_there(reader):
    library.bring(reader, "A study of sparse worlds and their makers", now=NOW)
    Subscriber.objects.update(last_seen_at=None)
    ingested("A study of sparse worlds and their makers")

    library.match_kept()

    reader.refresh_from_db()
    assert reader.last_seen_at is None


@pytest.mark.usefixtures("_starts_anew")
def test_many_readers_titles_cost_no_more_queries(django_assert_max_num_queries):
    def everybody_waits_for(title, readers):
        for _ in range(readers):
            library.bring(make_subscriber(), title, now=NOW)
        ingested(title)

    everybody_waits_for("A study of sparse worlds and their makers", 2)
    with django_assert_max_num_queries(10) as few:
        library.match_kept()
    everybody_waits_for("A study of dense worlds and their makers", 6)

    with django_assert_max_num_queries(10) as more:
        found = library.match_kept()

    assert found == 6
    assert len(few) == len(more)


def test_an_id_without_title_that_is_not_here_is_named(reader):
    brought = library.bring(reader, "2501.00009\n10.1000/nowhere", now=NOW)

    assert brought.unknown == ("arXiv 2501.00009", "DOI 10.1000/nowhere")
    assert not reader.feedback.exists()


def test_only_so_many_titles_are_kept_the_newest(reader):
    library_ = "".join(
        f"@misc{{k{year}, title={{A title of the year {year}}}, year={year}}}\n"
        for year in range(2050, 1900, -1)
    )

    library.bring(reader, library_, now=NOW)

    kept = [text[-4:] for text in reader.rules.values_list("text", flat=True)]
    assert len(kept) == library.MOST_TITLES
    assert min(kept) == "1951"


def test_a_merged_paper_brings_the_paper_that_it_became(reader):
    kept = make_paper(arxiv_id="2501.00001", doi="10.1000/xyz")
    make_paper(arxiv_id=None, doi=None, merged_into=kept)

    library.bring(reader, "10.1000/xyz", now=NOW)

    assert [tap.paper for tap in reader.feedback.all()] == [kept]


def test_a_large_library_takes_as_many_queries_as_a_small_one(
    reader, django_assert_max_num_queries
):
    lines = "\n".join(str(make_paper().arxiv_id) for _ in range(60))

    with django_assert_max_num_queries(25):
        brought = library.bring(reader, lines, now=NOW)

    assert brought.found == 60


def test_a_title_counts_as_a_like(reader):
    paper = make_paper(title="Honey bees and the pollination of orchards", abstract="")
    other = make_paper(title="Neutron stars", abstract="")
    library.bring(reader, "Honey bees and their pollination of apple orchards", now=NOW)

    pool = pools.of_papers([paper, other], now=NOW)
    readers = interests.load([reader.pk], pool)

    assert readers.liked_titles == ["Honey bees and their pollination of apple orchards"]
    near = dict(zip(pool.paper_ids.tolist(), readers.liked_near[0].tolist(), strict=False))
    assert near[paper.pk] > near[other.pk]


def test_the_page_counts_what_was_found_and_names_the_rest(client, home, stored):
    answer = client.post(f"{home}/papers", {"pasted": BIBTEX.replace("@article{five", "@{five")})
    page = " ".join(answer.content.decode().split())

    assert "3 of 4 papers found; the other 1 by its title." in page
    assert "Nobody here has this one" in page


def test_the_page_names_what_it_refuses_literally(client, home):
    answer = client.post(f"{home}/papers", {"pasted": "2501.00009\n<b>hello</b>"})
    page = answer.content.decode()

    assert "line 2: hello" in page
    assert "is neither an arXiv id" in page
    assert "arXiv 2501.00009" in page
    assert "<b>hello" not in page


def test_a_file_is_read_before_what_is_pasted(client, home, reader, stored):
    file = SimpleUploadedFile("library.bib", BIBTEX.encode())

    client.post(f"{home}/papers", {"pasted": "2501.00009", "file": file})

    assert reader.feedback.count() == 3


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Paste something, or choose a file."),
        ({"file": SimpleUploadedFile("x.bib", b"")}, "Paste something, or choose a file."),
        ({"file": SimpleUploadedFile("x.bib", b"PK\x03\0\0")}, "not a text file"),
        ({"file": SimpleUploadedFile("x.bib", b"x" * 5_000_001)}, "larger than 5 MB"),
        ({"pasted": "x" * 1_000_001}, "at most 1000000 characters"),
        ({"pasted": "2501.00001\x00"}, "Null characters"),
    ],
)
def test_what_cannot_be_a_library_is_answered_clearly(client, home, reader, fields, says):
    answer = client.post(f"{home}/papers", fields)

    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not reader.feedback.exists()


def test_nobody_pastes_without_end(client, home, monkeypatch):
    monkeypatch.setattr(limits, "allows", lambda *args, **kwargs: False)

    answer = client.post(f"{home}/papers", {"pasted": "2501.00001"})

    assert answer.status_code == 400
    assert "Try again in an hour." in answer.content.decode()


def test_titles_are_shown_and_forgotten_one_by_one_or_all(client, home, reader):
    lines = "The first of these titles\nThe second <of> these titles\nThe third of these titles"
    library.bring(reader, lines, now=NOW)
    first = reader.rules.get(text__startswith="The first")

    page = client.get(home).content.decode()
    client.post(f"{home}/forget", {"title": first.pk})
    left = reader.rules.count()
    client.post(f"{home}/forget", {"all": "1"})

    assert "The second &lt;of&gt; these titles" in page
    assert left == 2
    assert not reader.rules.exists()


def test_a_title_of_somebody_else_stays(client, home):
    other = Rule.objects.create(subscriber=make_subscriber(), kind="title", text="Somebody else's")

    client.post(f"{home}/forget", {"title": other.pk})

    assert Rule.objects.filter(pk=other.pk).exists()


def test_the_address_of_the_form_leads_back_to_the_page(client, home):
    assert client.get(f"{home}/papers").url == home
