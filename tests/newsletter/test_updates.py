"""Since we sent it: news of earlier papers, true, at most three, told once."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from newsletter import digests, letter, updates
from newsletter.models import Digest
from papers.models import Change
from tests.factories import NOW, make_digest, make_edition, make_paper, make_subscriber
from tests.letter_checks import assert_all_said

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def sent(paper, subscriber, at=NOW, **fields):
    return make_digest(
        papers=[paper], subscriber=subscriber, status="sent", sent_at=at, built_at=at,
        edition=make_edition(date=at.date()), **fields,
    )  # fmt: skip


def change(paper, kind="version", detail="2", at=NOW + DAY / 2, **fields):
    fields.setdefault("happened_at", at)
    return Change.objects.create(paper=paper, kind=kind, detail=detail, noticed_at=at, **fields)


def told(reader, at=NOW + DAY):
    found = updates.since_sent([reader.pk], now=at).get(reader.pk, [])
    return [(update["paper"], update["kind"]) for update in found]


def test_who_had_the_paper_hears_of_it_and_nobody_else():
    paper, reader, other = make_paper(), make_subscriber(), make_subscriber()
    sent(paper, reader)
    sent(make_paper(), other)
    change(paper)

    assert told(reader) == [(paper.pk, "version")]
    assert told(other) == []


def test_what_was_so_before_the_letter_is_no_news():
    paper, reader = make_paper(), make_subscriber()
    sent(paper, reader)
    change(paper, happened_at=NOW - DAY)

    assert told(reader) == []


def test_it_is_told_once():
    paper, reader = make_paper(), make_subscriber()
    sent(paper, reader)
    change(paper)

    before = told(reader)
    sent(make_paper(), reader, at=NOW + DAY)

    assert before == [(paper.pk, "version")]
    assert told(reader, at=NOW + 2 * DAY) == []


def test_a_letter_that_never_went_told_nothing():
    paper, reader = make_paper(), make_subscriber()
    sent(paper, reader)
    change(paper)
    make_digest(
        papers=[], subscriber=reader, status="skipped", reason="nothing passed",
        built_at=NOW + DAY, edition=make_edition(date=(NOW + DAY).date()),
    )  # fmt: skip

    assert told(reader, at=NOW + 2 * DAY) == [(paper.pk, "version")]


def test_the_gravest_three_are_told_one_line_a_paper():
    reader = make_subscriber()
    papers = [make_paper() for _ in range(4)]
    digest = sent(papers[0], reader)
    for position, paper in enumerate(papers[1:], start=2):
        digest.entries.create(
            subscriber=reader, paper=paper, position=position, section="more", score=1
        )
    for paper, kind in zip(papers, ["topped", "version", "code", "venue"], strict=True):
        change(paper, kind)
    change(papers[1], "retracted", "")

    assert told(reader) == [
        (papers[1].pk, "retracted"), (papers[3].pk, "venue"), (papers[2].pk, "code"),
    ]  # fmt: skip


def test_a_paper_sent_under_a_row_that_was_merged_counts():
    paper, reader = make_paper(), make_subscriber()
    sent(make_paper(merged_into=paper), reader)
    change(paper)

    assert told(reader) == [(paper.pk, "version")]


def test_twice_as_many_readers_take_no_more_questions(django_assert_num_queries):
    paper = make_paper()
    readers = [make_subscriber() for _ in range(4)]
    for reader in readers:
        sent(paper, reader)
    change(paper)

    for some in (readers[:2], readers):
        with django_assert_num_queries(4):
            found = updates.since_sent([reader.pk for reader in some], now=NOW + DAY)
        assert len(found) == len(some)


def test_the_build_stores_them_and_both_parts_say_them(monkeypatch):
    old, new = make_paper(title="An earlier paper"), make_paper(title="The paper of the day")
    reader = make_subscriber()
    sent(old, reader)
    old.code_url = "https://code.example.org/old"
    old.save()
    change(old, "code", "")
    edition = make_edition(date=(NOW + DAY).date())

    class Choice:
        subscriber_id, pool_size, held_back = reader.pk, 7, 0
        picks = [
            type("Pick", (), {"paper_id": new.pk, "section": "top", "score": 1.0, "reasons": ()})
        ]

    monkeypatch.setattr(digests.pools, "load", lambda on, now: SimpleNamespace(paper_ids=[]))
    monkeypatch.setattr(digests.interests, "load", lambda ids, pool: None)
    monkeypatch.setattr(digests.ranking, "choose", lambda *args, **kwargs: [Choice])
    monkeypatch.setattr(digests, "is_fresh", lambda now: True)
    due = [digests.Due(reader.pk, NOW + DAY)]
    digests.build(edition, due, now=NOW + DAY)

    digest = Digest.objects.get(edition=edition)
    message = letter.email(digest)
    assert digest.updates == [{"paper": old.pk, "kind": "code", "detail": ""}]
    html = str(message.alternatives[0][0])
    assert_all_said(message.body, html)
    for part in (message.body, html):
        assert "Since we sent it" in part
        assert "now with its code" in part
        assert "https://code.example.org/old" in part
    assert "One paper worth your time" in message.body
    assert "more papers" not in message.subject


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("retracted", "", "now withdrawn"),
        ("venue", "<b>ICML</b> 2026", "now accepted:"),
        ("version", "3", "now in version 3"),
        ("topped", "2026-02-16", "strongest of the week of 16 February"),
    ],
)
def test_each_kind_has_its_words(kind, detail, words):
    digest = make_digest(updates=[{"paper": make_paper().pk, "kind": kind, "detail": detail}])

    message = letter.email(digest)

    assert words in message.body
    assert words in str(message.alternatives[0][0])
    assert "<b>ICML" not in str(message.alternatives[0][0])
