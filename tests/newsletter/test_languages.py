"""The letter in every language it is offered in."""

import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from newsletter import letter, reasons
from tests import catalogs
from tests.letters import VARIANTS, make_variant

LOCALES = Path(settings.BASE_DIR) / "locale"
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
# Of what only staff sees: pages and names in the admin, the state of the service.
OF_STAFF = re.compile(r"admin$|^topic_(form|merge|trial)|^look_form$|^status$")
PLACE = re.compile(r"%\([a-z_]+\)s|%s")


def catalogue(language):
    path = LOCALES / translation.to_locale(language) / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)._catalog


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_as_much(language):
    ids = {key[0] if isinstance(key, tuple) else key for key in catalogue(language)}

    assert ids == {key[0] if isinstance(key, tuple) else key for key in catalogue("de")}


def read_by_readers():
    """Files whose words a reader may see: all but the staff's pages and the admin."""
    root = Path(settings.BASE_DIR)
    for file in sorted((root / "templates").rglob("*")):
        if file.is_file() and not staffs(file):
            yield file, catalogs.of_template(file)
    for package in ("papers", "subscribers", "newsletter"):
        for file in (root / package).glob("*.py"):
            if not staffs(file) and file != root / "newsletter" / "models.py":
                yield file, catalogs.of_module(file)


def staffs(file):
    return bool(OF_STAFF.search(file.stem)) or "admin" in file.parts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_readers_see_is_in_every_catalog(language):
    said = {
        key[0] if isinstance(key, tuple) else key
        for key, words in catalogue(language).items()
        if words
    }

    missing = {
        str(file): sorted(set(found))
        for file, words in read_by_readers()
        if (found := {*words} - said)
    }

    assert missing == {}


def test_a_catalog_holds_nothing_that_nobody_says():
    said = {word for _file, words in read_by_readers() for word in words}
    ids = {key[0] if isinstance(key, tuple) else key for key in catalogue("de")}

    assert ids - said == {""}


# Words that are the same in German, French or Spanish; dates and signs are left out.
SHARED = {
    *("Code", "Code, %(stars)s", "code", "PDF", "Feed", "Pause", "Discussion", "Pages", "Error"),
    *("Normal", "Six", "version %(n)s, %(on)s", "Asia", "Australia", "Europe"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_the_english_words_only_where_languages_share_them(language):
    for key, words in catalogue(language).items():
        said = key[0] if isinstance(key, tuple) else key
        context, _, msgid = said.rpartition("\x04")
        if (
            msgid == words
            and context != catalogs.DATE_FORM
            and re.search("[a-z]{3}", PLACE.sub("", msgid))
        ):
            assert msgid in SHARED


def test_french_signs_never_stand_alone_on_a_line():
    """A space that does not break stands before : ; ? ! and inside « »."""
    assert [w for w in catalogue("fr").values() if re.search(" [:;?!»]|« ", w)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reason_ends_with_one_stop(language):
    with translation.override(language):
        line = reasons.sentence([{"kind": "trend", "field": "cs.LG", "upvotes": 200, "hours": 24}])

    assert line[-1] in ".。"
    assert line[-2] not in ".。"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_is_compiled_from_its_text(language):
    """The .po beside a .mo says the same; msgfmt makes the one from the other."""
    path = LOCALES / translation.to_locale(language) / "LC_MESSAGES" / "django.po"

    entries = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), re.M)
    compiled = {
        (k[0] if isinstance(k, tuple) else k).split("\x04")[-1] for k in catalogue(language)
    }

    assert {entry.replace('\\"', '"').replace("\\n", "\n") for entry in entries} == compiled - {""}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "direction", "words"),
    [("de", "ltr", "Abonnieren"), ("zh-hans", "ltr", "订阅"), ("ar", "rtl", "اشترك")],
)
def test_the_pages_speak_the_browsers_language(client, language, direction, words):
    page = client.get("/", headers={"accept-language": language}).content.decode()

    assert f'<html lang="{language}" dir="{direction}">' in page
    assert words in page
    assert "Subscribe" not in page


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
