import re
from datetime import date
from urllib.parse import urlsplit

import pytest

from newsletter import letter
from newsletter.models import Digest, Edition, Entry
from papers.models import Mention
from subscribers.models import Feedback, Subscriber, TopicPreference
from tests.factories import make_digest, make_edition, make_paper, make_subscriber, make_topic
from tests.letters import VARIANTS, make_variant

pytestmark = pytest.mark.django_db

HREF = re.compile(r'href="([^"]*)"')


def html_of(digest):
    return str(letter.email(digest).alternatives[0][0])


def listed_paper(on=date(2026, 2, 20), **fields):
    paper = make_paper(first_mentioned_on=on, **fields)
    Mention.objects.create(paper=paper, source="hf", listing="daily", mentioned_on=on)
    return paper


def counts():
    return [m.objects.count() for m in (Feedback, TopicPreference)] + [
        list(Subscriber.objects.values_list("cadence", "status", "last_seen_at")),
        list(Digest.objects.values_list("answer", flat=True)),
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_link_of_a_letter_leads_to_a_page_and_opening_it_changes_nothing(
    variant, client, settings
):
    digest = make_variant(variant)
    before = counts()

    links = [urlsplit(url) for url in set(HREF.findall(html_of(digest)))]
    ours = [url.path for url in links if url.geturl().startswith(settings.SITE_URL)]
    answers = {path: client.get(path).status_code for path in ours}

    assert len(ours) >= 5
    assert set(answers.values()) == {200}
    assert counts() == before


def test_the_copy_on_the_web_is_the_letter_and_no_search_engine_keeps_it(client):
    digest = make_digest(papers=[make_paper(title="On the number nine")])

    response = client.get(f"/l/{digest.view_token}")

    assert "On the number nine" in response.content.decode()
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]
    policy = response["Content-Security-Policy"].split("; ")  # in any order
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self'" in policy


@pytest.mark.parametrize("variant", VARIANTS)
def test_whoever_is_shown_the_copy_on_the_web_learns_nothing_of_the_account(variant, client):
    digest = make_variant(variant)
    reader = digest.subscriber
    Subscriber.objects.filter(pk=reader.pk).update(name="Zephyrine Quill")

    page = client.get(f"/l/{digest.view_token}").content.decode()

    for own in (reader.email, "Zephyrine", reader.unsubscribe_token, "/p/", "/u/"):
        assert own not in page
    assert page.count('/sign-in"') >= 3


@pytest.mark.parametrize("path", ["/l/{}", "/f/{}/1/more", "/e/{}/good"])
def test_a_guessed_address_shows_nothing(path, client):
    assert client.get(path.format("A" * 22)).status_code == 404


def test_a_copy_without_papers_left_says_so_kindly(client):
    digest = make_digest(papers=[])

    assert client.get(f"/l/{digest.view_token}").status_code == 404


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("more", "more"),
        ("less", "less"),
        ("save", "saved"),
        ("seen", "seen"),
        ("authors", "not_author"),
    ],
)
def test_a_tap_counts_on_post_and_can_be_taken_back(action, kind, client):
    digest = make_digest()
    path = f"/f/{digest.view_token}/{digest.entries.get().paper_id}/{action}"

    client.post(path)
    client.post(path)
    given = list(digest.subscriber.feedback.values_list("kind", "undone_at"))
    client.post(path, {"undo": "1"})

    assert given == [(kind, None)]
    assert not digest.subscriber.feedback.filter(undone_at=None).exists()


def standing(digest):
    return set(digest.subscriber.feedback.filter(undone_at=None).values_list("kind", flat=True))


def test_who_wants_less_may_say_that_it_is_only_for_the_authors(client):
    digest = make_digest(papers=[make_paper(authors=["Maya Ellison", "Bo Lind"])])
    path = f"/f/{digest.view_token}/{digest.entries.get().paper_id}"

    less = client.post(f"{path}/less").content.decode()
    asked = client.get(f"{path}/authors").content.decode()
    before = standing(digest)
    client.post(f"{path}/authors")

    assert f'href="{path}/authors"' in less
    assert "Maya Ellison, Bo Lind" in asked
    assert before == {"less"}, "opening a page changes nothing"
    assert standing(digest) == {"not_author"}, "the subject is not held against it any more"


def test_nobody_answers_about_a_paper_the_letter_did_not_bring(client):
    digest, other = make_digest(), make_paper()

    response = client.post(f"/f/{digest.view_token}/{other.pk}/more")

    assert response.status_code == 404
    assert not Feedback.objects.exists()


def test_the_surprise_brings_its_topic(client):
    topic, digest = make_topic(name="Astronomy"), make_digest()
    Entry.objects.update(reasons=[{"kind": "exploration", "topic": "Astronomy"}])
    path = f"/f/{digest.view_token}/{digest.entries.get().paper_id}/follow"

    client.post(path)
    followed = list(digest.subscriber.topic_preferences.values_list("topic", flat=True))
    client.post(path, {"undo": "1"})

    assert followed == [topic.pk]
    assert not digest.subscriber.topic_preferences.exists()


def test_a_topic_that_is_gone_can_no_longer_be_followed(client):
    digest = make_digest()
    Entry.objects.update(reasons=[{"kind": "exploration", "topic": "Alchemy"}])

    response = client.post(f"/f/{digest.view_token}/{digest.entries.get().paper_id}/follow")

    assert response.status_code == 404


def test_the_question_is_answered_once_and_the_answer_may_change(client):
    digest = make_digest()

    client.post(f"/e/{digest.view_token}/mixed")
    client.post(f"/e/{digest.view_token}/good")

    assert Digest.objects.get().answer == "good"


@pytest.mark.parametrize("word", ["keep", "weekly"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_left_is_promised_no_letters_by_an_old_one(client, word, method):
    digest = make_digest(kind=Digest.Kind.STILL_USEFUL, papers=[])
    Subscriber.objects.update(status=Subscriber.Status.UNSUBSCRIBED)

    answer = getattr(client, method)(f"/e/{digest.view_token}/{word}")

    assert answer.status_code == 404
    assert Subscriber.objects.get().cadence == "daily"


def test_still_useful_is_answered_by_keeping_or_by_once_a_week(client):
    digest = make_digest(kind=Digest.Kind.STILL_USEFUL, papers=[])
    reader = digest.subscriber

    client.post(f"/e/{digest.view_token}/keep")
    reader.refresh_from_db()
    kept = reader.last_seen_at, reader.cadence
    client.post(f"/e/{digest.view_token}/weekly")
    reader.refresh_from_db()

    assert kept[0] is not None
    assert kept[1] == "daily"
    assert reader.cadence == "weekly"


def test_answers_are_shown_in_the_readers_language(client):
    digest = make_digest(subscriber=make_subscriber(language="ar"))

    page = client.get(f"/e/{digest.view_token}/good").content.decode()

    assert '<html lang="ar" dir="rtl">' in page


def test_everybody_may_read_a_days_letter_without_anyones_own_parts(client):
    edition = make_edition()
    digest = make_digest(
        edition=edition, papers=[listed_paper(), listed_paper(title="Of interest")]
    )

    page = client.get("/letters/daily/2026-02-20").content.decode()

    assert "Of interest" in page
    assert "Chosen from 2 new papers." in page
    for own in (digest.view_token, digest.subscriber.email, "/u/", "/p/", "/f/", "/e/", "Why you"):
        assert own not in page


def test_a_day_without_an_edition_has_no_letter(client):
    listed_paper()
    make_edition(date=date(2026, 2, 19), status=Edition.Status.CANCELLED)

    assert client.get("/letters/daily/2026-02-20").status_code == 404
    assert client.get("/letters/daily/2026-02-19").status_code == 404
    assert client.get("/letters/hourly/2026-02-20").status_code == 404
    assert client.get("/letters/daily/2026-02-31").status_code == 404


def test_the_letters_have_a_feed(client, django_assert_max_num_queries):
    for day in range(16, 21):
        listed_paper(date(2026, 2, day), title=f"Paper <b>of</b> {day}")
        make_edition(date=date(2026, 2, day))

    with django_assert_max_num_queries(10):
        response = client.get("/letters/daily/atom")

    assert response["Content-Type"].startswith("application/atom+xml")
    assert b"/letters/daily/2026-02-20" in response.content
    assert b"&lt;b&gt;" in response.content
