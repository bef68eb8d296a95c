"""The letter's own pages: its copy on the web, answers by one tap, the letter for everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, ParamSpec, cast

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from newsletter import letter, replies, sample
from newsletter.models import Digest, Edition
from papers import text
from subscribers.doors import bad_link, opened_by
from subscribers.models import Subscriber

P = ParamSpec("P")


def as_letter(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """A letter carries its styles inline; everything else of the site's policy stays."""
    return cast(Any, csp_update({"style-src": [UNSAFE_INLINE]}))(view)  # type: ignore[no-any-return]


def _digest(token: str) -> Digest | None:
    digests = Digest.objects.select_related("subscriber", "edition")
    return digests.filter(view_token=token).first()


def _reader(digest: Digest) -> Subscriber:
    return digest.subscriber


@as_letter
@require_safe
@opened_by(_digest, _reader)
def view(request: HttpRequest, token: str, digest: Digest) -> HttpResponse:
    """The reader's copy in the browser; whoever has the address may read it."""
    try:
        page = letter.page(digest)
    except LookupError:
        return bad_link(request)
    return HttpResponse(page, headers={"X-Robots-Tag": "noindex, nofollow"})


@require_http_methods(["GET", "HEAD", "POST"])
@opened_by(_digest, _reader)
def tap(
    request: HttpRequest, token: str, digest: Digest, paper_id: int, action: str
) -> HttpResponse:
    """More or less like this, save, not these authors, follow its topic; and take it back."""
    entry = digest.entries.select_related("paper").filter(paper=paper_id).first()
    if entry is None:
        return bad_link(request)

    now, is_done, is_undone = timezone.now(), False, False
    if request.method == "POST" and "undo" in request.POST:
        replies.untap(entry, action, now=now)
        is_undone = True
    elif request.method == "POST":
        is_done = replies.tap(entry, action, now=now)
    topic = replies.topic_of(entry) if action == replies.FOLLOW else None
    if action == replies.FOLLOW and topic is None:
        return bad_link(request)
    context = {
        "token": token,
        "action": action,
        "title": text.clean(entry.paper.title),
        "paper": entry.paper,
        "topic": topic,
        "authors": replies.authors_of(entry) if action in {"less", "authors"} else [],
        "is_done": is_done,
        "is_undone": is_undone,
    }
    return render(request, "newsletter/tap.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@opened_by(_digest, _reader)
def answer(request: HttpRequest, token: str, digest: Digest, word: str) -> HttpResponse:
    """To the letter's one question, or to "still useful?"."""
    if word not in replies.ANSWERS and not digest.subscriber.is_reader:
        return bad_link(request)  # who left comes back by subscribing

    now, is_done, is_undone = timezone.now(), False, False
    if request.method == "POST" and "undo" in request.POST and word in replies.ANSWERS:
        replies.unanswer(digest, now=now)
        is_undone = True
    elif request.method == "POST":
        replies.answer(digest, word, now=now)
        is_done = True
    context = {
        "word": word,
        "is_done": is_done,
        "is_undone": is_undone,
        "can_undo": word in replies.ANSWERS,
    }
    return render(request, "newsletter/answer.html", context)


@as_letter
@require_safe
def sample_letter(request: HttpRequest, cadence: str, on: date) -> HttpResponse:
    """A day's or week's letter without anybody's own parts."""
    editions = Edition.objects.exclude(status=Edition.Status.CANCELLED)
    edition = get_object_or_404(editions, cadence=cadence, date=on)
    try:
        return HttpResponse(sample.page(edition))
    except LookupError:
        raise Http404(_("No papers were listed on that day.")) from None
