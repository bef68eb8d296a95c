"""Sentence vectors for measurements, kept in a file: encoding all papers takes half an hour."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np


class Kept:
    """Encodes each text once, also over several runs."""

    def __init__(self, encode: Callable[[Sequence[str]], Any], file: Path | None) -> None:
        self._encode = encode
        self._file = file
        self._known: dict[str, np.ndarray] = {}
        if file and file.is_file():
            with np.load(file, allow_pickle=False) as stored:
                rows = stored["vectors"].astype(np.float32) / 256
                self._known = dict(zip(stored["keys"].tolist(), rows, strict=True))

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        keys = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            rows = self._encode(list(new.values()))
            self._known.update(zip(new, rows, strict=True))
        return np.stack([self._known[key] for key in keys]) if keys else np.zeros((0, 0), "f4")

    def save(self) -> None:
        if self._file and self._known:
            rows = np.rint(np.stack(list(self._known.values())) * 256).astype(np.int16)
            np.savez_compressed(self._file, keys=np.array(list(self._known)), vectors=rows)
