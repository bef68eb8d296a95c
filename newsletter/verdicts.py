"""What a later word about a letter means: delivered, bounced for good, bounced for now, complaint.

Suppressing a reader cannot be undone by a machine, so a bounce is hard only where the status code
or the words say that the mailbox does not exist. Everything else is soft; readers whose letters
keep coming back are found by counting (newsletter/tracking.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    ACCEPTED = "accepted"  # the provider has it; nothing more is known
    DELIVERED = "delivered"
    SOFT = "soft bounce"
    HARD = "hard bounce"
    REFUSED = "refused by the provider"  # not for the address's sake
    REJECTED = "rejected by the provider"  # it takes nothing for this address any more
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    IGNORED = "ignored"


# Enhanced status codes (RFC 3463, RFC 7505) by which the mailbox or its domain is not there.
HARD_STATUS = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"}
SENDER_STATUS = {"5.1.7", "5.1.8"}  # it is our own address they do not like
VAGUE_STATUS = {"5.0.0", "5.1.0", "5.2.0", "5.5.0"}

# Words that leave no doubt, whatever the code. The last is how Microsoft says "no such user".
GONE_WORDS = re.compile(
    r"nxdomain|domain name not found|host or domain name not found|no mx record"
    r"|does(n't| not) receive e?-?mail|recipient address rejected: access denied",
    re.IGNORECASE,
)
HARD_WORDS = re.compile(
    r"(no|unknown|invalid|bad) (such )?"
    r"(user|recipient|mailbox|account|address|person|domain|host)\b"
    r"|(user|recipient|mailbox|address|account|host|domain|email|alias|name)( name)?"
    r"( is| was| address| has been| \S+)? (unknown|disabled|closed|inactive|invalid|terminated)"
    r"|(does not|doesn'?t|do not|not|n't) (exist|have an? \S* ?account|found|listed|known)"
    r"|unknown (local|virtual)|unrout(e)?able|address(es)? rejected|no mailbox|not a (valid|known)"
    r"|mailbox (unavailable|not (found|available))|unknown to|not a local|nxdomain|no mx|moved to"
    r"|resolver\.adr\.|recipnotfound|not (our|my) customer|no longer (valid|available|works|with)"
    r"|(address|user|recipient|person|you entered) (could ?n.?t|could not|can ?not) be found|userid"
    r"|undeliverable address|user is unknown|is not a (valid|local)|cannot find (the )?user",
    re.IGNORECASE,
)
SOFT_WORDS = re.compile(
    r"quota|(mailbox|inbox|folder|account|storage|disk)\S* (\S+ )?(is |too )?(over|full|exceeded)"
    r"|mailbox size|full mailbox|insufficient (system )?storage|out of (disk )?space|too many"
    r"|try (again|later)|tempor|greylist|grey list|deferred|timed? ?out|time(d)? limit|expired"
    r"|too (large|big|long)|size (limit|exceed)|exceeds? (the )?(max|size|limit)|message size"
    r"|spam|blocked|block ?list|black ?list|blocklisted|reputation|policy|virus|infected|content"
    r"|spamhaus|dnsbl|/bl\b|sender (address )?(is )?rejected|domain of sender|access denied"
    r"|rate limit|rejected due to|not (allowed|authorized|permitted)|relay(ing)? (access )?denied"
    r"|spf|dkim|dmarc|authenticat|reverse dns|\bptr\b|refused to talk|connection (refused|reset)"
    r"|loop|hop count|too many hops|suspended|over limit|resources",
    re.IGNORECASE,
)
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
REPLY_CODE = re.compile(r"(?<![\d.-])([45]\d\d)(?=[ -])")


def of_bounce(status: str, words: str) -> Verdict:
    """Hard or soft, by enhanced status code first, then by the words, then by the reply code.

    Codes that the other server said itself, quoted in `words`, outweigh the `status` that our own
    relay made of them.
    """
    words = " ".join(words.split())
    if GONE_WORDS.search(words):
        return Verdict.HARD
    is_soft, is_hard = bool(SOFT_WORDS.search(words)), bool(HARD_WORDS.search(words))
    quoted = STATUS.findall(words)
    codes = quoted or ([status] if STATUS.fullmatch(status) else [])
    if any(code.startswith("4.") or code in SENDER_STATUS for code in codes):
        return Verdict.SOFT
    if any(code in HARD_STATUS for code in codes) and (quoted or is_hard or not is_soft):
        return Verdict.HARD
    # 5.2.2 is a full mailbox, 5.3 to 5.7 are the system's, the route's and the policy's matters.
    if is_hard and not is_soft:
        return Verdict.HARD
    if is_soft or any(code not in VAGUE_STATUS for code in codes):
        return Verdict.SOFT
    replies = REPLY_CODE.findall(words)
    return Verdict.HARD if replies and replies[-1] in {"551", "553"} else Verdict.SOFT


# Providers' own names of bounces, lower case without spaces and signs.
HARD_TYPES = {
    "permanent",
    "hardbounce",
    "hardbounced",
    "activityhardbounced",
    "bademailaddress",
    "10",  # SparkPost: invalid recipient
    "30",  # SparkPost: no RCPT
    "true",  # Mailjet: hard_bounce
}
SOFT_TYPES = {
    "transient",
    "undetermined",
    "softbounce",
    "softbounced",
    "activitysoftbounced",
    "temporary",
    "blocked",
    "dnserror",
    "spamnotification",
    "false",
    "messagedelayed",
    *map(str, (1, 20, 21, 22, 23, 24, 25, 40, 50, 51, 52, 53, 54, 60, 70, 100)),  # SparkPost
}
# Where each provider keeps that name in its event.
TYPE_AT: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "amazon_ses": (("bounce", "bounceType"),),
    "brevo": (("event",),),
    "mailersend": (("type",),),
    "mailgun": (("event-data", "severity"),),
    "mailjet": (("hard_bounce",),),
    "mailtrap": (("event",),),
    "mandrill": (("event",),),
    "postal": (("event",),),
    "postmark": (("Type",),),
    "resend": (("data", "bounce", "type"),),
    "sendgrid": (("type",),),
    "sparkpost": (("msys", "message_event", "bounce_class"), ("bounce_class",)),
}


def type_of(provider: str, event: Any) -> str:
    """The provider's own name of a bounce, spelt plainly; empty where it gives none."""
    for path in TYPE_AT.get(provider, ()):
        value = event
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None and not isinstance(value, Mapping | list):
            return re.sub(r"[^a-z0-9]", "", str(value).lower())[:40]
    return ""


def of_event(
    kind: str, *, type_name: str = "", reject_reason: str = "", words: str = ""
) -> Verdict:
    """What an Anymail tracking event means. `kind` is its event_type, `words` all it quotes."""
    if kind in {"queued", "sent", "deferred"}:
        return Verdict.ACCEPTED
    if kind == "delivered":
        return Verdict.DELIVERED
    if kind == "complained":
        return Verdict.COMPLAINT
    if kind == "unsubscribed":
        return Verdict.UNSUBSCRIBED
    if kind == "bounced":
        return _of_bounced(type_name, reject_reason, words)
    if kind in {"rejected", "failed"}:
        return _of_rejected(reject_reason)
    return Verdict.IGNORED


def _of_bounced(type_name: str, reject_reason: str, words: str) -> Verdict:
    if reject_reason == "unsubscribed":
        return Verdict.UNSUBSCRIBED
    if type_name in SOFT_TYPES:
        return Verdict.SOFT
    if reject_reason == "blocked" and "suppress" in words:
        return Verdict.REJECTED  # Resend's way to say that it did not try
    if type_name in HARD_TYPES or reject_reason == "invalid" or "hard bounce" in words:
        return Verdict.HARD
    return of_bounce("", words)


def _of_rejected(reject_reason: str) -> Verdict:
    """The provider did not even try: for what it knows of the address, or for its own reasons."""
    if reject_reason == "spam":
        return Verdict.COMPLAINT
    if reject_reason == "unsubscribed":
        return Verdict.UNSUBSCRIBED
    if reject_reason in {"bounced", "invalid"}:
        return Verdict.REJECTED
    return Verdict.REFUSED
