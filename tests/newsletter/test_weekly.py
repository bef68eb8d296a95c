"""Letters built from timed readings of votes, by the same door as every day's."""

import re
from datetime import timedelta

import pytest

from newsletter import digests, forecasts, letter
from newsletter.models import Digest
from papers import scoring
from papers.models import Engagement, Fetch
from tests import letters
from tests.factories import NOW, make_edition, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
FRIDAYS = 1 << 4


@pytest.fixture
def topic():
    Fetch.objects.create(
        source="hf", target="2026-02-20", status="done", started_at=NOW, finished_at=NOW - HOUR
    )
    return make_topic(name="Bees", keywords=["honey bee"])


def read(paper, *pairs, source="hf"):
    """Readings of its votes, so many hours ago."""
    for hours, votes in pairs:
        Engagement.objects.create(
            paper=paper, source=source, read_at=NOW - hours * HOUR, upvotes=votes
        )
    type(paper).objects.filter(pk=paper.pk).update(upvotes=pairs[-1][1])


def listed(title, *, hours=0, **fields):
    on = (NOW - hours * HOUR).date()
    return make_paper(title=title, first_mentioned_on=on, **fields)


def subscribed(topics, papers, **fields):
    """A reader of these topics who is due, and these papers among others, all of them scored."""
    others = [make_paper() for _ in range(60)]
    for paper in others[:20]:
        read(paper, (1, 1))  # what is ordinary
    scoring.refresh([paper.pk for paper in (*papers, *others)], now=NOW)
    return make_subscriber(
        topics=topics,
        hour=7,
        confirmed_at=NOW - timedelta(days=30),
        rhythm_since=NOW - HOUR,
        **fields,
    )


def built(topics, papers, **fields):
    """The letter of one reader of these topics, as text, and its digest."""
    subscribed(topics, papers, **fields)
    digests.build_due(NOW)
    digest = Digest.objects.select_related("edition", "subscriber").get()
    return digest, " ".join(letter.email(digest).body.split())


def dances(number):
    """Papers of the topic, of the last days; the newest first."""
    return [listed(f"How a honey bee dances, part {n}", hours=12 * n) for n in range(number)]


def section_of(text, heading):
    """What stands below a heading, up to the next one."""
    found = re.search(rf"== {heading} == (.*?)(?= == | Was this week)", text)
    return found[1] if found else ""


def test_a_count_of_days_ago_is_not_told_as_the_last_hours(topic):
    paper = listed("How a honey bee dances", hours=80)
    read(paper, (74, 2), (50, 60))

    _, text = built([topic], [paper])

    assert "60 upvotes" in text
    assert "in 24 h" not in text
    assert "it is rising" not in text
    assert "it is much talked about in Bees with 60 upvotes" in text


def test_a_fresh_count_is_told_with_its_hours(topic):
    paper = listed("How a honey bee dances", hours=80)
    read(paper, (26, 2), (2, 60))

    _, text = built([topic], [paper])

    assert "58 upvotes in 24 h" in text
    assert "it is rising in Bees with 58 upvotes in 24 h" in text


def test_a_weeks_letter_tells_what_rose_most_and_by_how_much(topic):
    papers = dances(12)
    for paper, first, last in zip(papers[7:], (9, 30, 4, 2, 50), (74, 61, 5, 90, 64), strict=True):
        read(
            paper,
            (
                60,
                first + 1,
            ),
            (50, first),
            (3, last),
        )

    digest, text = built([topic], papers, cadence="weekly", weekdays=FRIDAYS, max_papers=3)

    rising = section_of(text, "Rising over the week")
    told = re.findall(r"rising: \d+ to \d+ upvotes \d+\. How a honey bee dances, part \d+", rising)
    assert [line.partition(" upvotes")[0] for line in told] == [
        "rising: 3 to 90",
        "rising: 10 to 74",
        "rising: 31 to 61",
    ]
    assert digest.entries.filter(section="rising").count() == 3


def test_a_days_letter_has_no_such_section(topic):
    papers = dances(12)
    for paper in papers:
        read(paper, (50, 2), (3, 40))

    digest, text = built([topic], papers, max_papers=3)

    assert "Rising" not in text
    assert sorted(digest.entries.values_list("section", flat=True)) == [
        *["also"] * 5,
        *["more"] * 2,
        "top",
    ]


def test_a_week_without_a_rise_leaves_its_heading_out(topic):
    papers = dances(12)
    for paper in papers:
        read(paper, (50, 30), (3, 44))
    read(papers[-1], (2, 9))

    digest, text = built([topic], papers, cadence="weekly", weekdays=FRIDAYS, max_papers=3)

    assert "Rising" not in text
    assert digest.entries.filter(section="also").count() == 8


def test_a_weeks_letter_prints_each_paper_once(topic):
    papers = dances(12)
    for paper in papers:
        read(paper, (50, 2), (3, 40))

    digest, text = built([topic], papers, cadence="weekly", weekdays=FRIDAYS, max_papers=6)

    sections = list(digest.entries.order_by("position").values_list("section", flat=True))
    assert sections == ["top", *["more"] * 5, *["rising"] * 3, *["also"] * 3]
    printed = re.findall(r" \d+\. (\S.*?) Abstract", text)
    assert len(printed) == len(set(printed)) == 12


def test_the_change_is_told_as_it_was_when_the_letter_was_built(topic):
    papers = dances(8)
    read(papers[-1], (50, 9), (3, 74))
    digest, before = built([topic], papers, cadence="weekly", weekdays=FRIDAYS, max_papers=3)

    read(papers[-1], (2.5, 99))
    after = " ".join(letter.email(digest).body.split())

    assert after == before
    assert "rising: 9 to 74 upvotes" in after
    assert "rising: 9 to 74 upvotes" in " ".join(letter.page(digest).split())


def test_the_preference_page_foresees_the_letter_of_the_week(topic):
    papers = dances(12)
    for paper in papers[8:]:
        read(paper, (50, 2), (3, 40))
    reader = subscribed([topic], papers, cadence="weekly", weekdays=FRIDAYS, max_papers=3)

    foreseen = forecasts.next_letter(reader, now=NOW)
    digests.build_due(NOW)

    entries = Digest.objects.get().entries.order_by("position")
    assert [(row.paper.pk, row.section) for row in foreseen.rows] == list(
        entries.values_list("paper_id", "section")
    )
    assert "rising" in {row.section for row in foreseen.rows}


def test_the_largest_letter_of_a_week_gives_up_what_is_short_before_what_is_full():
    letters.make_topics()
    digest = letters.digest_of(
        subscriber=letters.reader(cadence="weekly", max_papers=8, name="Maximiliane"),
        edition=make_edition(cadence="weekly", date=letters.FRIDAY),
    )
    letters.enter(digest, letters.sample_papers(), letters.LARGEST_WEEKLY)

    message = letter.email(digest)

    html, text = message.alternatives[0].content, " ".join(message.body.split())
    assert len(html.encode()) <= 60_000
    assert section_of(text, "Rising over the week").count("rising: ") == 2
    assert text.count("Less like this") == 8
    assert "in its copy on the web" in text
