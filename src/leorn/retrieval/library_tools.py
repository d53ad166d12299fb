"""What a library is made with: what finds objects in its videos and what makes vectors of their windows."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

from leorn.checkpoints import NetworkRecord
from leorn.config import ExtractionConfig
from leorn.data.label_vectors import label_vectors
from leorn.errors import InputError
from leorn.features.extract import Extractor, LabelEncoder
from leorn.retrieval.curve import STEP_SECONDS
from leorn.retrieval.encoders import DualEncoder, lasting_encoder, open_encoder
from leorn.retrieval.loading import lasting_name, open_network
from leorn.retrieval.manifest import MANIFEST, WINDOWS, Manifest, read_manifest
from leorn.retrieval.recipe import extraction_for
from leorn.retrieval.training_free import NO_NETWORK, extraction, no_vectors
from leorn.retrieval.window_index import RECORD
from leorn.retrieval.windows import LENGTHS_SECONDS


class Tools(NamedTuple):
    """What makes a library's vectors, and an empty library made with it."""

    config: ExtractionConfig
    labels: LabelEncoder
    label_names: tuple[str, ...]
    """Of the detector."""
    encoder: DualEncoder
    empty: Manifest
    record: NetworkRecord | None
    """Of the network, where there is one."""


def open_tools(network: str, encoder: str) -> Tools:
    """Open what makes a library.

    Args:
        network: as `leorn.load` takes it, or `none`.
        encoder: name of the dual encoder.

    Raises:
        InputError: one of them is missing, or cannot be used.
    """
    step_seconds: float | None = None
    record: NetworkRecord | None = None
    if network == NO_NETWORK:
        config, labels, step_seconds = extraction(), no_vectors, STEP_SECONDS
    else:
        network = lasting_name(network)
        _, record, words = open_network(network)
        config, labels = extraction_for(record), partial(label_vectors, words)
    encoder = lasting_encoder(encoder)
    dual = open_encoder(encoder)
    extractor = Extractor(config, labels)
    features, vectors = dict(extractor.fingerprint), dict(dual.fingerprint)
    empty = Manifest(network, features, encoder, vectors, LENGTHS_SECONDS, step_seconds)
    return Tools(config, labels, extractor.label_names, dual, empty, record)


def taken_up(folder: Path, made: Manifest) -> Manifest:
    """Return the manifest of a library to go on with; parts of files that a killed writer has left go.

    Args:
        folder: the library's.
        made: an empty one, as the library would be made now; it is returned where there is no library yet.

    Raises:
        InputError: the library was made otherwise, or is damaged.
    """
    for leftover in (*folder.glob(f".{MANIFEST}.*.part"), *(folder / WINDOWS).glob(f".{RECORD}.*.part")):
        leftover.unlink(missing_ok=True)
    if not (folder / MANIFEST).exists():
        return made
    before = read_manifest(folder)
    # as they are on disk
    then, now = (json.loads(json.dumps(asdict(manifest))) for manifest in (before, made))
    differing = [name for name in then if name != "videos" and then[name] != now[name]]
    if differing:
        raise InputError(
            f"{folder}: a library of another {' and '.join(differing)}; expected the same, or another folder"
        )
    return before
