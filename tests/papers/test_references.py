"""What readers paste, as they really write it and as somebody breaks it."""

import gzip
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers import bibtex, references, text

BIBTEX = r"""
@string{pr = "Physical Review"}
@comment{jabref-meta: databaseType:bibtex;}
@article{Ellison2024,
  title = {A {{Second}} Look at {\'E}toile Dust and $H_0$},
  author = {Ellison, Maya and Lind, Bo},
  journal = pr # { Letters},
  year = 2024, doi = {10.1103/PhysRevLett.116.061102},
}
@MISC(lind2025,
  Title = "Sparse {"}worlds{"}", eprint = {2501.00001}, archivePrefix = {arXiv}
)
@article{open, title = {This brace never closes,
  doi = {10.1000/xyz}
}
@book{empty, publisher = {Nobody}}
@misc{last, title={Old arXiv}, howpublished = {arXiv:quant-ph/0201082}}
"""
RIS = """TY  - JOUR
TI  - Sparse worlds
AU  - Lind, Bo
PY  - 2025/01/03
UR  - https://arxiv.org/abs/2501.00001v2
ER  -
TY  - JOUR
T1  - A title that goes on
  in the next line
DO  - 10.1000/XYZ
"""
CSL = json.dumps([
    {
        "id": "lind2025",
        "title": "Sparse worlds",
        "author": [{"family": "Lind", "given": "Bo"}],
        "issued": {"date-parts": [[2025, 1]]},
        "number": "arXiv:2501.00001",
    },
    {"title": ["Of Crossref"], "DOI": "10.1000/xyz"},
    {"id": "empty", "title": 7, "author": "x", "issued": {"date-parts": [[]]}},
    "no paper",
])  # fmt: skip
CSV = """"Key","Item Type","Publication Year","Author","Title","DOI","Url"
"A1","preprint","2025","Lind, Bo; Ellison, Maya","Sparse worlds","","http://arxiv.org/abs/2501.00001"
"A2","book","","","","",""
"""


def found(pasted):
    return [
        (one.arxiv_id, one.doi, one.title, one.author, one.year)
        for one in references.read(pasted).references
    ]


def refused(pasted):
    return [(refusal.record, refusal.reason) for refusal in references.read(pasted).refusals]


def test_bibtex_is_read_with_its_accents_macros_and_old_ids():
    read = found(BIBTEX)

    assert read == [
        ("", "10.1103/physrevlett.116.061102", "A Second Look at Étoile Dust and H₀",
         "Maya Ellison", 2024),
        ("2501.00001", "", 'Sparse "worlds"', "", 0),
        ("", "10.1000/xyz", "This brace never closes", "", 0),
        ("quant-ph/0201082", "", "Old arXiv", "", 0),
    ]  # fmt: skip
    assert refused(BIBTEX) == [("empty", "has no title, arXiv id or DOI")]


def test_macros_and_joined_parts_become_one_value():
    entry = next(bibtex.entries(BIBTEX))

    assert entry.fields["journal"] == "Physical Review Letters"
    assert (entry.key, entry.line) == ("Ellison2024", 4)


@pytest.mark.parametrize("pasted", [RIS, CSL, CSV])
def test_the_other_exports_give_the_same_paper(pasted):
    assert found(pasted)[0] == ("2501.00001", "", "Sparse worlds", "Bo Lind", 2025)


def test_a_line_of_ris_may_go_on_and_the_last_end_may_be_missing():
    assert found(RIS)[1] == ("", "10.1000/xyz", "A title that goes on in the next line", "", 0)


def test_what_is_no_paper_is_refused_by_its_name():
    assert refused(CSL) == [
        ("empty", "has no title, arXiv id or DOI"),
        ("entry 4", "is no paper"),
    ]
    assert refused(CSV) == [("line 3", "has no title, arXiv id or DOI")]


@pytest.mark.parametrize(
    ("line", "reference"),
    [
        ("2401.00001v2", ("2401.00001", "", "", "", 0)),
        ("* arXiv:math.AG/0309136", ("math/0309136", "", "", "", 0)),
        ("https://arxiv.org/pdf/2401.00001v3.pdf", ("2401.00001", "", "", "", 0)),
        ("<https://doi.org/10.1000/XYZ>", ("", "10.1000/xyz", "", "", 0)),
        ("10.48550/arXiv.2401.00001", ("2401.00001", "", "", "", 0)),
        ("Lind, Sparse worlds (arXiv:2401.00001), 2024.", ("2401.00001", "", "", "", 0)),
        ("On the sparsity of worlds", ("", "", "On the sparsity of worlds", "", 0)),
        (
            "关于稀疏世界模型的一项研究及其应用",
            ("", "", "关于稀疏世界模型的一项研究及其应用", "", 0),
        ),
    ],
)
def test_a_line_may_be_an_id_a_link_or_a_title(line, reference):
    assert found(line) == [reference]


def test_several_ids_stand_in_one_line_and_each_paper_counts_once():
    read = found("2401.00001, 2401.00002; https://arxiv.org/abs/2401.00001v2")

    assert [arxiv_id for arxiv_id, *_ in read] == ["2401.00001", "2401.00002"]


@pytest.mark.parametrize("line", ["2401.1", "hello", "https://mail.example.net/a-paper", "\u202e"])
def test_a_line_that_says_nothing_is_refused_with_its_number(line):
    [(name, reason)] = refused(f"2401.00001\n{line}")

    assert name.startswith("line 2")
    assert reason == "is neither an arXiv id, a DOI, a link to one nor a title"


def test_a_library_has_a_limit_that_is_told():
    lines = "\n".join(f"{n:04}.{n:05}" for n in range(4_000))

    read = references.read(lines)

    assert len(read.references) == references.MOST_REFERENCES
    assert [refusal.record for refusal in read.refusals] == ["the rest"]


@pytest.mark.parametrize(
    ("data", "decoded"),
    [
        ("Étoile".encode(), "Étoile"),
        ("Étoile".encode("utf-8-sig"), "Étoile"),
        ("Étoile".encode("utf-16"), "Étoile"),
        ("Étoile".encode("cp1252"), "Étoile"),
    ],
)
def test_files_come_in_several_encodings(data, decoded):
    assert references.decode(data) == decoded


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"PK\x03\x04\0\0", "not a text file"), (b"x" * 5_000_001, "larger than 5 MB")],
)
def test_a_file_that_is_no_text_or_too_large_is_refused(data, says):
    with pytest.raises(ValueError, match=says):
        references.decode(data)


PIECES = st.sampled_from([
    "@article{a,", "@misc(", "@string{", "title = ", "doi={", "{", "}", '"', ",", "#", "\\", "\n",
    "TY  - JOUR\n", "TI  - ", "ER  -\n", "[", "{\"title\":", "]", "2401.00001", "arXiv:", "10.1/x",
    "title,doi,item type\n", "Sparse worlds", "$", "\u202e", "\x00", "关",
])  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_whatever_is_pasted_gives_clean_references_or_named_refusals(pasted):
    read = references.read(pasted)

    for one in read.references:
        assert one.title or one.arxiv_id or one.doi
        assert not text.UNPRINTABLE.search(one.name + one.title)
        assert "\n" not in one.name + one.title
        assert len(one.title) <= 500
    assert all(refusal.record and refusal.reason for refusal in read.refusals)


@given(st.binary())
def test_whatever_a_file_holds_it_is_text_or_a_reason(data):
    try:
        said = references.decode(data)
    except ValueError as error:
        said = str(error)

    assert "\0" not in said


WORD = st.text(string.ascii_letters + " {}", min_size=1, max_size=40).filter(
    lambda words: words.count("{") == words.count("}") == 0
)


@given(st.dictionaries(st.sampled_from(["title", "note", "year"]), WORD, min_size=1))
def test_fields_that_were_written_are_read_back(fields):
    written = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())

    [entry] = bibtex.entries(f"@misc{{key,\n{written}\n}}\n")

    assert (entry.key, entry.fields) == ("key", fields)


@pytest.mark.parametrize("fault", ["@a{k,t={\n", '@a{k,t="{"', "{", "TY  - \n", "arxiv:", "x,"])
def test_an_endless_fault_costs_no_more_than_its_length(fault):
    read = references.read(fault * 100_000)

    assert read.total <= references.MOST_REFERENCES + 1


def test_a_real_library_is_read_whole(real_data):
    file = real_data / "zotero_library" / "astro_library.bib.gz"

    read = references.read(references.decode(gzip.decompress(file.read_bytes())))

    assert (len(read.references), read.refusals) == (1048, ())
    assert sum(bool(one.arxiv_id) for one in read.references) == 469
    assert not any("{" in one.title for one in read.references)
