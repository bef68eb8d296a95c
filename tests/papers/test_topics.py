"""The shipped topics, and what the reader of such a file refuses."""

import contextlib
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from papers import topics
from papers.sources.values import is_category
from papers.topics import SHIPPED, TopicText

FIELDS = {
    "Artificial intelligence",
    "Computing",
    "Statistics and mathematics",
    "Physics and chemistry",
    "Biology and medicine",
}


@pytest.fixture(scope="module")
def shipped():
    texts, refused = topics.read(SHIPPED)
    assert refused == []
    return texts


def entry(**fields):
    return {"slug": "bees", "name": "Bees", "keywords": ["honey bee"], **fields}


def written(tmp_path, text):
    path = tmp_path / "topics.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_covers_all_five_fields(shipped):
    assert {text.field for text in shipped} == FIELDS
    assert 30 <= len(shipped) <= 40
    assert len({text.name for text in shipped}) == len(shipped)


def test_every_shipped_topic_has_enough_to_match_with(shipped):
    thin = [
        text.slug
        for text in shipped
        if not 6 <= len(text.keywords) <= 14
        or len(text.synonyms) < 3
        or not text.categories
        or not 60 <= len(text.description) <= 260
    ]

    assert thin == []


def test_no_shipped_keyword_is_repeated_inside_its_topic_by_spelling(shipped):
    def folded(word):
        return re.sub(r"[-\s]", "", word).casefold().removesuffix("s")

    for text in shipped:
        words = [folded(word) for word in text.keywords]
        assert len(words) == len(set(words)), text.slug


def test_a_shipped_parent_stands_above_its_children(shipped):
    above = set()
    for text in shipped:
        assert not text.parent or text.parent in above
        above.add(text.slug)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"slug": "Bees!"}, "slug"),
        ({"slug": 7}, "slug"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "longer than 120"),
        ({"name": "Bees‮seeB"}, "invisible"),
        ({"name": False}, "must be text"),  # YAML reads a bare `no` so
        ({"keywords": "honey bee"}, "must be a list"),
        ({"keywords": ["x" * 81]}, "longer than 80"),
        ({"keywords": [["nested"]]}, "must be text"),
        ({"keywords": [f"word {n}" for n in range(61)]}, "at most 60 keywords, not 61"),
        ({"synonyms": [["alone"]]}, "two different words"),
        ({"synonyms": [["bee", "Bee"]]}, "two different words"),
        ({"synonyms": [[str(n) for n in range(9)]]}, "at most 8 words of a synonym group, not 9"),
        ({"categories": ["cs.cl"]}, "not an arXiv category"),
        ({"categories": ["cs"]}, "not an arXiv category"),
        ({"categories": ["q-bio.GN OR 1=1"]}, "not an arXiv category"),
        ({"description": "long " * 200}, "longer than 600"),
        ({"weight": 3}, "unknown fields: weight"),
    ],
)
def test_a_broken_entry_is_refused_with_its_reason(fields, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        topics.parse(entry(**fields))


def test_an_entry_comes_out_clean():
    text = topics.parse(
        entry(keywords=["honey  bee", "Honey bee", "Apis\nmellifera"], categories=["q-bio.PE"] * 2)
    )

    assert text.keywords == ("honey bee", "Apis mellifera")
    assert text.categories == ("q-bio.PE",)


@pytest.mark.parametrize(
    "code",
    [
        *("cs.CL", "stat.ML", "q-bio.NC", "q-fin.ST", "math-ph", "hep-th", "quant-ph", "econ.EM"),
        *("cond-mat.mtrl-sci", "cond-mat", "physics.ao-ph", "astro-ph", "astro-ph.IM", "nlin.CD"),
    ],
)
def test_every_kind_of_arxiv_category_is_known(code):
    assert is_category(code)


def test_broken_entries_are_named_and_the_rest_is_read(tmp_path):
    path = written(
        tmp_path,
        "- {slug: bees, name: Bees}\n- {slug: wasps}\n- 7\n- {slug: bees, name: Again}\n",
    )

    texts, refused = topics.read(path)

    assert [text.slug for text in texts] == ["bees"]
    assert [entry.name for entry in refused] == ["wasps", "entry 3", "bees"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("topics: [", "is not YAML"),
        ("!!python/object/apply:os.getcwd []", "is not YAML"),
        ("slug: bees", "must be a list"),
        ("", "must be a list"),
        ("- {slug: bees, name: \x07}", "is not YAML"),
        ("- x\n" * 501, "500 is the most"),
        ("#" * 1_000_001, "larger than"),
    ],
)
def test_a_file_that_is_no_list_of_topics_is_refused_whole(tmp_path, text, reason):
    with pytest.raises(ValueError, match=reason):
        topics.read(written(tmp_path, text))


def test_aliases_that_multiply_do_not_fill_the_memory(tmp_path):
    bomb = 'a: &a ["x","x","x","x","x","x","x","x","x"]\n' + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
    )
    path = written(tmp_path, f"- slug: bees\n  name: Bees\n  keywords:\n    - {{{bomb!r}: 1}}\n")

    texts, refused = topics.read(path)

    assert (texts, [entry.name for entry in refused]) == ([], ["bees"])


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(fields=st.dictionaries(st.sampled_from([*TopicText.__dataclass_fields__]), json_like))
def test_whatever_an_entry_holds_it_is_read_or_refused_with_a_reason(fields):
    with contextlib.suppress(ValueError):
        text = topics.parse({"slug": "bees", "name": "Bees", **fields})

        assert topics.SLUG.fullmatch(text.slug)
        assert text.name
        assert all(isinstance(word, str) and word for word in text.keywords)


@pytest.mark.parametrize("change", ["name", "field", "description", "parent"])
def test_the_digest_notices_each_change_of_text(change):
    before = TopicText(slug="bees", name="Bees", keywords=("honey bee",))

    after = TopicText(**{**before.__dict__, change: "Wasps"})

    assert before.digest() != after.digest()
