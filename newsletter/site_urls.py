from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

import papers.urls  # noqa: F401 - registers the converter `day`
from newsletter import feeds, replies, views
from newsletter.models import Digest, Edition


class CadenceConverter(StringConverter):
    regex = "|".join(Edition.Cadence.values)


register_converter(CadenceConverter, "cadence")

app_name = "newsletter"

TOKEN = "(?P<token>[A-Za-z0-9_-]{1,40})"  # noqa: S105
PAPER = "(?P<paper_id>[0-9]{1,18})"
ACTION = "(?P<action>" + "|".join([*replies.TAPS, replies.FOLLOW]) + ")"
WORD = "(?P<word>" + "|".join([*Digest.Answer.values, replies.KEEP, replies.WEEKLY]) + ")"

urlpatterns = [
    re_path(rf"^l/{TOKEN}$", views.view, name="view"),
    re_path(rf"^f/{TOKEN}/{PAPER}/{ACTION}$", views.tap, name="tap"),
    re_path(rf"^e/{TOKEN}/{WORD}$", views.answer, name="answer"),
    path("letters/<cadence:cadence>/<day:on>", views.sample_letter, name="sample_letter"),
    path("letters/<cadence:cadence>/atom", feeds.LettersFeed(), name="letters_feed"),
]
