"""Authors' comments name a venue, or are not believed to."""

import gzip
import json
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers import venues


@pytest.mark.parametrize(
    ("comment", "venue"),
    [
        ("12 pages, accepted at NeurIPS 2026 (spotlight)", "NeurIPS 2026"),
        ("Accepted to the 39th AAAI Conference; 8 pages", "39th AAAI Conference"),
        ("Accepted for publication in Acta Astronomica. 9 figures", "Acta Astronomica"),
        ("To appear in Phys. Rev. D", "Phys. Rev. D"),
        ("To appear in IEEE Trans. Image Process. 12 pages", "IEEE Trans. Image Process"),
        ("Camera-ready for ACL 2026, code at https://example.org", "ACL 2026"),
        ("to appear in the proceedings of the 7th Loom Days", "7th Loom Days"),
        ("To appear in Proceedings of Loom Research", "Proceedings of Loom Research"),
        ("Accepted ICLR 2026", "ICLR 2026"),
        ("Accept to IPMI 2025", "IPMI 2025"),
    ],
)
def test_a_comment_says_where_a_paper_was_accepted(comment, venue):
    assert venues.accepted_at(comment) == venue


@pytest.mark.parametrize(
    "role",
    [
        "as a full paper at", "as main paper at", "as an oral presentation at the", "paper at",
        "as a conference paper at", "for publication at", "for presentation as a poster at",
        "for a poster session at", "and presented at", "to appear in", "to the main conference of",
        "as an", "@",
    ],
)  # fmt: skip
def test_a_paper_is_accepted_as_many_things(role):
    assert venues.accepted_at(f"9 pages. Accepted {role} EACL 2026. Two tables.") == "EACL 2026"


@pytest.mark.parametrize(
    "comment",
    [
        "CVPR26 Accepted", "18pages, CVPR26 accepted", "CVPR26, Accepted", "CVPR26 (Accepted). 9",
        "CVPR26 Camera Ready", "CVPR26 main paper camera-ready",
    ],
)  # fmt: skip
def test_an_acronym_with_its_year_may_stand_before(comment):
    assert venues.accepted_at(comment) == "CVPR26"


@pytest.mark.parametrize(
    "behind",
    [
        ". arXiv admin note: text overlap with arXiv:2601.00001", ". This is a draft", ". 23 pages",
        " Code: https://example.org/x", " Project page: example.org", ". https://example.org",
        " https://example.org", r" Poster: $\href{https://example.org}{\text{this URL}}$",
        ", code and weights are public", " as a conference paper", " as poster", " (Oral)",
        " - April 26, Rio", " and to appear in its Findings", " with an appendix", "; 20 pages",
        ", 12 pages", " 12 pages", " (12 pages, 3 figures)", " : the weavers", " / in print",
        ", Rio de Janeiro, Brazil", " (co-located with EACL)", " (https://example.org)", " <b>",
    ],
)  # fmt: skip
def test_a_venue_ends_before_what_is_said_of_it(behind):
    assert venues.accepted_at(f"Accepted at CHI'26{behind}") == "CHI'26"


@pytest.mark.parametrize(
    ("said", "venue"),
    [
        ("Conference on Looms, Yarns, and Threads (COLYT)",) * 2,
        ("Workshop on Looms: Warp, Weft, and Beyond at ICLR 2026",) * 2,
        ("Conference on Looms (COL), 2026. Online", "Conference on Looms (COL), 2026"),
        ("Conference on Looms (COL 2026), Bonn", "Conference on Looms (COL 2026)"),
        ("Conference on Looms, Bonn, Germany", "Conference on Looms"),
        ("ICLR 2026, Looms and Yarns Workshop", "ICLR 2026"),
        ("The Loom Book, Ada Author and Bo Writer (eds)", "Loom Book"),
        ("Winter Looms (WL) Workshops", "Winter Looms (WL) Workshops"),
        ("CVPR 2026 (Findings)",) * 2,
        ("CVPR (A Very Good Workshop) 2026",) * 2,
        ("Looms, 2026", "Looms, 2026"),
        (f"the Conference on {'Very ' * 14}Long Names (VLN 2026)", "VLN 2026"),
        ("ICLR 2026 Workshop on Looms: " + "How They Wove " * 5, "ICLR 2026 Workshop on Looms"),
        ("Learning with Looms (LWL) 2026",) * 2,
    ],
)
def test_a_name_is_whole_or_shortened_to_its_acronym(said, venue):
    assert venues.accepted_at(f"Accepted to {said}") == venue


@pytest.mark.parametrize(
    "comment",
    [
        "", "submitted to Nature", "accepted by its authors", "Code will come upon acceptance",
        "not accepted at ICML 2026", "Conditionally accepted to CHI 2026",
        "accepted by IEEE journals",
        "Accepted in May 2026", "To appear in 2026", "To appear in arXiv", "Accepted at 12 pages",
        "This is the extended version of the paper accepted at AAAI 2026",
        "An earlier conference version was accepted at ISIT 2025",
        "Accepted for Publication as a Book Chapter", 'Accepted at Workshop "Warp, Weft"',
        f"Accepted at the Embedded Workshop of the {'Very ' * 12}Long Conference (VLC)",
        f"Accepted at the {'Very ' * 16}Long Conference", "Accepted at the Conference on",
        "Accepted at https://example.org",
    ],
)  # fmt: skip
def test_a_doubtful_venue_is_none(comment):
    assert venues.accepted_at(comment) == ""


PIECES = st.sampled_from([
    "accepted at ", "Accepted as a full paper at the ", "to appear in ", "CVPR 2026", "CHI'26 ",
    "Conference on Looms", ", Speech, and Yarn", " (ICASSP)", " (", ")", ". ", "; ", " 12 pages",
    " 3 figures", "https://example.org", " www.example.org", "$\\alpha$", "\\href{x}{y}", "arXiv",
    " Code: ", " accepted", "\u202e", "\x07", '"', "extended version ", " and ",
])  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=12).map("".join))
def test_a_venue_is_a_short_line_without_address_or_count(comment):
    venue = venues.accepted_at(comment)

    assert len(venue) <= venues.LONGEST
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in venue)
    assert venue == venue.strip()
    assert not re.search(r"://|www\.|\\|\$|\d ?(?:pages|figures)\b|arxiv\b", venue, re.I)


@pytest.mark.parametrize(
    "part",
    ["accepted at A", "accepted ", "conference version ", "accepted at A, B, ", "to appear in the ",
     "A.", "(A", "accepted at -", "accepted as as "],
)  # fmt: skip
def test_a_hundred_kilobytes_of_anything_cost_a_fraction_of_a_second(part):
    hostile = part * (100_000 // len(part))
    start = time.process_time()

    venues.accepted_at(hostile)

    assert time.process_time() - start < 0.5


@pytest.mark.realdata
def test_real_comments_give_names_and_nothing_else(real_data):
    file = real_data / "arxiv_metadata/arxiv_2026-02_to_2026-03.jsonl.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        comments = [json.loads(line)["comment"] or "" for line in lines]
    noise = re.compile(
        r"://|www\.|\d ?(?:pages|figures|tables)\b|arxiv|\bcode\b|project page|[a-z]{4}\. |\$|\\"
        r"|\b(?:on|of|and|the)$|Conference on (?:Acoustics|Computing)$",
        re.I,
    )

    found = [venue for comment in comments if (venue := venues.accepted_at(comment))]

    assert len(found) > 950
    assert {venue for venue in found if noise.search(venue)} == set()
