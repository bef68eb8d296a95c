"""A sentence model that the operator installs: texts in, vectors of one length out.

The folder that EMBEDDINGS_MODEL names holds `model.onnx` (or `onnx/model.onnx`) and
`tokenizer.json`, as sentence models are published. Two light packages run it: onnxruntime and
tokenizers, the extra `embeddings`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from papers.features import Document, Floats, unit_steps

LONGEST = 256  # pieces of words that are read of a text
BATCH = 16  # texts at once


class Encoder(Protocol):
    name: str  # changes with the model's bytes, so that vectors of two models never meet

    def encode(self, texts: Sequence[str]) -> Floats:
        """A row of length 1 for each text, in whole steps."""
        ...


class OnnxEncoder:
    """One thread: where it runs, other processes have the cores too."""

    def __init__(self, folder: Path) -> None:
        # Here and not above: without the setting nobody needs these packages.
        import onnxruntime
        from tokenizers import Tokenizer

        model = model_file(folder)
        self.name = f"{folder.name[:60]} {hashlib.sha256(model.read_bytes()).hexdigest()[:12]}"
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {one.name for one in self._session.get_inputs()}

    def encode(self, texts: Sequence[str]) -> Floats:
        # Texts of like length go together: short ones are not padded to long ones.
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        parts = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        if not parts:
            return np.zeros((0, 0), np.float32)
        rows = np.concatenate([self._run([texts[n] for n in part]) for part in parts])
        return np.asarray(rows[np.argsort(order)], dtype=np.float32)

    def _run(self, texts: Sequence[str]) -> Floats:
        read = self._tokenizer.encode_batch(list(texts))
        mask = np.array([one.attention_mask for one in read], np.int64)
        given = {
            "input_ids": np.array([one.ids for one in read], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        known = {name: value for name, value in given.items() if name in self._inputs}
        found = self._session.run(None, known)[0]
        if found.ndim == 3:  # a vector for each piece: their mean is the text's
            found = (found * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return unit_steps(np.asarray(found, dtype=np.float32))


def model_file(folder: Path) -> Path:
    plain = folder / "model.onnx"
    return plain if plain.is_file() else folder / "onnx" / "model.onnx"


def text_of(document: Document) -> str:
    return f"{document.title}. {document.abstract}" if document.abstract else document.title
