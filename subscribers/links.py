"""Signed links, each good for one thing; List-Unsubscribe headers.

A token holds the reader's number, the second it ends (0: never) and 15 bytes of keyed BLAKE2b
(RFC 7693), personalised by purpose, over number and end: 27 bytes, 36 letters. Nothing is stored,
so a letter's links cost no row. A link ends with the reader's row or with the SECRET_KEY (old keys:
SECRET_KEY_FALLBACKS). The unsubscribe token alone is a stored random one: RFC 8058 links in old
mail must work for ever.
"""

from __future__ import annotations

import binascii
import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from hmac import compare_digest
from struct import Struct

from django.conf import settings
from django.utils import timezone

from subscribers.models import Subscriber

PURPOSES = frozenset({"preferences", "pause", "confirm", "sign_in", "restore", "cookie"})
CONFIRM_WITHIN = timedelta(days=7)
SIGN_IN_WITHIN = timedelta(hours=1)
RESTORE_WITHIN = timedelta(days=7)

BODY = Struct(">QI")
MAC_LENGTH = 15
TOKEN_LENGTH = (BODY.size + MAC_LENGTH) * 4 // 3
URL_SAFE = bytes.maketrans(b"+/", b"-_")
FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def make(subscriber_id: int, purpose: str, *, until: datetime | None = None) -> str:
    """A token that reads as this subscriber for this purpose only; about a microsecond."""
    body = BODY.pack(subscriber_id, 0 if until is None else int(until.timestamp()))
    return _written(body + _mac(body, _seal(settings.SECRET_KEY, purpose)))


def _written(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(URL_SAFE).decode("ascii")


def read(token: str, purpose: str, *, now: datetime | None = None) -> Subscriber | None:
    """The subscriber a token was made for; None where it is forged, for another use, or over."""
    parsed = _parse(token, purpose)
    if parsed is None:
        return None
    subscriber_id, until = parsed
    if until and (now or timezone.now()).timestamp() > until:
        return None
    return Subscriber.objects.filter(pk=subscriber_id).first()


def _parse(token: str, purpose: str) -> tuple[int, int] | None:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        raw = binascii.a2b_base64(token.encode("ascii").translate(FROM_URL_SAFE), strict_mode=True)
    except binascii.Error:
        return None
    body, mac = raw[: BODY.size], raw[BODY.size :]
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if compare_digest(mac, _mac(body, _seal(key, purpose))):
            subscriber_id, until = BODY.unpack(body)
            # Larger numbers are signed by nobody; the check keeps them from the database.
            return (subscriber_id, until) if subscriber_id < 2**63 else None
    return None


@lru_cache(maxsize=64)
def _seal(secret: str, purpose: str) -> hashlib.blake2b:
    """BLAKE2b with the key read in already, which is most of its work."""
    if purpose not in PURPOSES:
        raise ValueError(f"no such purpose: {purpose}")
    key = hashlib.sha256(f"subscribers.links {secret}".encode()).digest()
    return hashlib.blake2b(digest_size=MAC_LENGTH, key=key, person=purpose.encode())


def _mac(body: bytes, seal: hashlib.blake2b) -> bytes:
    own = seal.copy()
    own.update(body)
    return own.digest()


# Addresses, absolute: they stand in letters.


def preferences_url(subscriber: Subscriber) -> str:
    return f"{settings.SITE_URL}/p/{make(subscriber.pk, 'preferences')}"


def pause_url(subscriber: Subscriber) -> str:
    return f"{settings.SITE_URL}/p/{make(subscriber.pk, 'pause')}/pause"


def unsubscribe_url(subscriber: Subscriber) -> str:
    return f"{settings.SITE_URL}/u/{subscriber.unsubscribe_token}"


class OfLetters:
    """The addresses that stand in every digest, for many readers in turn."""

    def __init__(self) -> None:
        self.site = settings.SITE_URL
        self.preferences = _seal(settings.SECRET_KEY, "preferences")
        self.pause = _seal(settings.SECRET_KEY, "pause")

    def of(self, subscriber: Subscriber) -> tuple[str, str, str]:
        """To the preferences, to a pause, to the end: as the functions above make them."""
        site, body = self.site, BODY.pack(subscriber.pk, 0)
        # Both tokens are whole groups of base64 and are written in one go.
        both = _written(body + _mac(body, self.preferences) + body + _mac(body, self.pause))
        return (
            f"{site}/p/{both[:TOKEN_LENGTH]}",
            f"{site}/p/{both[TOKEN_LENGTH:]}/pause",
            f"{site}/u/{subscriber.unsubscribe_token}",
        )


def confirm_url(subscriber: Subscriber, *, now: datetime) -> str:
    """Good for seven days, as the letter and the page say."""
    return f"{settings.SITE_URL}/c/{make(subscriber.pk, 'confirm', until=now + CONFIRM_WITHIN)}"


def sign_in_url(subscriber: Subscriber, *, now: datetime) -> str:
    """Good for an hour."""
    token = make(subscriber.pk, "sign_in", until=now + SIGN_IN_WITHIN)
    return f"{settings.SITE_URL}/sign-in/{token}"


def restore_url(subscriber: Subscriber, *, now: datetime) -> str:
    """Takes an unsubscribing back; good for seven days."""
    token = make(subscriber.pk, "restore", until=now + RESTORE_WITHIN)
    return f"{settings.SITE_URL}/back/{token}"


def unsubscribe_headers(subscriber: Subscriber) -> dict[str, str]:
    """RFC 2369 and RFC 8058, for digests; transactional letters carry none."""
    mail_to = f"mailto:unsubscribe@{settings.MAIL_DOMAIN}?subject={subscriber.unsubscribe_token}"
    return {
        "List-Unsubscribe": f"<{unsubscribe_url(subscriber)}>, <{mail_to}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
