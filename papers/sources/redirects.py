"""Where a redirect may lead: to the site that was asked, and nowhere else."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urljoin, urlsplit

MOST = 5
STATUSES = frozenset({301, 302, 303, 307, 308})
PORTS = {"http": 80, "https": 443}


def target(url: str, location: str) -> str:
    """The address that `url` leads to; raises ValueError, with a reason, where we do not follow.

    Only to the same host, one below it or one above it (a leading www. is none), at the same port,
    and never from https back to http; from http to https where both are at their own ports. So an
    address in numbers, or localhost, is only ever reached from itself.
    """
    try:
        # Headers are bytes, which http.client reads as Latin-1.
        joined = urljoin(url, location.encode("latin-1").decode("utf-8"))
        before, after = urlsplit(url), urlsplit(joined)
        ports = port(before), port(after)
    except ValueError:
        raise ValueError("leads to an address that cannot be read") from None
    if not after.hostname or after.scheme not in PORTS or "@" in after.netloc:
        raise ValueError("leads to what is no plain web address")
    if before.scheme == "https" and after.scheme == "http":
        raise ValueError("leads from https back to http")
    if not same_site(before.hostname or "", after.hostname):
        raise ValueError(f"leads to another site, {after.hostname[:100]}")
    if ports[0] != ports[1] if before.scheme == after.scheme else ports != (80, 443):
        raise ValueError(f"leads to another port, {ports[1]}")
    return joined


def port(address: SplitResult) -> int | None:
    return address.port or PORTS.get(address.scheme)


def same_site(one: str, other: str) -> bool:
    """Whether two hosts are one, or one stands below the other: arxiv.org, export.arxiv.org."""
    if one == other:
        return True
    if is_number(one) or is_number(other):
        return False
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    above, below = sorted((one, other), key=len)
    return above == below or ("." in above and below.endswith(f".{above}"))


def is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rpartition(".")[2].isdecimal()
    return True
