from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

import papers.urls  # noqa: F401 - registers the converter `day`
from newsletter import feeds, forecast_views, replies, takeout, views
from newsletter.models import Digest, Edition


class CadenceConverter(StringConverter):
    regex = "|".join(Edition.Cadence.values)


register_converter(CadenceConverter, "cadence")

app_name = "newsletter"

TOKEN = "(?P<token>[A-Za-z0-9_-]{1,40})"  # noqa: S105
PAPER = "(?P<paper_id>[0-9]{1,18})"
ACTION = "(?P<action>" + "|".join([*replies.TAPS, replies.FOLLOW]) + ")"
WORD = "(?P<word>" + "|".join([*Digest.Answer.values, replies.KEEP, replies.WEEKLY]) + ")"

# Of a reader's preference page: subscribers/urls.py.
OWN = "(?P<token>[A-Za-z0-9_-]{1,80})"
TRIED = "(?P<group>topics|people)"

urlpatterns = [
    re_path(rf"^p/{OWN}/next$", forecast_views.next_letter, name="next_letter"),
    re_path(rf"^p/{OWN}/tap$", forecast_views.tap, name="preview_tap"),
    re_path(rf"^p/{OWN}/try/{TRIED}$", forecast_views.back_test, name="back_test"),
    re_path(rf"^p/{OWN}/export$", takeout.export, name="export"),
    re_path(rf"^l/{TOKEN}$", views.view, name="view"),
    re_path(rf"^f/{TOKEN}/{PAPER}/{ACTION}$", views.tap, name="tap"),
    re_path(rf"^e/{TOKEN}/{WORD}$", views.answer, name="answer"),
    path("letters/<cadence:cadence>/<day:on>", views.sample_letter, name="sample_letter"),
    path("letters/<cadence:cadence>/atom", feeds.LettersFeed(), name="letters_feed"),
]
