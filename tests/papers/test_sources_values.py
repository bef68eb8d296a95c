import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers import topics
from papers.sources import values

# arxiv.org/category_taxonomy: archives with subjects of two letters, of words, and with none.
WITH_LETTERS = ("astro-ph", "cs", "econ", "eess", "math", "nlin", "q-bio", "q-fin", "stat")
WITH_WORDS = ("cond-mat", "physics")
ALONE = (
    *("astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph"),
    *("nucl-ex", "nucl-th", "quant-ph"),
)
CLOSED = (
    *("acc-phys", "adap-org", "alg-geom", "ao-sci", "atom-ph", "bayes-an", "chao-dyn", "chem-ph"),
    *("cmp-lg", "comp-gas", "dg-ga", "funct-an", "mtrl-th", "patt-sol", "plasm-ph", "q-alg"),
    *("solv-int", "supr-con"),
)
SUBJECTS = ("acc-ph", "data-an", "ins-det", "mes-hall", "mtrl-sci", "optics", "soft", "str-el")
LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2)

codes = st.one_of(
    st.builds("{}.{}".format, st.sampled_from(WITH_LETTERS), LETTERS),
    st.builds("{}.{}".format, st.sampled_from(WITH_WORDS), st.sampled_from(SUBJECTS)),
    st.sampled_from(ALONE + CLOSED),
)


@pytest.mark.parametrize(
    ("written", "identity"),
    [
        ("2602.13515", ("2602.13515", None)),
        ("arXiv:2602.13515v2", ("2602.13515", 2)),
        ("https://arxiv.org/pdf/2602.13515v12.pdf", ("2602.13515", 12)),
        ("http://export.arxiv.org/abs/quant-ph/0201082v1", ("quant-ph/0201082", 1)),
        ("math.AG/0309136", ("math/0309136", None)),
        ("Hep-th/9901001", ("hep-th/9901001", None)),
        ("٢٦٠٢.١٣٥١٥", ("", None)),
        ("2602.135", ("", None)),
        (2602.13515, ("", None)),
    ],
)
def test_an_arxiv_id_is_known_in_every_spelling(written, identity):
    assert values.arxiv_identity(written) == identity


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "https://huggingface.co@example.net/",
        "https://example.org/a b",
        'https://example.org/"onclick',
        "https://example.org/\ud800",
        "https://example.org/\u202egpj.exe",
        "https://exam\u200bple.org/",
        "https://example.org/\u3164",
        "https://example.org/" + "x" * 500,
        "https://[half",
        "https:///path",
        None,
    ],
)
def test_an_address_unfit_for_a_link_is_left_out(address):
    assert values.web_address(address) == ""


def test_a_plain_address_stays_as_it_is():
    assert values.web_address(" https://example.org/ü?q=1#top ") == "https://example.org/ü?q=1#top"


@given(codes)
def test_every_code_of_arxivs_taxonomy_is_a_category_for_sources_and_topics(code):
    assert values.is_category(code)
    assert topics.categories([code]) == (code,)


@given(codes, st.sampled_from(["", " ", ")", " OR 1=1", ".", "\n", "٢"]), st.booleans())
def test_what_only_holds_a_code_is_no_category(code, more, comes_first):
    spoilt = f"{more or '.'}{code}" if comes_first else f"{code}{more or '.'}"

    assert not values.is_category(spoilt)


@pytest.mark.parametrize("code", ["", "cs", "math", "cs.cl", "CS.CL", "68T05", "I.2.7", "my.XX"])
def test_classes_of_other_schemes_and_slips_are_no_category(code):
    assert not values.is_category(code)


def test_every_category_of_the_shipped_topics_can_be_asked_for():
    texts, _ = topics.read(topics.SHIPPED)

    listed = {code for text in texts for code in text.categories}

    assert {code for code in listed if not values.is_category(code)} == set()
    assert any(code.startswith("q-") for code in listed)


@given(st.sampled_from(WITH_LETTERS + WITH_WORDS + ALONE + CLOSED), st.integers(0, 9_999_999))
def test_an_old_id_of_any_archive_is_known(archive, number):
    written = f"{archive}/{number:07}"

    assert values.arxiv_identity(f"arXiv:{written}v3") == (written, 3)
