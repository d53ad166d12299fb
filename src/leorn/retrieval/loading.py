"""A network ready for use: its file, its word vectors, wherever they lie."""

import os
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import torch

from leorn.checkpoints import NetworkRecord, load_network, save_network
from leorn.data.word_files import load_word_vectors
from leorn.data.words import WordVectors
from leorn.errors import InputError
from leorn.features.extract import FEATURES
from leorn.features.fingerprint import check_fingerprint, same_words
from leorn.files import replace_atomically, sha256
from leorn.model.networks import Network

NETWORK = "network.safetensors"
"""Name of the network in its folder; its word vectors lie beside it as `words` with any suffix."""
BUNDLED = ("demo",)
"""Networks that come with the package."""


def find_network(source: str | Path) -> Path:
    """Find the file of a network.

    Args:
        source: a `.safetensors` or `.ckpt` file, a folder with `network.safetensors`, the name of a bundled network, or
            the id of a model on the Hugging Face Hub, `owner/name`.

    Raises:
        InputError: nothing of that name, or the hub cannot be reached.
    """
    path = Path(source)
    # a folder of that name is ./demo
    if str(source) in BUNDLED:
        return Path(str(files("leorn") / "networks" / str(source) / NETWORK))
    if path.is_dir():
        path = path / NETWORK
    if path.exists():
        return path
    # a hub id may have a dot, as in owner/name-v1.5
    if path.suffix not in (".safetensors", ".ckpt") and str(source).count("/") == 1 and not os.path.isabs(source):
        return _from_hub(str(source))
    raise InputError(
        f"{source}: no such network; expected a .safetensors or .ckpt file, a folder with {NETWORK}, "
        f"a hub id as owner/name, or {' or '.join(BUNDLED)}"
    )


def lasting_name(source: str | Path) -> str:
    """Return what names the same network from any folder: a file's or a folder's path whole, others as they are."""
    bundled = str(source) in BUNDLED
    return str(Path(source).absolute()) if not bundled and Path(source).exists() else str(source)


def open_network(source: str | Path, words: str | Path | None = None) -> tuple[Network, NetworkRecord, WordVectors]:
    """Read a network and the word vectors that it was trained on.

    Args:
        source: as for `find_network`.
        words: its word vectors, where they lie neither beside it nor where training read them.

    Returns:
        The network in evaluation mode, what travels with it, and its word vectors.

    Raises:
        InputError: a file is missing or wrong, or the word vectors are others than those it was trained on.
    """
    path = find_network(source)
    network, record = load_network(path)
    # what others wrote into a store of theirs is not read
    if record.fingerprint.get("features") in FEATURES.values():
        check_fingerprint(record.fingerprint, str(path))
        check_fingerprint(record.frame_fingerprint, str(path))
    found = Path(words) if words else _words_of(path, record)
    vectors = load_word_vectors(found)
    if record.words is not None and not same_words(record.words, vectors.source):
        raise InputError(f"{found}: {vectors.source}; {path} was trained on {record.words}")
    if vectors.size != record.model.word_size:
        raise InputError(f"{found}: vectors of width {vectors.size}; {path} expects {record.model.word_size}")
    return network, record, vectors


def pack(source: str | Path, out: str | Path, words: str | Path | None = None, detector: str | None = None) -> Path:
    """Put a network and its word vectors into a folder that `open_network` takes: weights in fp16, no training state.

    Args:
        source: as for `find_network`.
        out: the folder.
        words: its word vectors, where they are not found otherwise.
        detector: what finds the objects of a new video, for a network that was trained on imported detections.

    Returns:
        The network's file.

    Raises:
        InputError: as `open_network`, or the folder cannot be written.
    """
    path = find_network(source)
    network, record, vectors = open_network(path, words)
    found = Path(words) if words else _words_of(path, record)
    record = replace(record, words=vectors.source, detector=detector or record.detector)
    packed = Path(out) / NETWORK
    stale = [*packed.parent.glob("words.*")] if packed.is_file() else []
    with replace_atomically(Path(out) / f"words{found.suffix}") as temporary:
        temporary.write_bytes(found.read_bytes())
    save_network(packed, network, record, half=True)
    # of the network that was packed there before
    for path in stale:
        if path.suffix != found.suffix:
            path.unlink(missing_ok=True)
    return packed


def _words_of(network: Path, record: NetworkRecord) -> Path:
    beside = sorted(network.parent.glob("words.*"))
    in_training = [Path(record.experiment.data.words)] if record.experiment is not None else []
    found = [path for path in (*beside, *in_training) if path.is_file()]
    if not found:
        told = f" ({record.words})" if record.words else ""
        raise InputError(f"{network}: its word vectors{told} are not beside it; say where they are with --words")
    # others may lie there too: where none is the right one, the first is told apart
    right = (path for path in found if record.words and same_words(record.words, f"sha256:{sha256(path)}"))
    return next(right, found[0])


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise InputError(f"{name}: no such file; as a hub id it needs pip install leorn[transformers]") from error
    try:
        folder = snapshot_download(name, allow_patterns=[NETWORK, "words.*"])
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise InputError(
            f"{name}: no such file, and the hub has no such model or cannot be reached; "
            f"expected a file, a folder with {NETWORK}, a hub id, or {' or '.join(BUNDLED)}"
        ) from error
    path = Path(folder) / NETWORK
    if not path.is_file():
        raise InputError(f"{name}: the hub's model has no {NETWORK}")
    return path


def check_device(name: str) -> None:
    """See that torch can compute on a device.

    Args:
        name: torch's name for it.

    Raises:
        InputError: it cannot be used here.
    """
    try:
        torch.zeros(1, device=name).tolist()
    # torch that was built without CUDA asserts that it is there
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"device {name}: cannot be used here ({reason}); expected cpu, or cuda with a GPU") from error
