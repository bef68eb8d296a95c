"""The letter in every language it is offered in."""

import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from newsletter import letter
from tests.letters import VARIANTS, make_variant

LOCALES = Path(settings.BASE_DIR) / "locale"
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
PLACE = re.compile(r"%\([a-z_]+\)s|%s")


def catalogue(language):
    path = LOCALES / translation.to_locale(language) / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)._catalog


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_as_much(language):
    ids = {key[0] if isinstance(key, tuple) else key for key in catalogue(language)}

    assert ids == {key[0] if isinstance(key, tuple) else key for key in catalogue("de")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_name_no_value_that_the_sentence_does_not_have(language):
    for key, words in catalogue(language).items():
        said = key[0] if isinstance(key, tuple) else key
        if said:
            assert set(PLACE.findall(words)) <= {*PLACE.findall(said), "%(n)s"}, said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ("german", ["10 Arbeiten, die sich lohnen, Ada", "Warum Sie das sehen:", "20. Februar"]),
        (
            "french",
            ["10 articles qui méritent votre temps", "il y a 9 jours", "vendredi 20"],
        ),
        ("spanish", ["10 artículos que merecen tu tiempo", "viernes 20 de febrero de 2026"]),
        ("chinese", ["10篇值得一读的论文", "2026年2月20日 星期五", "推荐理由："]),
        ("arabic", ["10 أوراق تستحق وقتك، Ada", "إلغاء الاشتراك", "لماذا ترى هذا:"]),
    ],
)
def test_a_letter_speaks_its_readers_language(variant, words):
    message = letter.email(make_variant(variant))

    body = " ".join(message.body.split())
    for each in words:
        assert each.lower() in body.lower()
    for english in ("Why you", "Abstract:", "upvotes", "More like this", "Unsubscribe"):
        assert english not in body


@pytest.mark.django_db
def test_from_right_to_left_everything_is_mirrored():
    html = str(letter.email(make_variant("arabic")).alternatives[0][0])

    assert '<html lang="ar" dir="rtl"' in html
    assert "text-align:right" in html
    assert "text-align:left" in html
    assert set(VARIANTS) >= {"arabic"}
