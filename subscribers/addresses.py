"""Mail addresses as people type them: one spelling for each, and a plain word for what is wrong."""

from __future__ import annotations

import re

import idna
from django.utils.translation import gettext as _

MAX_LENGTH = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
MAX_LOCAL_LENGTH = 64  # RFC 5321 4.5.3.1.1

# RFC 5322 dot-atom. Quoted local parts are legal and, in a public form, always a trick.
LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class AddressError(ValueError):
    """The address cannot be written to; the message is for the person who typed it."""


def normalise(typed: str) -> str:
    """The address in its one spelling: lower case, the domain in its ASCII (IDNA 2008) form.

    Raises AddressError for everything that is not exactly one bare address.
    """
    address = typed.strip(" \t")
    if not address:
        raise AddressError(_("Enter your email address."))
    if len(address) > MAX_LENGTH:
        raise AddressError(_("This address is too long to be real."))
    if not address.isprintable() or any(c in address for c in ' <>()[]",;:\\'):
        raise AddressError(_("Enter one plain address, like ada@university.edu."))
    local, at, domain = address.rpartition("@")
    if not (local and at and domain):
        raise AddressError(_("Enter an address with an @, like ada@university.edu."))

    local = local.lower()
    if len(local) > MAX_LOCAL_LENGTH or not LOCAL.fullmatch(local):
        raise AddressError(_("The part before the @ has a character that mail cannot carry."))
    normal = f"{local}@{_ascii_domain(domain)}"
    if len(normal) > MAX_LENGTH:
        raise AddressError(_("This address is too long to be real."))
    return normal


def _ascii_domain(domain: str) -> str:
    wrong = AddressError(_("The part after the @ is not a domain, like university.edu."))
    try:
        ascii_form = idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError:  # idna.IDNAError is one
        raise wrong from None
    labels = ascii_form.split(".")
    # A last label of digits would be an IP address, which no reader has.
    if len(labels) < 2 or labels[-1].isdigit() or not all(map(LABEL.fullmatch, labels)):
        raise wrong
    return ascii_form
