"""What flows between the rooms: queries, moments, the objects of a video, predictions.

Every record checks itself when it is made. Times are seconds, boxes are `xyxy` in 0..1 of the frame, arrays are
numpy. Letters of shapes: T sampled frames, N object slots per frame, D width of an object's feature.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int, UInt8

from leorn.errors import InputError

_PART = 2**16
_MAGNITUDE, _INFINITY = 0x7FFF, 0x7C00
"""Of the bits of an fp16 number all but its sign, and those of infinity: NaN is above (IEEE 754)."""

Frame = tuple[float, UInt8[np.ndarray, "height width 3"]]
"""A time in seconds since the video stream's first frame, and the RGB picture that is shown then."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a video, with a score where a model proposed it.

    Raises:
        InputError: an end that is not after the start, a negative start, or a number that is not finite.
    """

    start_seconds: float
    end_seconds: float
    score: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_seconds) and math.isfinite(self.end_seconds)):
            raise InputError(f"moment {self.span}: times must be finite numbers of seconds")
        if not 0 <= self.start_seconds < self.end_seconds:
            raise InputError(f"moment {self.span}: expected 0 <= start < end, in seconds")
        if self.score is not None and not math.isfinite(self.score):
            raise InputError(f"moment {self.span}: score {self.score} is not a finite number")

    @property
    def span(self) -> tuple[float, float]:
        """Start and end in seconds."""
        return self.start_seconds, self.end_seconds


@dataclass(frozen=True, slots=True)
class Query:
    """A sentence about a video, with the moments it describes where they are known.

    Raises:
        InputError: an empty sentence, a duration that is not positive, or a moment that ends after the video.
    """

    query_id: str
    video: str
    text: str
    duration_seconds: float
    moments: tuple[Moment, ...] = ()
    split: str | None = None

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InputError(f"query {self.query_id}: the sentence is empty")
        if not (math.isfinite(self.duration_seconds) and self.duration_seconds > 0):
            raise InputError(
                f"query {self.query_id}: duration {self.duration_seconds} of video {self.video}; "
                "expected a positive number of seconds"
            )
        for moment in self.moments:
            if moment.end_seconds > self.duration_seconds:
                raise InputError(
                    f"query {self.query_id}: moment {moment.span} ends after video {self.video} "
                    f"({self.duration_seconds} s)"
                )


@dataclass(frozen=True, slots=True)
class Prediction:
    """The moments that a model proposes for a query, best first."""

    query_id: str
    video: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, eq=False)
class VideoObjects:
    """The objects of a video's sampled frames.

    A slot without an object has score 0 and zeros elsewhere; objects of a frame come best score first.

    Attributes:
        video: the video's id.
        duration_seconds: length of the video.
        times_seconds: (T,) when each frame was sampled, rising.
        features: (T, N, D) what the detector says of each object; fp16 on disk.
        boxes: (T, N, 4) `xyxy` in 0..1 of the frame.
        scores: (T, N) the detector's confidence, 0 where there is no object.
        labels: (T, N) index into `label_names`, -1 where there is no object or no label.
        label_names: the labels as text.
        frames: (T, D_f) features of the whole frames, where there are any.

    Raises:
        InputError: shapes that do not agree, or a number that is not finite.
    """

    video: str
    duration_seconds: float
    times_seconds: Float[np.ndarray, "T"] = field(repr=False)
    features: Float[np.ndarray, "T N D"] = field(repr=False)
    boxes: Float[np.ndarray, "T N 4"] = field(repr=False)
    scores: Float[np.ndarray, "T N"] = field(repr=False)
    labels: Int[np.ndarray, "T N"] = field(repr=False)
    label_names: tuple[str, ...] = field(default=(), repr=False)
    frames: Float[np.ndarray, "T D_f"] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.features.ndim != 3:
            raise InputError(f"video {self.video}: features of shape {self.features.shape}; expected (T, N, D)")
        frames, slots = self.features.shape[:2]
        expected = {
            "times_seconds": (frames,),
            "boxes": (frames, slots, 4),
            "scores": (frames, slots),
            "labels": (frames, slots),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise InputError(
                    f"video {self.video}: {name} of shape {getattr(self, name).shape}; "
                    f"expected {shape} to go with features {self.features.shape}"
                )
        if self.frames is not None and (self.frames.ndim != 2 or len(self.frames) != frames):
            raise InputError(f"video {self.video}: frames of shape {self.frames.shape}; expected ({frames}, D_f)")
        for name in ("times_seconds", "features", "boxes", "scores"):
            if not _all_finite(getattr(self, name)):
                raise InputError(f"video {self.video}: {name} holds NaN or infinity; expected finite numbers")
        if self.labels.size and not -1 <= self.labels.min() <= self.labels.max() < len(self.label_names):
            raise InputError(f"video {self.video}: labels point outside the {len(self.label_names)} label names")


def check_sentences(sentences: Iterable[str]) -> None:
    """See that what somebody asks says something, in characters that there are.

    Raises:
        InputError: a sentence is empty, or holds bytes that are no UTF-8.
    """
    for sentence in sentences:
        if not sentence.strip():
            raise InputError(
                "the sentence is empty; expected what the moment shows, such as 'a person riding a bicycle'"
            )
        try:
            sentence.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"the sentence {sentence!a} holds bytes that are no UTF-8; expected text") from error


def _all_finite(values: np.ndarray) -> bool:
    """Say whether an array holds no NaN and no infinity.

    NumPy widens numbers of fp16 one by one, which takes longer than reading them from a disk: their bits tell, read
    in parts that stay in the processor's cache.
    """
    if values.dtype != np.float16:
        return bool(np.isfinite(values).all())
    bits = np.ascontiguousarray(values).reshape(-1).view(np.uint16)
    parts = (bits[start : start + _PART] for start in range(0, bits.size, _PART))
    return all(int((part & _MAGNITUDE).max()) < _INFINITY for part in parts)
