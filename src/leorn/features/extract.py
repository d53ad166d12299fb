"""From a video file to the objects of its frames.

Letters of shapes: T sampled frames, N object slots of a frame, K objects found in one, D width of an object's feature,
V labels, D_w width of a word vector.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from leorn.config import ExtractionConfig, FeatureKind
from leorn.errors import InputError
from leorn.features.background import ahead
from leorn.features.detectors import Detections, Detector, open_detector
from leorn.features.fingerprint import LABEL_FEATURES, NAME
from leorn.features.published import unit_rows
from leorn.features.sampling import frame_count
from leorn.features.sources import Progress
from leorn.features.video import different_frames, probe, sample_frames
from leorn.records import VideoObjects

if TYPE_CHECKING:
    from leorn.features.backbones import Backbone

BATCH = 8
"""Different frames that a detector gets at a time; twice as many are decoded meanwhile."""
MAX_FRAMES = 100_000
"""As many as an hour has at 28 a second: who asks for more has made a mistake."""
FEATURES: dict[FeatureKind, str] = {
    "label": LABEL_FEATURES,
    "appearance": "appearance",
    "both": "appearance, mean word vector of the label",
}
"""What a fingerprint calls the kinds of `ExtractionConfig.features`."""


@dataclass(frozen=True, eq=False)
class LabelVectors:
    """Word vectors of a detector's labels.

    Attributes:
        vectors: (V, D_w) fp32, in the order of the labels.
        source: where they come from, as `WordVectors.source` says.
    """

    vectors: Float[np.ndarray, "V D_w"]
    source: str


LabelEncoder = Callable[[Sequence[str]], LabelVectors]
"""Gives labels their vectors."""


class Extractor:
    """Finds and describes the objects of video files.

    Attributes:
        config: how.
        label_names: what the detector knows.
        label_vectors: of these labels, where features are of them.
        fingerprint: all that the objects depend on, beside the video.

    Raises:
        InputError: an unknown or unreadable detector, a missing extra, a number or rate of frames out of its range, or
            labels asked for without word vectors.
    """

    def __init__(self, config: ExtractionConfig, labels: LabelEncoder | None = None) -> None:
        if not 1 <= config.frames <= MAX_FRAMES:
            raise InputError(f"frames is {config.frames}; expected 1 to {MAX_FRAMES}")
        if config.rate is not None and not 0 < config.rate < math.inf:
            raise InputError(f"rate is {config.rate}; expected a number of frames a second above 0")
        # now, or it would be said of every video
        if find_spec("av") is None:
            raise InputError("reading videos needs PyAV: pip install leorn[video]")
        self.config = config
        self._detector: Detector = open_detector(
            config.detector, min_score=config.min_score, nms_iou=config.nms_iou, slots=config.slots
        )
        self.label_names = self._detector.label_names
        self._backbone = _backbone(config.backbone)
        self.label_vectors = _label_vectors(config, self.label_names, labels)
        appearance = 0 if config.features == "label" else self._detector.feature_size
        self._width = appearance + (0 if self.label_vectors is None else self.label_vectors.vectors.shape[1])
        self.fingerprint: dict[str, Any] = {
            "extractor": "leorn extract",
            "detector": {NAME: config.detector, **self._detector.fingerprint},
            "backbone": None if self._backbone is None else {NAME: config.backbone, **self._backbone.fingerprint},
            "features": FEATURES[config.features],
            "feature_size": self._width,
            "word_vectors": None if self.label_vectors is None else self.label_vectors.source,
            "frames": config.frames,
            "slots": config.slots,
            "sampling": "middles of equal parts of the video stream",
            **({} if config.rate is None else {"rate": config.rate}),
        }

    def __call__(self, path: str | Path, video: str, progress: Progress | None = None) -> VideoObjects:
        """Extract the objects of a video file.

        Args:
            path: the file.
            video: the id to give it.
            progress: told after each batch how many frames are done, of how many.

        Raises:
            InputError: the file cannot be read as a video.
        """
        duration_seconds = probe(path).duration_seconds
        count = frame_count(duration_seconds, self.config.frames, self.config.rate)
        return self._extract(path, self._empty(video, duration_seconds, count), progress)

    def try_out(self, path: str | Path, frames: int) -> None:
        """Do with a few frames of a video what is done with all: to see how long that takes.

        Raises:
            InputError: the file cannot be read as a video.
        """
        self._extract(path, self._empty("", 1.0, frames), None)

    @property
    def frame_bytes(self) -> int:
        """What a frame fills in a store: features in two bytes a number, boxes, scores, labels and a time."""
        described = 0 if self._backbone is None else self._backbone.feature_size
        return self.config.slots * (2 * self._width + 4 * 4 + 4 + 2) + 4 + 2 * described

    def _extract(self, path: str | Path, objects: VideoObjects, progress: Progress | None) -> VideoObjects:
        """Fill the objects of a video's frames in: the next are decoded while the detector works."""
        count = len(objects.times_seconds)
        described: list[Float[np.ndarray, "F D_f"]] = []
        done = 0
        different = different_frames(sample_frames(path, count, self._detector.max_side))
        with closing(ahead(different, 2 * BATCH)) as decoded:
            while batch := list(islice(decoded, BATCH)):
                times, pictures = zip(*batch, strict=True)
                for shown, found in zip(times, self._detector.detect(pictures), strict=True):
                    rows = slice(done, done + len(shown))
                    objects.times_seconds[rows] = shown
                    self._fill(objects, rows, found)
                    done = rows.stop
                if self._backbone is not None:
                    described.append(np.repeat(self._backbone.describe(pictures), list(map(len, times)), axis=0))
                if progress is not None:
                    progress(done, count)
        return replace(objects, frames=np.concatenate(described) if described else None)

    def _empty(self, video: str, duration_seconds: float, count: int) -> VideoObjects:
        slots = self.config.slots
        return VideoObjects(
            video=video,
            duration_seconds=duration_seconds,
            times_seconds=np.zeros(count, dtype=np.float32),
            features=np.zeros((count, slots, self._width), dtype=np.float32),
            boxes=np.zeros((count, slots, 4), dtype=np.float32),
            scores=np.zeros((count, slots), dtype=np.float32),
            labels=np.full((count, slots), -1),
            label_names=self.label_names,
        )

    def _fill(self, objects: VideoObjects, rows: slice, found: Detections) -> None:
        """Put what was found in a picture into all rows that show it."""
        count = len(found.scores)
        objects.boxes[rows, :count] = found.boxes
        objects.scores[rows, :count] = found.scores
        objects.labels[rows, :count] = found.labels
        parts = [] if self.config.features == "label" else [unit_rows(found.features)]
        if self.label_vectors is not None:
            vectors = self.label_vectors.vectors[found.labels]
            # beside appearance neither part shall be louder than the other
            parts.append(unit_rows(vectors) if parts else vectors)
        objects.features[rows, :count] = np.concatenate(parts, axis=1)


def _backbone(name: str | None) -> "Backbone | None":
    if name is None:
        return None
    # torch only where it is needed
    from leorn.features.backbones import open_backbone

    return open_backbone(name)


def _label_vectors(
    config: ExtractionConfig, names: tuple[str, ...], labels: LabelEncoder | None
) -> LabelVectors | None:
    if config.features == "appearance":
        return None
    if labels is None:
        raise InputError(f"features {config.features!r} need word vectors for the labels; give them with --words")
    return labels(names)
