"""What a parser makes of any bytes: what it read, or why it could not."""

from collections.abc import Callable

from papers.sources.base import Parsed, SourceError


def outcome(parse: Callable[[bytes], Parsed], content: bytes) -> Parsed | SourceError:
    try:
        return parse(content)
    except SourceError as error:
        return error
