"""The ways out: files, an SMTP relay, or mail providers.

Each takes one printed letter at a time and says what came of it; nothing here raises for a letter.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from django.conf import settings

from newsletter import letter, outbox, providers
from newsletter.dialogue import Dialogue, Envelope, RelayError, mailable
from newsletter.letter import Printed, Printer, Unprintable
from newsletter.models import Attempt, Digest
from newsletter.outcomes import Outcome, quoted
from newsletter.smtp import blame, relay_from_settings

logger = logging.getLogger(__name__)

Kind = Attempt.Outcome
STUFFED = re.compile(rb"(^|\n)\.\.")


class Ready(NamedTuple):
    """A letter as its way out takes it."""

    digest: Digest
    to: str
    body: Any  # bytes on the wire, or a message
    envelope: Envelope | None = None  # of bytes


class Way(Protocol):
    can_share: bool  # whether several connections at once make sense

    @property
    def is_open(self) -> bool: ...

    def throttle_keys(self) -> Sequence[str]:
        """The throttle's keys of this way, first choice first."""

    def ready(self, digests: Sequence[Digest]) -> Iterator[Ready | Unprintable]:
        """Each letter in the form this way takes."""

    def open(self) -> Outcome | None:
        """Connect, where that is a step of its own; what came where it did not work."""

    def hand_over(self, letter: Ready, provider: str, then: Ready | None) -> Outcome:
        """Give one letter out of our hands. `then` may travel as far as its envelope."""

    def forget(self) -> None:
        """The letter named as `then` does not come."""

    def close(self) -> None: ...


def way_out(printer: Printer) -> Way:
    """The way that the settings name, for letters that come from this printer."""
    if settings.MAIL_PROVIDER:
        return ProviderWay()
    if settings.EMAIL_URL:
        return SmtpWay(printer)
    return FilesWay(printer)


def printed(digests: Sequence[Digest], printer: Printer) -> Iterator[Ready | Unprintable]:
    """Each letter as bytes on the wire."""
    by_id = {digest.pk: digest for digest in digests}
    sender = mailable(settings.MAIL_FROM)
    for made in printer.print(digests):
        if isinstance(made, Printed):
            to, data = made.to, made.data
            envelope = Envelope(sender, mailable(to), len(data))  # letters are 7-bit
            yield Ready(by_id[made.digest_id], to, data, envelope)
        else:
            yield made


def composed(digests: Sequence[Digest]) -> Iterator[Ready | Unprintable]:
    """Each letter as a message of Django's."""
    for digest in digests:
        try:
            message = letter.email(digest)
        except Exception as error:  # whatever one letter's data does, the others go out
            logger.exception("digest %s cannot be printed", digest.pk)
            yield Unprintable(digest.pk, f"{type(error).__name__}: {error}"[:300])
        else:
            yield Ready(digest, digest.subscriber.email, message)


class SmtpWay:
    can_share = True

    def __init__(self, printer: Printer) -> None:
        self.dialogue = Dialogue(relay_from_settings())
        self.printer = printer

    @property
    def is_open(self) -> bool:
        return self.dialogue.is_open

    def throttle_keys(self) -> Sequence[str]:
        return ["relay"]

    def ready(self, digests: Sequence[Digest]) -> Iterator[Ready | Unprintable]:
        return printed(digests, self.printer)

    def open(self) -> Outcome | None:
        if not self.dialogue.is_open:
            try:
                self.dialogue.open()
            except RelayError as fault:
                return fault.outcome
        return None

    def hand_over(self, letter: Ready, provider: str, then: Ready | None) -> Outcome:
        assert letter.envelope is not None  # made by printed()
        refusal = self.dialogue.envelope(letter.envelope)
        if refusal:
            return blame(refusal)
        return self.dialogue.body(letter.body, then.envelope if then else None)

    def forget(self) -> None:
        self.dialogue.forget()

    def close(self) -> None:
        self.dialogue.close()


class FilesWay:
    can_share = False
    is_open = True

    def __init__(self, printer: Printer) -> None:
        self.printer = printer

    def throttle_keys(self) -> Sequence[str]:
        return ["relay"]

    def ready(self, digests: Sequence[Digest]) -> Iterator[Ready | Unprintable]:
        return printed(digests, self.printer)

    def open(self) -> Outcome | None:
        return None

    def hand_over(self, letter: Ready, provider: str, then: Ready | None) -> Outcome:
        data = STUFFED.sub(rb"\1.", letter.body)
        try:
            outbox.write(Path(settings.EMAIL_FILE_PATH), letter.to, letter.digest.message_id, data)
        except OSError as error:  # a full disk, a folder that may not be written
            return Outcome(Kind.NOT_TRIED, "connect", reply=quoted(error.strerror or str(error)))
        return Outcome(Kind.SENT, "answered")

    def forget(self) -> None:
        pass

    def close(self) -> None:
        pass


class ProviderWay:
    can_share = True
    is_open = True

    def throttle_keys(self) -> Sequence[str]:
        return [f"provider:{name}" for name in providers.names()]

    def ready(self, digests: Sequence[Digest]) -> Iterator[Ready | Unprintable]:
        return composed(digests)

    def open(self) -> Outcome | None:
        return None

    def hand_over(self, letter: Ready, provider: str, then: Ready | None) -> Outcome:
        return providers.hand_over(letter.body, providers.connection(provider))

    def forget(self) -> None:
        pass

    def close(self) -> None:
        providers.close()
