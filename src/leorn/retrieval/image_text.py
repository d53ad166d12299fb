"""Image–text models of transformers as dual encoders: CLIP, SigLIP and their kin.

Letters: Q sentences, W windows, F sampled frames, D width of a vector.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from leorn.errors import InputError
from leorn.features.background import ahead
from leorn.features.pretrained import VisionModel
from leorn.features.sampling import frame_count
from leorn.features.video import different_frames, sample_frames
from leorn.records import VideoObjects
from leorn.retrieval.windows import Window, frames_inside

RATE = 1.0
"""Frames that are looked at in a second of video."""
MOST_FRAMES = 7200
"""Frames of a video, at most: of one longer than two hours they lie farther apart."""
MAX_SIDE = 768
"""Pixels of a frame's longer side: what these models see is smaller, and a batch of films is not held in full size."""
AT_ONCE = 16
"""Frames or sentences of a batch."""
VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")
"""One of these holds the words of a tokenizer."""
TOKENIZERS = (
    *VOCABULARIES, "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip
"""All that a tokenizer is made of."""


class ImageTextEncoder:
    """A model with an encoder of images and one of sentences; a window is the mean of its frames' unit vectors.

    Args:
        name: a folder or a hub id.

    Attributes:
        fingerprint: the SHA-256 of the model's and the tokenizer's files, and how frames are sampled.

    Raises:
        InputError: transformers is not installed, there is no such model, or it does not encode both images and
            sentences.
    """

    def __init__(self, name: str) -> None:
        self._vision = VisionModel(name, "AutoModel", also=TOKENIZERS)
        model = self._vision.model
        if not (hasattr(model, "get_image_features") and hasattr(model, "get_text_features")):
            raise InputError(
                f"hf:{name}: {type(model).__name__} does not encode images and sentences; expected a model as CLIP or "
                "SigLIP"
            )
        self._tokenizer = self._vision.tokenizer(VOCABULARIES)
        text = model.config.get_text_config()
        self._most_tokens = min(self._tokenizer.model_max_length, text.max_position_embeddings)
        with self._vision.trial("an encoder of images and sentences alike") as frames:
            widths = self._look(frames).shape[1], self.sentences(["a person"]).shape[1]
            if widths[0] != widths[1]:
                raise ValueError(f"its images have width {widths[0]}, its sentences {widths[1]}")
        self.fingerprint: Mapping[str, Any] = {
            "encoder": "hf",
            **self._vision.fingerprint,
            "rate": RATE,
            "most_frames": MOST_FRAMES,
            "max_side": MAX_SIDE,
            "windows": "mean of the unit vectors of frames",
        }

    @torch.inference_mode()
    def sentences(self, texts: Sequence[str]) -> Float[np.ndarray, "Q D"]:
        """Return the vectors of sentences, each of length 1; what is too long for the model is cut."""
        parts = [self._read(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]
        return np.concatenate(parts)

    def windows(
        self, objects: VideoObjects, windows: Sequence[Window], file: Path | None = None
    ) -> Float[np.ndarray, "W D"]:
        """Return the vectors of windows of a video, each of length 1.

        Args:
            objects: of the video, of which the duration counts alone.
            windows: of the video; one without a sampled frame has the vector of the frame nearest to its middle.
            file: the video's.

        Raises:
            InputError: there is no file, or it cannot be read as a video.
        """
        if file is None:
            raise InputError(
                f"video {objects.video}: no file to look at; expected a library of video files, or --encoder labels"
            )
        times, vectors = self._frames(file, frame_count(objects.duration_seconds, MOST_FRAMES, RATE))
        means = [vectors[frames_inside(times, window)].mean(0) for window in windows]
        return _unit(np.stack(means))

    def _frames(self, file: Path, count: int) -> tuple[Float[np.ndarray, "F"], Float[np.ndarray, "F D"]]:
        """Return the times of sampled frames and their vectors; a frame that is shown at several times is seen once."""
        times, vectors = list[float](), list[np.ndarray]()
        with closing(ahead(different_frames(sample_frames(file, count, MAX_SIDE)), AT_ONCE)) as decoded:
            while batch := list(islice(decoded, AT_ONCE)):
                seconds, pictures = zip(*batch, strict=True)
                for shown, vector in zip(seconds, self._look(pictures), strict=True):
                    times += shown
                    vectors += [vector] * len(shown)
        return np.array(times), np.stack(vectors)

    @torch.inference_mode()
    def _look(self, pictures: Sequence[UInt8[np.ndarray, "h w 3"]]) -> Float[np.ndarray, "F D"]:
        return _vectors(self._vision.model.get_image_features(**self._vision.inputs(pictures)))

    def _read(self, texts: Sequence[str]) -> Float[np.ndarray, "Q D"]:
        # SigLIP was trained on sentences that are filled up, and looks at what fills them; others do not mind
        tokens = self._tokenizer(
            list(texts), padding="max_length", truncation=True, max_length=self._most_tokens, return_tensors="pt"
        ).to(self._vision.device)
        names = ["input_ids"] if self._vision.model.config.model_type.startswith("siglip") else list(tokens)
        return _vectors(self._vision.model.get_text_features(**{name: tokens[name] for name in names}))


def _vectors(outputs: Any) -> Float[np.ndarray, "F D"]:  # noqa: ANN401
    pooled: Tensor = outputs.pooler_output
    return _unit(pooled.float().cpu().numpy())


def _unit(vectors: Float[np.ndarray, "F D"]) -> Float[np.ndarray, "F D"]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
