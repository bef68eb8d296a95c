"""Topics, papers and readers as nobody should write them: each has a defined outcome."""

from datetime import date

import numpy as np
import pytest

from papers import ranking
from papers.features import Document, fit
from papers.matching import Matcher, TopicText
from papers.readers import Opinion, Reader, arrays
from tests.papers.crowds import NOW, make_liked, make_pool

BEES = Document("Foraging of the honey bee", "The honey bee finds its hive.", ("q-bio.PE",))
CODES = Document("Surface codes", "Quantum memory is protected by codes.", ("quant-ph",))
CHINESE = Document("蜜蜂的舞蹈与觅食", "我们研究蜜蜂如何在蜂巢中跳舞。", ())
ARABIC = Document("رقص نحل العسل", "ندرس كيف يرقص نحل العسل في الخلية.", ())
BARE = Document("Honey bee", "", ())
EVERY = [BEES, CODES, CHINESE, ARABIC, BARE]


@pytest.fixture(scope="module")
def features():
    return fit(EVERY * 3)


def scores(features, topic):
    ordinary = features.read(EVERY * 3)
    return Matcher.of([topic], features, ordinary).match(features.read(EVERY)).scores[0]


def best(features, topic):
    return EVERY[int(scores(features, topic).argmax())]


def test_a_topic_without_keywords_is_matched_by_its_name(features):
    assert best(features, TopicText("Surface codes")) == CODES


def test_a_topic_of_five_hundred_keywords_still_finds_its_papers(features):
    others = tuple(f"word{n} thing{n}" for n in range(499))

    found = scores(features, TopicText("Bees", keywords=("surface codes", *others)))

    assert EVERY[int(found.argmax())] == CODES
    assert np.isfinite(found).all()


def test_a_keyword_of_stop_words_alone_matches_nothing(features):
    without = scores(features, TopicText("Surface codes", keywords=("surface codes",)))

    found = scores(features, TopicText("Surface codes", keywords=("surface codes", "of the")))

    assert found.tolist() == pytest.approx(without.tolist())


def test_a_topic_of_stop_words_alone_accepts_no_paper(features):
    assert (scores(features, TopicText("The of", keywords=("and the", "it is"))) < 1).all()


def test_a_paper_without_abstract_is_known_by_its_title(features):
    found = scores(features, TopicText("Honey bee"))

    assert found[EVERY.index(BARE)] > found[EVERY.index(CODES)]


@pytest.mark.parametrize(
    ("words", "paper"), [("蜜蜂", CHINESE), ("نحل العسل", ARABIC)], ids=["Chinese", "Arabic"]
)
def test_other_scripts_find_their_papers(features, words, paper):
    assert best(features, TopicText(words, keywords=(words,))) == paper


def test_opinions_on_papers_that_are_gone_change_nothing():
    pool, liked = make_pool(), make_liked()
    plain = Reader(1, topics={1: 1.0})
    gone = Reader(1, topics={1: 1.0}, opinions=[Opinion(999_999, date(2026, 2, 1))])

    chosen = [
        list(ranking.choose(pool, arrays([reader], pool, liked), seen=[], now=NOW))
        for reader in (plain, gone)
    ]

    assert chosen[0] == chosen[1]


def test_a_day_without_any_paper_gives_an_empty_choice():
    pool, liked = make_pool(papers=0), make_liked()
    reader = Reader(1, topics={1: 1.0}, wants_surprise=True)

    [choice] = ranking.choose(pool, arrays([reader], pool, liked), seen=[], now=NOW)

    assert choice.picks == ()
    assert choice.pool_size == 0
