"""The operator's status page and the probe for load balancers."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.admin.views.decorators import staff_member_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter import status


@never_cache
@require_safe
@staff_member_required
def status_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    sections = status.overview(now)
    context = {"now": now, "sections": sections, "worst": status.worst(sections)}
    return render(request, "newsletter/status.html", context)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while this process can serve: its database answers. The clock is told, not judged."""
    try:
        tick = status.clock(timezone.now())
    except DatabaseError:
        return JsonResponse({"database": "does not answer"}, status=503)
    return JsonResponse({"database": "answers", "tick": tick.word})


def answer_probes(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """`/healthz` under any name: a load balancer asks each machine by its IP address.

    A middleware, to stand before the one that looks at the host.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        return healthz(request) if request.path_info == "/healthz" else get_response(request)

    return answer


app_name = "watch"
urlpatterns = [
    path("status/", status_page, name="status"),
]
