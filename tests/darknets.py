"""A small random YOLO in Darknet's files, and the same network written out in torch."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

SIZE = (64, 32)
"""Width and height of the input."""
LABELS = ("cup", "knife", "frying pan")
ANCHORS = ((8, 6), (20, 14))
CONVOLUTIONS = (
    # filters, kernel, stride, batch normalisation; the second leaves the widest map
    (8, 3, 4, True),
    (24, 3, 2, True),
    (12, 1, 1, True),
    (len(ANCHORS) * (5 + len(LABELS)), 1, 1, False),
)
FEATURE_SIZE = 24
OPENCV_MIN_SCORE = 0.2


def write_darknet(folder: Path, seed: int = 0) -> Path:
    """Write `net.cfg`, `net.weights` and `net.names`."""
    folder.mkdir(parents=True, exist_ok=True)
    sections = ["[net]\nwidth={}\nheight={}\nchannels=3".format(*SIZE)]
    for filters, kernel, stride, normalised in CONVOLUTIONS:
        lines = ["[convolutional]", *(["batch_normalize=1"] if normalised else []), f"filters={filters}"]
        lines += [f"size={kernel}", f"stride={stride}", "pad=1", f"activation={'leaky' if normalised else 'linear'}"]
        sections.append("\n".join(lines))
    anchors = ",  ".join(f"{width},{height}" for width, height in ANCHORS)
    sections.append(f"[yolo]\nmask=0,1\nanchors={anchors}\nclasses={len(LABELS)}\nnum={len(ANCHORS)}")
    (folder / "net.cfg").write_text("\n\n".join(sections) + "\n")
    header = np.array([0, 2, 0], np.int32).tobytes() + np.array([0], np.int64).tobytes()
    arrays = [array for layer in parameters(seed) for array in layer]
    (folder / "net.weights").write_bytes(header + b"".join(array.tobytes() for array in arrays))
    (folder / "net.names").write_text("\n".join(LABELS) + "\n")
    return folder


def parameters(seed: int = 0) -> list[list[Float[np.ndarray, "..."]]]:
    """Return the parameters of each convolution as they lie in the file: biases, scales, means, variances, weights."""
    random = np.random.default_rng(seed)
    layers, channels = [], 3
    for filters, kernel, _, normalised in CONVOLUTIONS:
        biases = random.normal(0, 0.5, filters)
        statistics = [
            random.uniform(0.5, 1.5, filters),
            random.normal(0, 0.2, filters),
            random.uniform(0.5, 2, filters),
        ]
        weights = random.normal(0, 1 / np.sqrt(channels * kernel**2), (filters, channels, kernel, kernel))
        if not normalised:
            # confident enough that objects are found, and small enough that some lie inside the frame
            biases = biases + np.tile([0, 0, -1, -1, 2, 1, 1, 1], len(ANCHORS))
        arrays = [biases, *(statistics if normalised else []), 2 * weights]
        layers.append([array.astype(np.float32) for array in arrays])
        channels = filters
    return layers


def forward(picture: Float[np.ndarray, "H W 3"], seed: int = 0) -> tuple[Float[Tensor, "R E"], Float[Tensor, "D h w"]]:
    """Return what the network says of a picture in 0..1: the rows of its head, and its widest map.

    A row is centre, size, objectness and the confidence of each class, as in YOLOv3, section 2.1 (Redmon and Farhadi,
    2018).
    """
    state = torch.from_numpy(picture.transpose(2, 0, 1).copy())[None].float()
    widest = state
    for (_, kernel, stride, normalised), arrays in zip(CONVOLUTIONS, parameters(seed), strict=True):
        biases, *statistics, weights = (torch.from_numpy(array) for array in arrays)
        if normalised:
            scales, means, variances = statistics
            state = F.conv2d(state, weights, stride=stride, padding=kernel // 2)
            state = F.leaky_relu(F.batch_norm(state, means, variances, scales, biases, eps=1e-6), 0.1)
        else:
            state = F.conv2d(state, weights, biases, stride=stride, padding=kernel // 2)
        widest = state if state.shape[1] == FEATURE_SIZE else widest
    rows = []
    _, _, height, width = state.shape
    for y in range(height):
        for x in range(width):
            for index, anchor in enumerate(ANCHORS):
                said = state[0, :, y, x].reshape(len(ANCHORS), -1)[index]
                centre = (said[:2].sigmoid() + torch.tensor([x, y])) / torch.tensor([width, height])
                size = said[2:4].exp() * torch.tensor(anchor) / torch.tensor(SIZE)
                objectness = said[4].sigmoid()
                classes = said[5:].sigmoid() * objectness
                rows.append(torch.cat([centre, size, objectness[None], classes * (classes > OPENCV_MIN_SCORE)]))
    return torch.stack(rows), widest[0]
