"""An operator edits the letters' look and sees letters before they go, without code."""

import re

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from newsletter import letter, look_form
from newsletter.models import Digest, LookVersion
from subscribers import engine
from subscribers.models import Subscriber
from tests.factories import NOW, make_edition, make_paper, make_subscriber
from tests.letters import make_variant

pytestmark = pytest.mark.django_db

ADD = "admin:newsletter_lookversion_add"


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("operator", "ops@example.org", "x"))
    return client


def edit(operator, name: str, text: str, **more):
    address = reverse("admin:newsletter_look_template", args=[name])
    return operator.post(address, {"text": text, **more}, follow=True)


def test_masthead_colour_and_words_are_set_in_one_form(operator):
    fields = {"masthead": "Pile", "accent": "#7A1F5C", "intro": "Hello\nyou\u202e", "footer": ""}

    operator.post(reverse(ADD), fields, follow=True)
    again = operator.get(reverse(ADD)).content.decode()

    row = LookVersion.objects.get()
    assert (row.masthead, row.accent, row.intro) == ("Pile", "#7a1f5c", "Hello\nyou")
    assert 'value="#7a1f5c"' in again


MASTHEAD = r"The \emph{daily} -- a~$b$ <i>pile</i>"
TYPED = [
    r"use \textbf{x}, a -- b, <b>bold</b> & `code`, $5",
    "https://library.example.org/a_b~c/d--e",
    "a^{2} _{i} ''quoted'' don't \u2013 it\u2019s",
    "Bonjour\xa0: \u00ab\xa0oui\xa0\u00bb",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f52c",
]


@pytest.mark.parametrize("words", TYPED)
def test_words_of_an_operator_are_printed_as_typed(operator, words):
    operator.post(reverse(ADD), {"masthead": MASTHEAD, "intro": words, "footer": words})
    digest = make_variant("daily")
    digest.built_at = LookVersion.objects.get().created_at

    message = letter.email(digest)

    page = BeautifulSoup(message.alternatives[0][0], "lxml")
    assert page.select_one("td.brand").get_text() == MASTHEAD
    assert page.get_text().count(words) == 2
    lines = " ".join(message.body.split())
    assert lines.count(" ".join(words.split())) == 2
    if words.startswith("https"):
        assert len(page.select(f'a[href="{words}"]')) == 2


@given(st.text(max_size=60))
def test_only_unprintable_characters_and_repeated_blanks_go(words):
    kept = look_form.typed(words)

    assert look_form.typed(kept) == kept
    assert kept == kept.strip()
    assert not re.search(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]|  ", kept)
    visible = "".join(c for c in words if c.isprintable() and c != " ")
    assert [c for c in kept if c in visible] == list(visible)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"accent": "#ffcc00"}, "has a contrast of 1.3"),
        ({"accent": "#0a5f4a", "accent_dark": "#0a5f4a"}, "has a contrast of 2.0"),
        ({"accent": "green"}, "no colour"),
        ({"accent_dark": "#ffffff"}, "light mode as well"),
    ],
)
def test_a_colour_that_cannot_be_read_is_refused_with_the_ratio(operator, fields, reason):
    page = operator.post(reverse(ADD), fields).content.decode()

    assert reason in page
    assert not LookVersion.objects.exists()


def test_a_template_of_ones_own_is_used_and_taken_back(operator):
    text = engine.shipped()["item.html"].replace("<h3 ", '<h3 title="paper" ')

    page = edit(operator, "item.html", text).content.decode()
    import re

    print(re.findall("messagelist.*?</ul>|errorlist.*?</ul>", page, re.S))
    own = LookVersion.objects.first().templates
    edit(operator, "item.html", text, restore="yes")

    assert "In use: item.html" in page
    assert own == {"item.html": text}
    assert LookVersion.objects.first().templates == {}


def test_a_broken_template_is_refused_with_its_line_and_the_last_good_one_stays(operator):
    good = engine.shipped()["item.html"].replace("<h3 ", '<h3 title="paper" ')
    edit(operator, "item.html", good)

    page = edit(
        operator, "item.html", good.replace("{% endif %}{% if item.links", "{% if item.links")
    )

    assert "line 15: Unclosed tag" in page.content.decode()
    assert "the last good one stays" in page.content.decode()
    assert LookVersion.objects.get().templates == {"item.html": good}


def test_words_that_the_press_cannot_cut_are_taken_with_a_warning(operator):
    text = engine.shipped()["digest.html"].replace(
        "{{ letter.opening_html }}", "{{ letter.opening_html }} {{ letter.heading }}"
    )

    page = edit(operator, "digest.html", text).content.decode()

    assert "take longer to print" in page


def test_an_earlier_look_is_used_again(operator):
    first = LookVersion.objects.create(created_at=NOW, masthead="First")
    LookVersion.objects.create(created_at=NOW, masthead="Second")

    data = {"action": "use_again", "_selected_action": [first.pk]}
    operator.post(reverse("admin:newsletter_lookversion_changelist"), data)

    assert LookVersion.objects.first().masthead == "First"
    assert LookVersion.objects.count() == 3


def test_a_template_that_does_not_ship_cannot_be_made(operator):
    assert edit(operator, "other.html", "x").status_code == 404
    assert "item.html" in operator.get(reverse("admin:newsletter_look_templates")).content.decode()


def test_staff_without_the_right_sees_no_template(client):
    client.force_login(User.objects.create_user("watcher", password="x", is_staff=True))

    for name in ("newsletter_look_templates", "newsletter_lookversion_add"):
        assert client.get(reverse(f"admin:{name}")).status_code == 403


def preview(operator, edition, reader: Subscriber, method: str = "get", **more):
    address = reverse("admin:newsletter_edition_preview", args=[edition.pk])
    return getattr(operator, method)(address, {"reader": reader.email, **more})


def test_an_operator_sees_a_readers_letter_without_the_readers_keys(operator):
    digest = make_variant("daily")
    LookVersion.objects.create(created_at=NOW, masthead="Brand new")

    page = preview(operator, digest.edition, digest.subscriber).content.decode()
    html = preview(operator, digest.edition, digest.subscriber, part="html").content.decode()

    assert "10 papers worth your time, Ada" in page
    assert "Brand new" in html
    for part in (page, html):
        assert digest.view_token not in part
        assert digest.subscriber.unsubscribe_token not in part


def test_a_reader_without_a_letter_is_told_apart(operator):
    edition = make_edition()

    page = preview(operator, edition, make_subscriber()).content.decode()
    unknown = preview(operator, edition, Subscriber(email="nobody@mail.example.net"))

    assert "would get no letter: nothing passed" in page
    assert "Nobody subscribed" in unknown.content.decode()


def test_a_letter_that_is_still_to_be_built_is_shown_and_not_stored(operator, monkeypatch):
    paper, reader = make_paper(title="The one for tomorrow"), make_subscriber()

    class Pick:
        paper_id, section, score, reasons = paper.pk, "top", 1.0, ()

    def choose(edition, due, pool, *, now, kind):
        from newsletter.drafts import Draft

        return [Draft(reader.pk, now, "pending", kind=kind, pool_size=7, picks=[Pick()])]

    monkeypatch.setattr("newsletter.digests.choose", choose)

    page = preview(operator, make_edition(), reader).content.decode()

    assert "The one for tomorrow" in page
    assert not Digest.objects.exists()


def test_a_test_goes_to_the_operator_alone_and_counts_as_nothing(operator, mailoutbox):
    digest = make_variant("daily")
    before = Digest.objects.values().get()

    page = preview(operator, digest.edition, digest.subscriber, "post").content.decode()

    (message,) = mailoutbox
    raw = message.message()
    assert "Sent to ops@example.org." in page
    assert message.to == ["ops@example.org"]
    assert message.subject.startswith("[Test] ")
    assert not {name for name in set(raw.keys()) if name.startswith(("List-", "X-Paper-Round"))}
    assert raw["Message-ID"] != digest.message_id
    assert digest.view_token not in message.body
    assert Digest.objects.values().get() == before
    assert digest.attempt_log.count() == 0


def test_an_operator_without_an_address_is_told(client, mailoutbox):
    client.force_login(User.objects.create_superuser("operator", password="x"))
    digest = make_variant("one_paper")

    page = preview(client, digest.edition, digest.subscriber, "post").content.decode()

    assert "no address" in page
    assert mailoutbox == []
