import pytest

from papers.sources import values


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
