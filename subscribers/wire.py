"""Text and HTML as they travel: seven bits, short lines, safe in any relay."""

from __future__ import annotations

import binascii
import re

# RFC 5322 allows 998; what stays below never needs another encoding.
LINE_LONGEST = 900
CHARACTER_END = re.compile(r"&#?\w{0,31}$")


def ascii_html(html: str) -> str:
    """`html` in ASCII, other characters as references, without blank lines, none over 900.

    Works line by line: the whole is what its lines are, so parts may be joined later.
    """
    lines = []
    for line in html.encode("ascii", "xmlcharrefreplace").decode("ascii").splitlines():
        line = line.strip()
        while len(line) > LINE_LONGEST:
            head, line = _broken(line)
            lines.append(head)
        if line:
            lines.append(line)
    return "\n".join(lines) + "\n" if lines else ""


def _broken(line: str) -> tuple[str, str]:
    """Broken in two where white space does no harm: at a space, in an attribute, in a comment."""
    at = line.rfind(" ", LINE_LONGEST // 2, LINE_LONGEST)
    if at > 0:
        return line[:at], line[at + 1 :]
    head = CHARACTER_END.sub("", line[: LINE_LONGEST - 8])
    rest = line[len(head) :]
    in_tag = head.rfind("<") > head.rfind(">")
    return (head, rest) if in_tag else (head + "<!--", "-->" + rest)


def quoted_printable(text: str) -> bytes:
    """RFC 2045, 6.7, with CRLF; `text` ends at a line end or goes on after a soft break."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    return binascii.b2a_qp(lines, istext=True).replace(b"\n", b"\r\n")


def stuffed(data: bytes) -> bytes:
    """Dots at line starts doubled for SMTP (RFC 5321, 4.5.2); `data` begins a line."""
    doubled = data.replace(b"\n.", b"\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled
