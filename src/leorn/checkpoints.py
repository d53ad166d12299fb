"""Networks on disk, with everything that is needed to use them. Loading never runs code from a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import safetensors
import torch
import yaml
from safetensors.torch import save
from torch import Tensor

from leorn.config import ExperimentConfig, NetworkConfig
from leorn.errors import InputError
from leorn.files import replace_atomically
from leorn.jsonlines import errors_at, json_object
from leorn.model.leorn import LEORN
from leorn.model.networks import Network, make_network
from leorn.model.published import load_published
from leorn.restore import restore
from leorn.scoring.scaling import Calibration

RECORD_KEY = "leorn"
_NETWORK_PREFIX = "network."


@dataclass(frozen=True)
class NetworkRecord:
    """What travels with a network's weights.

    Attributes:
        model: the network's configuration.
        experiment: the whole resolved configuration, where the network was trained here.
        fingerprint: how the features it was trained on were made.
        frame_fingerprint: the same of the frame features of a fusion network; empty where nothing says so.
        calibration: what makes its scores probabilities; None where `leorn calibrate` has not been run.
        words: where its word vectors come from, as `WordVectors.source` says.
        metrics: its figures on the validation split.
        detector: what finds the objects of a new video, where the fingerprint does not say so.
    """

    model: NetworkConfig
    experiment: ExperimentConfig | None = None
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    words: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    detector: str | None = None
    frame_fingerprint: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain dictionaries, lists, numbers and text."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: object, where: str) -> "NetworkRecord":
        """Make a record of what `to_dict` gave.

        Raises:
            InputError: a key is unknown or missing, or a value of another kind.
        """
        try:
            return restore(cls, values, where)
        except ValueError as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{where}: calibration: {error}; expected finite numbers, the slope 0 or more") from error


def save_network(path: str | Path, network: Network, record: NetworkRecord, half: bool = False) -> None:
    """Write weights and record to one safetensors file, atomically; weights in fp16 where `half` is true.

    Raises:
        InputError: the file cannot be written.
    """
    state = {
        name: value.contiguous().to(torch.float16 if half and value.is_floating_point() else value.dtype)
        for name, value in network.state_dict().items()
    }
    _write_safetensors(path, state, record)


def write_calibration(path: str | Path, calibration: Calibration, out: str | Path | None = None) -> None:
    """Write what `leorn calibrate` found into the file of a network, atomically; its weights stay as they are.

    Args:
        path: a safetensors file of ours.
        calibration: of the network in it.
        out: another file to write; the same where None.

    Raises:
        InputError: no such file, no network of ours, or a file that cannot be written.
    """
    state, values = _read_safetensors(Path(path))
    record = replace(NetworkRecord.from_dict(values, str(path)), calibration=calibration)
    _write_safetensors(path if out is None else out, state, record)


def load_network(path: str | Path) -> tuple[Network, NetworkRecord]:
    """Read a network from a safetensors file or from a training checkpoint (`.ckpt`).

    Returns:
        The network, in evaluation mode, and what travels with it.

    Raises:
        InputError: the file is missing, cut short, not a LEORN network, or its weights do not fit its configuration.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a network (.safetensors) or a checkpoint (.ckpt)")
    state, values = _read_safetensors(path) if path.suffix == ".safetensors" else _read_checkpoint(path)
    record = NetworkRecord.from_dict(values, str(path))
    with errors_at(str(path)):
        network = make_network(record.model)
    fill(network, state, str(path))
    return network.eval(), record


def convert_published(config: str | Path, weights: str | Path, out: str | Path) -> LEORN:
    """Turn files of the published code into one of ours: see `leorn.model.published`.

    Args:
        config: the published YAML.
        weights: a torch file with `model` or the parameters alone, or a safetensors file.
        out: the safetensors file to write.

    Returns:
        The network, in evaluation mode.

    Raises:
        InputError: a file is missing, cut short or of another format, a key is unknown, or weights do not fit.
    """
    config, weights = Path(config), Path(weights)
    if Path(out).suffix != ".safetensors":
        raise InputError(f"{out}: expected a name that ends in .safetensors")
    try:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())  # PyYAML's takes several lines
        raise InputError(f"{config}: cannot be read as YAML: {reason}") from error
    if not isinstance(settings, Mapping):
        raise InputError(f"{config}: expected the published sections (MODEL, TAN, …)")
    network = load_published(settings, _read_weights(weights))
    save_network(out, network, NetworkRecord(model=network.config))
    return network


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a dictionary of tensors and plain values that `torch.save` wrote.

    Raises:
        InputError: the file is missing, cut short, or holds anything else.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except Exception as error:  # a damaged file can make the unpickler fail in any way: KeyError, struct.error, …
        raise InputError(
            f"{path}: not a whole file of tensors; expected what torch.save() writes of tensors and plain values"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds a {type(content).__name__}; expected a dictionary")
    return content


def fill(network: Network, state: Mapping[str, Tensor], where: str) -> None:
    """Put weights into a network.

    Raises:
        InputError: names or shapes do not fit; `where` says whose weights they are.
    """
    expected = network.state_dict()
    problems = [f"missing {name}" for name in expected if name not in state]
    problems += [f"unknown {name}" for name in state if name not in expected]
    problems += [
        f"{name} is {tuple(value.shape)}, expected {tuple(expected[name].shape)}"
        for name, value in state.items()
        if name in expected and value.shape != expected[name].shape
    ]
    if problems:
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise InputError(f"{where}: weights do not fit the configuration: {'; '.join(problems[:5])}{more}")
    network.load_state_dict(state)


def _write_safetensors(path: str | Path, state: dict[str, Tensor], record: NetworkRecord) -> None:
    metadata = {RECORD_KEY: json.dumps(record.to_dict(), sort_keys=True)}
    with replace_atomically(path) as temporary:
        # not save_file(): its error for a full disk is no OSError
        temporary.write_bytes(save(state, metadata))


def _read_weights(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return _open_safetensors(path)[0]
    checkpoint = read_checkpoint(path)
    content = checkpoint.get("model", checkpoint)
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError(f"{path}: expected tensors by the names of their parameters, alone or under `model`")
    return content


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], object]:
    state, metadata = _open_safetensors(path)
    if RECORD_KEY not in metadata:
        raise InputError(f"{path}: no LEORN network; expected one that leorn train or leorn convert wrote")
    with errors_at(f"{path}: {RECORD_KEY}"):
        return state, json_object(metadata[RECORD_KEY])


def _open_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safetensors.safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (safetensors.SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a whole safetensors file ({error})") from error


def _read_checkpoint(path: Path) -> tuple[dict[str, Tensor], object]:
    content = read_checkpoint(path)
    if RECORD_KEY not in content or "state_dict" not in content:
        raise InputError(f"{path}: no LEORN checkpoint; expected one that leorn train wrote")
    weights = content["state_dict"]
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise InputError(f"{path}: state_dict: expected tensors by the names of their parameters")
    return {str(name).removeprefix(_NETWORK_PREFIX): value for name, value in weights.items()}, content[RECORD_KEY]
