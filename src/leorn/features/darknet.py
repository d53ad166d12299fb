"""YOLO networks in Darknet's files (`.cfg`, `.weights`, `.names`), read by OpenCV's dnn."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leorn.assets import asset
from leorn.errors import InputError
from leorn.files import sha256

if TYPE_CHECKING:
    from cv2.dnn import Net

SIDE = 32
"""Darknet's YOLO halves its input five times, and its sides must be multiples of this."""
VERSION_BYTES = 12
"""A `.weights` file begins with three numbers of its version: major, minor, revision."""
OTHER_NAMES = {
    "aeroplane": "airplane",
    "diningtable": "dining table",
    "motorbike": "motorcycle",
    "pottedplant": "potted plant",
    "sofa": "couch",
    "tvmonitor": "tv",
}
"""Names of Darknet's `coco.names`, which are those of Pascal VOC, and what COCO calls the same."""


@dataclass(frozen=True, eq=False)
class Darknet:
    """A YOLO network and what one must know to use it.

    Attributes:
        net: the network, for OpenCV.
        input_size: (width, height) of its input.
        heads: names of the layers that give detections.
        feature_map: name of the layer whose map describes appearance.
        feature_size: channels of that map.
        label_names: the classes it tells apart.
        hashes: SHA-256 of its configuration, weights and labels.
    """

    net: "Net"
    input_size: tuple[int, int]
    heads: tuple[str, ...]
    feature_map: str
    feature_size: int
    label_names: tuple[str, ...]
    hashes: Mapping[str, str]


def read_darknet(folder: str | Path | None = None) -> Darknet:
    """Read a network.

    The feature map is, of the leaky layers before the first detection head, the last of the widest: the end of the
    backbone, or what the first head makes of it, at stride 32 in YOLO v3, v3-tiny and v4-tiny.

    Args:
        folder: where exactly one `.cfg`, one `.weights` and one `.names` lie; None for YOLOv3-tiny of the assets.

    Raises:
        InputError: OpenCV is not installed, or a file is missing, broken or does not go with the others.
    """
    config, weights, names = _files(folder)
    width, height = _input_size(config)
    net = _read_net(config, weights)
    heads = tuple(name for name in net.getUnconnectedOutLayersNames() if net.getLayer(name).type == "Region")
    sizes = _output_shapes(net, (1, 3, height, width), config)
    leaky = _leaky_before(net, heads)
    if not leaky:
        raise InputError(f"{config}: no [yolo] layer after leaky convolutions; expected a YOLO v3, v3-tiny or v4-tiny")
    _check_parameters(net, heads, config, weights)
    # max takes the first of the widest, so the last layer comes first
    feature_map = max(reversed(leaky), key=lambda name: sizes[name][1])
    return Darknet(
        net=net,
        input_size=(width, height),
        heads=heads,
        feature_map=feature_map,
        feature_size=int(sizes[feature_map][1]),
        # a row of a head is a box, its objectness, and a confidence for each class
        label_names=_label_names(names, classes=int(sizes[heads[0]][-1]) - 5),
        hashes={"config": sha256(config), "weights": sha256(weights), "labels": sha256(names)},
    )


def _files(folder: str | Path | None) -> tuple[Path, Path, Path]:
    """Return the configuration, the weights and the label names."""
    if folder is None:
        return asset("yolov3-tiny.cfg"), asset("yolov3-tiny.weights"), asset("coco.names")
    return _only(folder, ".cfg"), _only(folder, ".weights"), _only(folder, ".names")


def _only(folder: str | Path, suffix: str) -> Path:
    try:
        found = [file for file in Path(folder).iterdir() if file.suffix == suffix]
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; expected a folder with a Darknet YOLO") from error
    if len(found) != 1:
        raise InputError(f"{folder}: {len(found)} files *{suffix}; expected exactly one .cfg, one .weights, one .names")
    return found[0]


def _input_size(config: Path) -> tuple[int, int]:
    """Read the (width, height) of a net's input."""
    try:
        text = config.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot read {config}: {error.strerror}") from error
    # [net] comes first, and no other section has these keys
    sides = [re.search(rf"^\s*{side}\s*=\s*(\d+)", text, re.MULTILINE) for side in ("width", "height")]
    width, height = (int(side[1]) if side else 0 for side in sides)
    if not (width and height):
        raise InputError(f"{config}: no width and height in [net]; expected the configuration of a Darknet YOLO")
    if width % SIDE or height % SIDE:
        raise InputError(f"{config}: width {width} and height {height}; expected multiples of {SIDE}")
    return width, height


def _read_net(config: Path, weights: Path) -> "Net":
    try:
        import cv2
    except ImportError as error:
        raise InputError("the detector opencv-yolo needs OpenCV: pip install leorn[video]") from error
    try:
        return cv2.dnn.readNetFromDarknet(str(config), str(weights))
    except cv2.error as error:
        raise InputError(f"{config}, {weights}: cannot be read as a Darknet YOLO ({error.err})") from error


def _output_shapes(net: "Net", shape: tuple[int, int, int, int], config: Path) -> dict[str, Sequence[int]]:
    """Return the shape of each layer's first output for an input of this shape."""
    import cv2

    try:
        ids, _, shapes = net.getLayersShapes(shape)
    except cv2.error as error:
        raise InputError(f"{config}: its layers do not fit together ({error.err}); expected a Darknet YOLO") from error
    return {net.getLayer(int(layer)).name: outputs[0] for layer, outputs in zip(ids, shapes, strict=True)}


def _leaky_before(net: "Net", heads: Sequence[str]) -> list[str]:
    """Return the leaky layers before the first head, in order."""
    names = list(net.getLayerNames())
    before = names[: names.index(heads[0])] if heads else []
    return [name for name in before if name.startswith("leaky_")]


def _check_parameters(net: "Net", heads: Sequence[str], config: Path, weights: Path) -> None:
    """OpenCV takes weights that are cut short, or another net's, without a word."""
    with weights.open("rb") as file:
        version = file.read(VERSION_BYTES)
    major, minor = int.from_bytes(version[:4], "little"), int.from_bytes(version[4:8], "little")
    # how many images it was trained on takes 8 bytes since version 0.2, 4 before
    header = VERSION_BYTES + (8 if 10 * major + minor >= 2 else 4)
    # what a head holds are its anchors, from the configuration
    layers = [net.getLayer(name) for name in net.getLayerNames() if name not in heads]
    expected = header + 4 * sum(blob.size for layer in layers for blob in layer.blobs)
    size = weights.stat().st_size
    if size != expected:
        raise InputError(f"{weights}: {size} bytes; expected {expected}, as {config} asks for")


def _label_names(names: Path, classes: int) -> tuple[str, ...]:
    try:
        labels = tuple(line.strip() for line in names.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{names}: cannot be read ({error}); expected a label a line, in UTF-8") from error
    if len(labels) != classes:
        raise InputError(f"{names}: {len(labels)} labels; expected {classes}, as many as the net tells apart")
    return tuple(OTHER_NAMES.get(label, label) for label in labels)
