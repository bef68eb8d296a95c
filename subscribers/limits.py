"""How often a stranger may knock: counted in the database, so that all web workers share it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from subscribers.models import Knock

KEPT = timedelta(days=2)


@dataclass(frozen=True)
class Limit:
    door: str
    most: int
    every: timedelta


SIGN_UPS_PER_NETWORK = Limit("sign-up from a network", 20, timedelta(hours=1))
SIGN_UPS_PER_ADDRESS = Limit("sign-up of an address", 5, timedelta(hours=1))
SIGN_INS_PER_NETWORK = Limit("sign-in from a network", 20, timedelta(hours=1))


def allows(limit: Limit, key: str, *, now: datetime) -> bool:
    """Count this knock; False where the key has used up its window.

    Fixed windows from midnight UTC on: at worst twice the limit over a window's edge.
    """
    seconds = int(limit.every.total_seconds())
    window = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    hashed = salted_hmac(f"subscribers.limits {limit.door}", key, algorithm="sha256").hexdigest()
    knock, is_new = Knock.objects.get_or_create(key=hashed, window_start=window)
    if is_new:
        Knock.objects.filter(window_start__lt=now - KEPT).delete()
    Knock.objects.filter(pk=knock.pk).update(count=F("count") + 1)
    knock.refresh_from_db(fields=["count"])
    return knock.count <= limit.most


def network(request: HttpRequest) -> str:
    """The client's address, or its /64 where it has IPv6 and so thousands of addresses."""
    parsed = _client(request)
    if parsed is None:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def address(request: HttpRequest) -> str | None:
    """The same for django-axes, which stores addresses, of whoever tries the operator's door."""
    known = network(request)
    return None if known == "unknown" else known


def _client(request: HttpRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Whose request it is; None where that is no address.

    X-Forwarded-For is believed only as far as the operator's own proxies (TRUSTED_PROXIES) wrote
    it; whatever stands before that is the client's own claim.
    """
    said = request.META.get("REMOTE_ADDR", "")
    hops = [h.strip() for h in request.headers.get("X-Forwarded-For", "").split(",") if h.strip()]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        said = hops[-settings.TRUSTED_PROXIES]
    try:
        parsed = ipaddress.ip_address(said)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
