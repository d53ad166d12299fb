"""Other names for labels: a detector's `sofa` may be the `couch` of the sentences."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from leorn.data.tracks import Tracks
from leorn.errors import InputError
from leorn.jsonlines import errors_at, field, json_object, read_text

log = logging.getLogger(__name__)

CONTENT = "a JSON object from label to label"


def read_renamed(path: str | Path) -> dict[str, str]:
    """Read which labels get which names: a JSON object such as `{"sofa": "couch"}`.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    text = read_text(path, CONTENT)
    with errors_at(str(path)):
        entries = json_object(text)
        renamed = {label: field(entries, label, str).strip() for label in entries}
        if empty := [label for label, name in renamed.items() if not name]:
            raise InputError(f"{empty[0]} is given no name; expected {CONTENT}")
    return renamed


def rename_labels(tracks: Tracks, renamed: Mapping[str, str]) -> Tracks:
    """Give labels other names; several may get the same, and then are one label."""
    names = [renamed.get(name, name) for name in tracks.label_names]
    # in the order in which they first stand
    kept = tuple(dict.fromkeys(names))
    index = np.array([kept.index(name) for name in names], dtype=tracks.labels.dtype)
    return replace(tracks, labels=index[tracks.labels] if names else tracks.labels, label_names=kept)


def warn_unseen(renamed: Mapping[str, str], seen: Collection[str], where: str) -> None:
    """Warn of labels that were to be renamed and are nowhere."""
    if unseen := [label for label in renamed if label not in seen]:
        log.warning("%s: no label %s to rename; is it spelled as the detector spells it?", where, ", ".join(unseen))
