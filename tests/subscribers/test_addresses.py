import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.addresses import AddressError, normalise


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("ada@university.edu", "ada@university.edu"),
        ("  Ada.Lovelace+papers@University.EDU ", "ada.lovelace+papers@university.edu"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("o'hara@mail.example.net", "o'hara@mail.example.net"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
    ],
)
def test_an_address_has_one_spelling(typed, normal):
    assert normalise(typed) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "@university.edu",
        "ada@",
        "ada@localhost",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "ada@university..edu",
        "ada@-university.edu",
        "ada@uni_versity.edu",
        "ada@xn--a.example",
        ".ada@university.edu",
        "ada.@university.edu",
        "a..da@university.edu",
        '"ada b"@university.edu',
        "Ada <ada@university.edu>",
        "ada@university.edu, bob@university.edu",
        "ada@bob@university.edu",
        "ada@university.edu\nBcc: bob@university.edu",
        "ada@university.edu\r\n\r\nhello",
        "ada\x00@university.edu",
        "ada\u202e@university.edu",
        "ädä@university.edu",
        "mailto:ada@university.edu",
        f"{'a' * 65}@university.edu",
        f"ada@{'a' * 64}.edu",
        f"ada@{'a.' * 130}edu",
        "a" * 10_000 + "@university.edu",
    ],
)
def test_what_is_not_one_plain_address_is_refused_with_a_reason(typed):
    with pytest.raises(AddressError) as refused:
        normalise(typed)

    assert str(refused.value).endswith((".", "edu"))


@given(st.text(max_size=80))
def test_any_text_is_refused_or_becomes_a_stable_ascii_address(typed):
    try:
        normal = normalise(typed)
    except AddressError:
        return

    assert normal.isascii()
    assert normal.isprintable()
    assert normalise(normal) == normal
