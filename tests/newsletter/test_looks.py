"""What an operator sets of the letters' look: in every letter, in both parts, and never broken."""

from datetime import timedelta

import pytest
from django.template import TemplateSyntaxError
from django.utils import translation

from newsletter import items, letter, looks, proofs
from newsletter.archive import Archive
from newsletter.models import LookVersion
from subscribers import engine, look, mail, notices
from subscribers.models import Notice
from tests.factories import NOW, make_digest, make_subscriber
from tests.letter_checks import assert_all_said, assert_rfc_clean, contrast, least_contrast
from tests.letters import make_variant
from tests.newsletter.test_press import decoded, plain

LIGHT, DARK = look.with_accent("#7a1f5c")
OWN = look.Look(
    masthead="The Morning <Pile>",
    light=LIGHT,
    dark=DARK,
    intro="Read with us: https://library.example.org/club.\nEvery Friday & free.",
    footer="Asked & answered at https://library.example.org/help",
)


ITEM = items.Item(
    paper_id=1,
    look="lead",
    topic="Topic",
    signs="new today",
    title="A <title>",
    url="https://example.org/1",
    authors=(items.Byline("Ada", followed=True),),
    others="and 2 others",
    summary="A summary.",
    links=(items.Link("PDF", "https://example.org/2"),),
    actions=(("more", "More"),),
)
LETTER = {"sections": [items.Section("Top", "", (items.Shown(1, ITEM, "it fits"),))]}


def with_template(name: str, old: str, new: str) -> look.Look:
    text = engine.shipped()[name]
    assert old in text
    return look.Look(templates=((engine.PREFIX + name, text.replace(old, new)),))


def save(**fields) -> LookVersion:
    return LookVersion.objects.create(created_at=fields.pop("created_at", NOW), **fields)


def compose(name: str, shown: look.Look = OWN):
    context = {"action_url": "https://example.org/a", "address": "ada@mail.example.net"}
    return mail.compose(name, "ada@mail.example.net", context, look=shown)


@pytest.mark.parametrize("name", ["sign_in", "goodbye", "operator_alert"])
def test_every_family_carries_masthead_colour_and_footer(name):
    message = compose(name)

    html = str(message.alternatives[0][0])
    assert message.body.startswith("The Morning <Pile>\n")
    assert "The Morning &lt;Pile&gt;</a>" in html
    assert "Asked & answered" in message.body
    assert "Asked &amp; answered" in html
    assert "#7a1f5c" in html
    assert look.LIGHT.accent not in html
    assert look.DARK.accent not in html


@pytest.mark.django_db
def test_a_digest_has_the_look_in_both_parts_and_stays_readable():
    digest = make_variant("daily")
    save(
        masthead=OWN.masthead, accent="#7a1f5c", intro=OWN.intro, footer=OWN.footer,
        created_at=digest.built_at,
    )  # fmt: skip

    message = letter.email(digest)

    html = str(message.alternatives[0][0])
    assert_rfc_clean(message.message().as_bytes(linesep="\r\n"))
    assert_all_said(message.body.replace("/club.", "/club"), html)
    assert "Every Friday &amp; free." in html
    assert "Every Friday & free." in message.body
    assert min(least_contrast(html), least_contrast(html, dark=True)) >= 4.5


@pytest.mark.django_db
@pytest.mark.parametrize(
    "shown",
    [OWN, with_template("item.html", "<h3 ", '<h3 title="paper" ')],
    ids=["words and colour", "a template"],
)
@pytest.mark.parametrize("variant", ["daily", "weekly", "quiet"])
def test_the_press_prints_the_same_message_in_any_look(variant, shown, monkeypatch):
    monkeypatch.setattr(looks.Looks, "at", lambda self, instant: shown)
    monkeypatch.setattr(letter, "printed", None)  # the plain render would prove nothing
    digest = make_variant(variant)

    (pressed,) = letter.print_batch([digest])

    monkeypatch.undo()
    save(created_at=NOW + timedelta(days=9))
    (copy,) = letter.facts.copies([digest])
    archive = Archive(letter.facts.as_of(digest))
    archive.fetch(entry.paper_id for entry in copy.entries)
    assert decoded(pressed.data) == decoded(letter.printed(copy, archive.papers, shown).data)


@pytest.mark.django_db
def test_what_was_built_before_a_change_keeps_its_look_on_every_try():
    digest = make_digest(built_at=NOW)
    first = letter.email(digest).message().as_bytes()

    save(masthead="Renamed", created_at=NOW + timedelta(minutes=1))

    assert letter.email(digest).message().as_bytes() == first
    assert plain(digest)
    later = make_digest(built_at=NOW + timedelta(minutes=2))
    assert letter.email(later).body.startswith("Renamed\n")


@pytest.mark.django_db
def test_transactional_letters_use_the_present_look(mailoutbox):
    save(masthead="Renamed")
    Notice.objects.create(subscriber=make_subscriber(), kind="changed", created_at=NOW)

    notices.send_due(now=NOW)

    assert mailoutbox[0].body.startswith("Renamed\n")


@pytest.mark.parametrize("accent", ["#7a1f5c", "#0a5f4a", "#000000", "#1d4ed8"])
def test_an_accent_can_be_read_in_the_light_and_lightened_in_the_dark(accent):
    light, dark = look.with_accent(accent)

    for palette in (light, dark):
        for behind in (palette.page, palette.card, palette.tint):
            assert contrast(palette.accent, behind) >= 4.5


@pytest.mark.parametrize(
    ("accent", "dark", "reason"),
    [
        ("#ffcc00", "", "#ffcc00 on #eef1ef has a contrast of 1.3"),
        ("#0a5f4a", "#0a5f4a", "#0a5f4a on #1d2724 has a contrast of 2.0"),
        ("red", "", "no colour"),
    ],
)
def test_an_accent_that_cannot_be_read_is_refused_with_its_ratio(accent, dark, reason):
    with pytest.raises(ValueError, match=reason):
        look.with_accent(accent, dark)


def test_the_shipped_templates_pass_their_own_proof():
    assert proofs.fault(look.SHIPPED, "item.html") is None
    assert proofs.slows(look.SHIPPED) == ""


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("item.html", "{{ item.title }}", "{{ item.tittle }}", "line 7: nothing is called"),
        ("item.html", "{% endif %}{% if item.links", "{% if item.links", "line 15: Unclosed tag"),
        ("note.txt", "{% block words %}", "{% block words", "line 4: 'block' tag takes"),
        ("item.html", "{% load i18n %}", "{% load admin_list %}", "line 1: 'admin_list' is not"),
        ("item.html", "{% load i18n %}", "{% load i18n %}{% include 'base.html' %}", "line 1: a"),
        ("item.txt", "{{ number }}", "{% include 'letter/../404.html' %}", "has no template"),
        ("item.html", "{% load i18n %}", "{% load i18n %}{% debug %}", "Invalid block tag"),
        ("item.html", "{{ item.summary }}", "{{ item.summary|safe }}", "Invalid filter: 'safe'"),
        ("footer.html", "{{ letter.unsubscribe_url }}", "#", "no longer say"),
        ("note.html", "{{ action_url }}", "#", "no longer say"),
        ("base.html", "{{ masthead }}", '<img src="x">', "line 29: a letter may not contain <img"),
        ("digest.subject.txt", "{{ letter.subject }}", "", "no subject"),
    ],
)
def test_a_template_that_would_break_a_letter_is_named_with_its_line(name, old, new, reason):
    found = proofs.fault(with_template(name, old, new), name)

    assert reason in str(found)


def test_a_template_may_extend_the_shipped_one():
    text = '{% extends "letter/footer.txt" %}'
    own = look.Look(templates=(("letter/footer.txt", text),))

    assert proofs.fault(own, "footer.txt") is None


def test_a_template_that_fails_all_the_same_gives_way_to_the_shipped_one(caplog):
    broken = look.Look(templates=(("letter/note.html", "{% if %}"),))

    message = compose("sign_in", broken)

    assert str(message.alternatives[0][0]) == str(
        compose("sign_in", look.SHIPPED).alternatives[0][0]
    )
    assert "operator's own fails" in caplog.text
    with pytest.raises(TemplateSyntaxError):
        compose("sign_in", look.Look(templates=broken.templates, is_proof=True))


@pytest.mark.django_db
def test_a_printer_sees_a_new_look_and_keeps_the_old_one_for_what_was_built_before():
    before = make_digest(built_at=NOW)
    printer = letter.Printer()
    (first,) = printer.print([before])

    save(masthead="Renamed", created_at=NOW + timedelta(minutes=1))
    after = make_digest(built_at=NOW + timedelta(minutes=2))
    again, renamed = printer.print([before, after])

    assert again.data == first.data
    assert b"Renamed" not in again.data
    assert b"\r\nRenamed\r\n" in renamed.data


@pytest.mark.django_db
def test_a_stored_colour_that_can_no_longer_be_read_stops_no_letter(caplog):
    save(accent="#ffcc00", masthead="Renamed")

    shown = looks.current()

    assert (shown.masthead, shown.light, shown.dark) == ("Renamed", look.LIGHT, look.DARK)
    assert "has a contrast of" in caplog.text


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("name", ["digest", "sign_in", "changed"])
def test_what_is_printed_into_templates_beforehand_is_what_they_print(name, language, monkeypatch):
    def html():
        engine._engine.cache_clear()
        with translation.override(language):
            values = mail.values({"letter": LETTER, "action_url": "https://example.org/a"}, OWN)
            return mail.render(f"letter/{name}.html", values, escape=True, look=OWN)

    beforehand = html()
    monkeypatch.setattr(engine, "with_fixed", lambda contents, look: contents)
    as_written = html()
    monkeypatch.undo()
    engine._engine.cache_clear()

    assert beforehand == as_written
    assert "{{" not in beforehand
