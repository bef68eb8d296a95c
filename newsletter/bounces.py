"""Mail that comes back: bounces, complaints, auto-replies, requests to unsubscribe.

Standards first (RFC 3464 delivery reports, RFC 5965 complaints), then flufl.bounce, which knows
the free texts of many servers, then our own look at sender, subject and words.
"""

from __future__ import annotations

import email
import html
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from enum import StrEnum

from flufl.bounce import all_failures

from newsletter import verdicts
from newsletter.outcomes import quoted
from newsletter.verdicts import Verdict

logger = logging.getLogger(__name__)

MOST_BYTES = 2_000_000  # what is behind them is the letter we sent ourselves
MOST_WORDS = 8_000  # characters looked at


class Kind(StrEnum):
    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"  # the other server keeps trying
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"
    UNSUBSCRIBE = "unsubscribe"
    OTHER = "other"


@dataclass(frozen=True)
class Returned:
    kind: Kind
    digest: str = ""  # the uuid found in what was sent back: proof that it is about our letter
    recipients: tuple[str, ...] = ()
    status: str = ""  # RFC 3463
    words: str = ""  # without addresses
    token: str = ""  # of an unsubscribe request
    sender: str = ""
    happened_at: datetime | None = None


DIGEST_ID = re.compile(
    rb"(?:X-Paper-Round-Digest:\s*|Message-ID:\s*<|bounces?[+=-])"
    rb"([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\b",
    re.IGNORECASE,
)
DAEMON = re.compile(
    r"mailer[-_. ]?daemon|postmaster|mail[-_. ]delivery|delivery[-_. ](sub)?system|mdaemon"
    r"|mail[-_. ]?system|ndr administrator",
    re.IGNORECASE,
)
FAILURE_SUBJECT = re.compile(
    r"undeliver|fail(ed|ure)|return(ed|ing) (mail|to sender)|delivery (status|notif|report|problem)"
    r"|(can|could) ?not be delivered|not delivered|error sending your mail|mail system error"
    r"|mail delivery|delayed|are not member",
    re.IGNORECASE,
)
DELAY = re.compile(
    r"\(delay\)|delayed|will (be )?retr(y|ied)|still (be )?(trying|attempt)|no action is required"
    r"|warning message only|do not need to resend|will continue to (try|be)",
    re.IGNORECASE,
)
AUTO_SUBJECT = re.compile(
    r"^(auto(matic)?[- ]?(reply|response|answer)|autoreply|out of (the )?office|vacation"
    r"|away (from|until)|abwesenheit|réponse automatique|respuesta automática|自动回复|不在)",
    re.IGNORECASE,
)
COMPLAINT_SUBJECT = re.compile(r"^complaint about message from", re.IGNORECASE)
UNSUBSCRIBE_SUBJECT = re.compile(r"^\W*unsubscribe\b", re.IGNORECASE)
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,40}")
# Where a server begins to quote what it returns.
QUOTED_LETTER = re.compile(
    r"^(-+ ?(this is a copy of|below this line|original message|unsent message|returned message"
    r"|the (header|body)|message (header|text) follows|forwarded)|received: |return-path: )",
    re.IGNORECASE | re.MULTILINE,
)
OPT_OUTS = {"opt-out", "opt-out-list"}  # RFC 5965, RFC 6650
NO_COMPLAINTS = {"not-spam", "auth-failure", "dmarc"}


def read(raw: bytes) -> Returned:
    """What a returned mail says. Never raises: a broken mail is what it looks like, or OTHER."""
    proof = DIGEST_ID.search(raw[:MOST_BYTES])
    digest = proof.group(1).decode().lower() if proof else ""
    try:
        message = email.message_from_bytes(raw[:MOST_BYTES])
        found = _understood(message)
        sender, happened_at = _header(message, "From"), _date(message)
    except RecursionError:  # parts within parts within parts: nobody's bounce
        return Returned(Kind.OTHER, digest=digest)
    return replace(
        found,
        digest=digest,
        words=quoted(found.words),
        sender=parseaddr(sender)[1][:254].lower(),
        happened_at=happened_at,
    )


def _understood(message: Message) -> Returned:
    return (
        _complaint(message)
        or _delivery_report(message)
        or _unsubscribe(message)
        or _free_text(message)
        or (Returned(Kind.AUTO_REPLY) if _is_auto_reply(message) else None)
        or Returned(Kind.OTHER)
    )


def _complaint(message: Message) -> Returned | None:
    """RFC 5965, and Microsoft's reports, which follow none."""
    for block in _blocks(message, "message/feedback-report"):
        feedback = _header(block, "Feedback-Type").lower().strip()
        if feedback in OPT_OUTS:
            return Returned(Kind.UNSUBSCRIBE, words=feedback)
        if feedback in NO_COMPLAINTS:
            return Returned(Kind.OTHER, words=feedback)
        if feedback:
            recipient = _header(block, "Original-Rcpt-To") or _header(block, "Removal-Recipient")
            return Returned(Kind.COMPLAINT, recipients=_addresses([recipient]), words=feedback)
    if COMPLAINT_SUBJECT.search(_header(message, "Subject")):
        return Returned(Kind.COMPLAINT, words=_header(message, "Subject"))
    return None


def _delivery_report(message: Message) -> Returned | None:
    """RFC 3464: one block for the message, then one for each recipient."""
    recipients: list[str] = []
    statuses: list[str] = []
    words: list[str] = []
    actions: set[str] = set()
    for block in _blocks(message, "message/delivery-status"):
        action = _header(block, "Action").split("(")[0].lower().strip(" ;")
        if not action and "Status" not in block:
            continue
        actions.add(action or "failed")
        recipients.append(_header(block, "Original-Recipient") or _header(block, "Final-Recipient"))
        statuses += verdicts.STATUS.findall(_header(block, "Status"))
        words.append(_header(block, "Diagnostic-Code"))
    if not actions:
        return None
    if actions <= {"delivered", "relayed", "expanded"}:
        return Returned(Kind.OTHER, words=" ".join(actions))
    status = statuses[0] if statuses else ""
    said = " ".join(words) if any(words) else _words(message)
    if actions <= {"delayed", "delivered", "relayed", "expanded"}:
        kind = Kind.DELAYED
    else:
        kind = _kind(status, said)
    return Returned(kind, recipients=_addresses(recipients), status=status, words=said)


def _unsubscribe(message: Message) -> Returned | None:
    """The mailto of List-Unsubscribe: the token is the whole subject; some clients add a word."""
    subject = _header(message, "Subject").strip()
    said = subject.lower().removeprefix("unsubscribe").strip(" :-")
    bare = subject[len(subject) - len(said) :] if said else ""
    if TOKEN.fullmatch(bare) and any(c.isupper() or c.isdigit() or c in "_-" for c in bare):
        return Returned(Kind.UNSUBSCRIBE, token=bare)
    if UNSUBSCRIBE_SUBJECT.match(subject) and not DAEMON.search(_header(message, "From")):
        return Returned(Kind.UNSUBSCRIBE)
    return None


def _free_text(message: Message) -> Returned | None:
    """Servers that tell it in their own words."""
    delayed, failed = _flufl(message)
    subject, sender = _header(message, "Subject"), _header(message, "From")
    words = _words(message)
    null_sender = _header(message, "Return-Path").strip() == "<>"
    is_bounce = (
        bool(delayed or failed)
        or bool(DAEMON.search(sender))
        or bool(FAILURE_SUBJECT.search(subject) and not AUTO_SUBJECT.search(subject))
        or (null_sender and not _is_auto_reply(message))
    )
    if not is_bounce:
        return None
    says_final = failed or verdicts.HARD_WORDS.search(subject)
    if DELAY.search(f"{subject}\n{words}") and not says_final:
        return Returned(Kind.DELAYED, recipients=delayed, words=words)
    return Returned(
        _kind("", f"{subject}\n{words}"), recipients=failed or delayed, status="", words=words
    )


def _flufl(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Recipients delayed and failed, by the library; it raises on some broken mails."""
    try:
        delayed, failed = all_failures(message)
    except Exception as error:  # whatever a detector stumbles over, ours still look
        logger.info("flufl.bounce stumbled: %s", type(error).__name__)
        return (), ()
    return (
        _addresses([one.decode("ascii", "replace") for one in delayed]),
        _addresses([one.decode("ascii", "replace") for one in failed]),
    )


def _is_auto_reply(message: Message) -> bool:
    """RFC 3834, and what programs did before it."""
    automatic = _header(message, "Auto-Submitted").lower()
    if automatic and not automatic.startswith("no"):
        return True
    if any(name in message for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From")):
        return True
    if _header(message, "Precedence").lower() in {"auto_reply", "auto-reply"}:
        return True
    return bool(AUTO_SUBJECT.search(_header(message, "Subject")))


def _kind(status: str, words: str) -> Kind:
    return Kind.HARD if verdicts.of_bounce(status, words) == Verdict.HARD else Kind.SOFT


def _blocks(message: Message, content_type: str) -> Iterator[Message]:
    """The header blocks of a machine-readable part, also where a server declared it badly."""
    for part in message.walk():
        if part.get_content_type() != content_type:
            continue
        payload = part.get_payload()
        if isinstance(payload, list):
            yield from (block for block in payload if isinstance(block, Message))
            # A report whose blocks were parsed as one message holds them in its text.
            for block in payload:
                if isinstance(block, Message) and isinstance(block.get_payload(), str):
                    yield email.message_from_string(str(block.get_payload()).lstrip())
        elif isinstance(payload, str):
            for text in re.split(r"\n\s*\n", payload):
                yield email.message_from_string(text.lstrip())


def _words(message: Message) -> str:
    """What the other server wrote, up to where it quotes our letter."""
    for part in message.walk():
        if part.get_content_maintype() == "text" and part.get_content_subtype() != "rfc822-headers":
            text = _text(part)
            if part.get_content_subtype() == "html":
                text = html.unescape(re.sub(r"<[^>]{0,500}>", " ", text))
            if text.strip():
                cut = QUOTED_LETTER.search(text)
                return text[: cut.start() if cut and cut.start() > 40 else MOST_WORDS][:MOST_WORDS]
    return ""


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):  # a charset nobody knows, or one that is not for bodies
        return payload.decode("latin-1")


def _header(message: Message, name: str) -> str:
    """A header as text, whatever bytes it holds."""
    try:
        return str(make_header(decode_header(str(message.get(name, ""))))).replace("\n", " ")
    except (ValueError, LookupError, MessageError):
        return str(message.get(name, ""))


def _addresses(values: list[str]) -> tuple[str, ...]:
    """Bare addresses out of `rfc822; ada@example.org` and the like."""
    found = (parseaddr(value.partition(";")[2] or value)[1].lower() for value in values)
    return tuple(dict.fromkeys(address for address in found if "@" in address))


def _date(message: Message) -> datetime | None:
    try:
        at = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
