"""What a mail provider's answer, or its silence, says about one letter."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import botocore.exceptions
import requests
import urllib3.exceptions
from anymail.exceptions import AnymailAPIError

from newsletter.models import Attempt
from newsletter.outcomes import Outcome, quoted

Kind = Attempt.Outcome

# The account's or the settings' fault, never this letter's: everything waits, nothing is blamed.
ACCOUNT_FAULTS = {401, 402, 403, 404, 405, 407}
TRY_AGAIN = {408, 409, 425, 429}

# Where a provider's own code says more than the HTTP status. Sources: the vendors' error lists.
STATED: dict[str, dict[str, Kind]] = {
    "Postmark": {
        "10": Kind.NOT_TRIED,  # wrong server token
        "100": Kind.RETRY,  # maintenance
        "400": Kind.NOT_TRIED,  # sender signature not found
        "401": Kind.NOT_TRIED,  # sender signature not confirmed
        "405": Kind.NOT_TRIED,  # no credits
        "412": Kind.NOT_TRIED,  # account awaits approval
        "413": Kind.NOT_TRIED,  # account may not send
    },
    "Resend": {
        # The key was used within a day, with another body: the reader has that one.
        "invalid_idempotent_request": Kind.SENT,
        "concurrent_idempotent_requests": Kind.RETRY,
    },
    "Brevo": {
        "duplicate_parameter": Kind.SENT,  # the key was used: accepted before
        "not_enough_credits": Kind.NOT_TRIED,
        "account_under_validation": Kind.NOT_TRIED,
        "permission_denied": Kind.NOT_TRIED,
    },
    "Amazon SES": {
        "TooManyRequestsException": Kind.RETRY,
        "Throttling": Kind.RETRY,
        "LimitExceededException": Kind.RETRY,
        "AccountSuspendedException": Kind.NOT_TRIED,
        "SendingPausedException": Kind.NOT_TRIED,
        "MailFromDomainNotVerifiedException": Kind.NOT_TRIED,
        "UnrecognizedClientException": Kind.NOT_TRIED,
    },
}

# With one of these in the chain of causes no request was written.
NEVER_LEFT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    requests.exceptions.ConnectTimeout,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    ssl.SSLCertVerificationError,
    botocore.exceptions.ConnectTimeoutError,
    botocore.exceptions.EndpointConnectionError,
    botocore.exceptions.ProxyConnectionError,
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.NoRegionError,
)


def understand(error: AnymailAPIError, *, keyed: bool, now: datetime) -> Outcome:
    """What became of the letter whose request ended in `error`.

    `keyed`: the request carried an idempotency key, so that it may be repeated without harm.
    """
    status, stated = status_of(error), stated_code(error)
    reply = quoted(f"{stated} {said(error)}" if stated else said(error))
    kind = STATED.get(error.esp_name or "", {}).get(stated)
    if kind is None:
        kind = kind_of(status, keyed=keyed) if status else silence(error)
    phase = "answered" if status else "connect" if kind == Kind.NOT_TRIED else "request"
    return Outcome(kind, phase, status, reply, retry_after=retry_after(headers_of(error), now))


def kind_of(status: int, *, keyed: bool) -> Kind:
    """By HTTP status alone."""
    if status in ACCOUNT_FAULTS or 300 <= status < 400:
        return Kind.NOT_TRIED
    if status in TRY_AGAIN:
        return Kind.RETRY
    if status >= 500:
        return Kind.RETRY if keyed else Kind.UNCERTAIN
    if status < 300:
        return Kind.UNCERTAIN  # accepted, it seems, in words nobody understands
    return Kind.FAILED


def silence(error: BaseException) -> Kind:
    """No answer came: did the request leave at all?"""
    for cause in causes(error):
        if isinstance(cause, NEVER_LEFT):
            return Kind.NOT_TRIED
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            return Kind.NOT_TRIED
    return Kind.UNCERTAIN


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made from; requests and urllib3 nest theirs in arguments."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        nested = (current.__cause__, getattr(current, "reason", None), *current.args)
        waiting += [one for one in nested if isinstance(one, BaseException)]


def status_of(error: AnymailAPIError) -> int | None:
    if error.status_code is not None:
        return int(error.status_code)
    if isinstance(error.response, dict):  # boto's
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return int(status) if status else None
    return None


def stated_code(error: AnymailAPIError) -> str:
    """The provider's own code of the fault, where it gave one."""
    body = body_of(error)
    error_part = body.get("Error")
    if isinstance(error_part, dict):
        return str(error_part.get("Code", ""))[:60]
    for name in ("ErrorCode", "code", "name"):
        if isinstance(body.get(name), str | int):
            return str(body[name])[:60]
    return ""


def body_of(error: AnymailAPIError) -> dict[str, Any]:
    if isinstance(error.response, dict):
        return error.response
    if error.response is None:
        return {}
    try:
        body = error.response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def headers_of(error: AnymailAPIError) -> dict[str, str]:
    if isinstance(error.response, dict):
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    else:
        headers = getattr(error.response, "headers", {})
    return {str(name).lower(): str(value) for name, value in headers.items()}


def said(error: AnymailAPIError) -> str:
    body = body_of(error)
    words = body.get("Message") or body.get("message") or body.get("error")
    if isinstance(body.get("Error"), dict):
        words = body["Error"].get("Message")
    if isinstance(words, str):
        return words
    if error.response is not None and not isinstance(error.response, dict):
        return f"HTTP {error.response.status_code}"
    return "; ".join(type(cause).__name__ for cause in causes(error) if cause is not error)


def retry_after(headers: dict[str, str], now: datetime) -> float | None:
    """Seconds asked for, given as a number or as a date (RFC 9110, section 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):  # no date, or one without a zone
            return None
    return seconds if 0 <= seconds < float("inf") else 0.0
