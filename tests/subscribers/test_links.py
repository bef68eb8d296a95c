from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers import links
from subscribers.models import Subscriber
from tests.factories import NOW, make_subscriber

PURPOSES = sorted(links.PURPOSES)


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_token_is_good_for_its_own_purpose_only(purpose):
    reader = make_subscriber()

    token = links.make(reader.pk, purpose)

    readable_as = [p for p in PURPOSES if links.read(token, p) == reader]
    assert readable_as == [purpose]


@pytest.mark.django_db
def test_a_token_ends_at_its_time():
    reader = make_subscriber()

    token = links.make(reader.pk, "confirm", until=NOW + timedelta(days=7))

    assert links.read(token, "confirm", now=NOW + timedelta(days=7)) == reader
    assert links.read(token, "confirm", now=NOW + timedelta(days=7, seconds=1)) is None


@pytest.mark.django_db
def test_a_token_survives_a_new_secret_key_while_the_old_one_is_kept(settings):
    reader = make_subscriber()
    token = links.make(reader.pk, "preferences")

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    with_old_key = links.read(token, "preferences")
    settings.SECRET_KEY_FALLBACKS = []
    without = links.read(token, "preferences")

    assert with_old_key == reader
    assert without is None


@pytest.mark.django_db
def test_an_erased_readers_token_reads_as_nobody():
    reader = make_subscriber()
    token = links.make(reader.pk, "preferences")
    reader.delete()

    assert links.read(token, "preferences") is None


@given(position=st.integers(0, links.TOKEN_LENGTH - 1), letter=st.sampled_from("AZaz09-_=.é\n"))
def test_a_token_changed_anywhere_is_refused_without_a_query(position, letter):
    token = links.make(7, "preferences")
    changed = token[:position] + letter + token[position + 1 :]

    refused = links.read(changed, "preferences") if changed != token else None

    assert refused is None


@given(st.text(max_size=60))
def test_any_other_text_is_refused_without_a_query(text):
    assert links.read(text, "preferences") is None


def test_tokens_are_opaque_safe_in_an_address_and_of_one_length():
    tokens = {links.make(n, "pause") for n in (1, 2, 10**12)}

    assert len(tokens) == 3
    assert {len(token) for token in tokens} == {links.TOKEN_LENGTH}
    assert all(set(token) <= set(links_alphabet()) for token in tokens)


def links_alphabet() -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_an_unknown_purpose_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="no such purpose"):
        links.make(1, "anything")


@pytest.mark.django_db
def test_list_unsubscribe_offers_one_click_and_mail(settings):
    settings.SITE_URL, settings.MAIL_DOMAIN = "https://papers.example.org", "example.org"
    reader = make_subscriber(unsubscribe_token="abcdefghijklmnopqrstuv")

    headers = links.unsubscribe_headers(reader)

    assert headers == {
        "List-Unsubscribe": "<https://papers.example.org/u/abcdefghijklmnopqrstuv>, "
        "<mailto:unsubscribe@example.org?subject=abcdefghijklmnopqrstuv>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_the_addresses_of_many_letters_are_those_of_one():
    reader = Subscriber(pk=7, unsubscribe_token="abcdefghijklmnop")

    of_letters = links.OfLetters().of(reader)

    assert of_letters == (
        links.preferences_url(reader),
        links.pause_url(reader),
        links.unsubscribe_url(reader),
    )
