"""Sentences as vectors, by a sentence transformer in a folder.

Letters: Q sentences, D width of a vector.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from leorn.assets import asset
from leorn.errors import InputError
from leorn.features.pretrained import quiet
from leorn.files import sha256

AT_ONCE = 64
"""Sentences of a batch."""
WEIGHTS = "model.safetensors"


class SentenceEncoder:
    """A transformer over the pieces of words, the mean of whose states is the sentence (Reimers and Gurevych, 2019).

    Args:
        folder: holds the model and its tokenizer as transformers saves them, weights in safetensors.

    Attributes:
        fingerprint: the SHA-256 of the weights.

    Raises:
        InputError: transformers is not installed, or the folder holds no such model.
    """

    def __init__(self, folder: str | Path) -> None:
        try:
            import transformers
        except ImportError as error:
            raise InputError("sentences need transformers: pip install leorn[search]") from error
        folder = Path(folder)
        if not (folder / WEIGHTS).is_file():
            raise InputError(f"{folder}: holds no {WEIGHTS}; expected a sentence transformer")
        try:
            options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            with quiet(transformers):
                self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, **options)
                self._model = transformers.AutoModel.from_pretrained(folder, use_safetensors=True, **options).eval()
        # what a foreign folder makes the library raise may be anything
        except Exception as error:
            raise InputError(f"{folder}: cannot be loaded as a sentence transformer ({error})") from error
        self.fingerprint: Mapping[str, Any] = {"weights": f"sha256:{sha256(folder / WEIGHTS)}"}

    @classmethod
    def of_assets(cls) -> "SentenceEncoder":
        """Open MiniLM, which `leorn assets --fetch search` fetches.

        Raises:
            InputError: it is not there.
        """
        return cls(asset(f"minilm/{WEIGHTS}").parent)

    def __call__(self, texts: Sequence[str]) -> Float[np.ndarray, "Q D"]:
        """Return the vectors of sentences, each of length 1."""
        parts = [self._encode(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, self._model.config.hidden_size), np.float32)

    def _encode(self, texts: Sequence[str]) -> Float[np.ndarray, "Q D"]:
        tokens = self._tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            states = self._model(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None]
        mean = (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean, dim=-1).numpy()
