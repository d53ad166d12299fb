"""What is said of a published data set: its splits, the features that experiments read, and where each can be had."""

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

PublishedName = Literal["charades-sta", "tacos", "activitynet-captions", "qvhighlights"]
"""A published data set, by the name of its format."""
WORDS = "words/glove.6B.300d.txt"
"""Beside the folder of a data set, for all of them share it."""


def beside(root: Path) -> Path:
    """Return the folder that a data set's folder lies in, whatever that may be a link to."""
    # the parent of "." and ".." is found in their full path alone
    return (Path(os.path.abspath(root)) if root.name in ("", "..") else root).parent


@dataclass(frozen=True)
class Offer:
    """Where something can be had, and what has to be done with it.

    What a publisher does not state, such as the size of a download, is not stated here either.

    Attributes:
        files: what it becomes, below the data set's folder.
        page: of the publisher.
        downloads: addresses; none where the page leads to them.
        size: of the download.
        licence: in a word or two.
        steps: sentences, and commands that begin with `leorn`; `{root}` stands for the data set's folder.
    """

    files: tuple[str, ...]
    page: str
    downloads: tuple[str, ...] = ()
    size: str = "not stated"
    licence: str = "see the page"
    steps: tuple[str, ...] = ()

    def at(self, root: Path) -> "Offer":
        """Return the offer for a data set that lies in this folder: full paths, and commands as a shell reads them."""
        files = tuple(str(beside(root) / file if file == WORDS else root / file) for file in self.files)
        steps = tuple(step.replace("{root}", shlex.quote(str(root))) for step in self.steps)
        return replace(self, files=files, steps=steps)


@dataclass(frozen=True)
class Split:
    """A split of the queries, and what `leorn.data.annotations.read_queries` makes of it.

    Attributes:
        name: of the split.
        files: that it is read from.
        queries: that are read.
        videos: they are about.
        clipped: ends after the video.
        dropped: moments that were empty once clipped.
    """

    name: str
    files: tuple[str, ...]
    queries: int
    videos: int
    clipped: int = 0
    dropped: int = 0


@dataclass(frozen=True)
class Features:
    """Features that experiments read: of objects where there are slots, otherwise of frames.

    Attributes:
        path: below the data set's folder.
        frames: sampled frames of a video, at least (T).
        width: of a feature (D); None where any is right.
        slots: object slots of a frame, at least (N).
        experiments: names of those that read them there; none where an experiment has to be told to.
        offer: where they can be had.
    """

    path: str
    frames: int
    width: int | None
    slots: int | None
    experiments: tuple[str, ...]
    offer: Offer


@dataclass(frozen=True)
class PublishedDataset:
    """All that the experiments on a data set read, word vectors apart.

    Attributes:
        folder: its name in `data/`.
        splits: of the queries.
        videos: of all splits together; two splits may share some.
        words: different words of all splits, as the tokenizer `words` splits them.
        known_words: those that have a vector in GloVe 6B.
        annotations: where the files of the splits can be had.
        objects: any of them is enough.
        video_files: where the videos can be had.
        frame_features: for the fusion variant.
        keep_suffix: ids of videos end in the suffix of their file.
    """

    folder: str
    splits: tuple[Split, ...]
    videos: int
    words: int
    known_words: int
    annotations: tuple[Offer, ...]
    objects: tuple[Features, ...]
    video_files: Offer
    frame_features: Features | None = None
    keep_suffix: bool = False
