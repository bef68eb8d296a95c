"""What every page may print: the site's own name and address, and who reads it."""

from functools import partial

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from subscribers import session


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        # Looked for where a template asks: a letter or a feed is the same for all.
        "reader": SimpleLazyObject(partial(session.reader, request)),
    }
