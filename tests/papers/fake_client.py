"""A client without a network: it gives prepared answers and remembers what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FakeAnswer:
    content: bytes = b""
    status: int = 200
    etag: str = ""
    last_modified: str = ""


@dataclass
class FakeClient:
    answers: list[bytes | FakeAnswer]
    asked: list[dict] = field(default_factory=list)

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
    ) -> FakeAnswer:
        self.asked.append({"url": url, "etag": etag, "since": last_modified, **(params or {})})
        answer = self.answers.pop(0)
        return FakeAnswer(answer) if isinstance(answer, bytes) else answer
