"""Darknet's files, whole and broken."""

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from leorn.errors import InputError
from leorn.features.darknet import read_darknet
from tests.darknets import FEATURE_SIZE, LABELS, SIZE, write_darknet

pytest.importorskip("cv2")


def test_a_network_is_read_with_all_that_one_must_know(tmp_path: Path) -> None:
    darknet = read_darknet(write_darknet(tmp_path))
    assert darknet.input_size == SIZE
    assert darknet.label_names == LABELS
    assert darknet.feature_size == FEATURE_SIZE
    assert darknet.hashes == {
        name: hashlib.sha256((tmp_path / f"net.{suffix}").read_bytes()).hexdigest()
        for name, suffix in (("config", "cfg"), ("weights", "weights"), ("labels", "names"))
    }
    width, height = SIZE
    darknet.net.setInput(np.zeros((1, 3, height, width), np.float32))
    rows, feature_map = darknet.net.forward([*darknet.heads, darknet.feature_map])
    assert rows.shape == (width // 8 * height // 8 * 2, 5 + len(LABELS))
    assert feature_map.shape == (1, FEATURE_SIZE, height // 8, width // 8)


NET = "[net]\nwidth=32\nheight=32\nchannels=3\n\n"


def leaky(filters: int, stride: int = 1) -> str:
    return f"[convolutional]\nbatch_normalize=1\nfilters={filters}\nsize=1\nstride={stride}\npad=1\nactivation=leaky\n"


@pytest.mark.parametrize(
    ("filters", "layer"),
    [
        # the order of widths before the first head of YOLO v3-tiny, v4-tiny and v3; each has the widest at the last ×
        ([8, 16, 4, 8], 2),
        ([8, 16, 8, 16], 4),
        ([16, 8, 16, 8, 16], 5),
    ],
)
def test_the_feature_map_is_the_last_of_the_widest_before_the_first_head(
    tmp_path: Path, filters: list[int], layer: int
) -> None:
    head = "[convolutional]\nfilters=6\nsize=1\nstride=1\npad=1\nactivation=linear\n"
    yolo = "[yolo]\nmask={}\nanchors=8,8, 16,16\nclasses=1\nnum=2\n"
    layers = [leaky(count, stride=2 if index == 0 else 1) for index, count in enumerate(filters)]
    # behind the first head it may be wider still
    sections = [*layers, head, yolo.format(0), "[route]\nlayers=-3\n", leaky(32), head, yolo.format(1)]
    (tmp_path / "net.cfg").write_text("\n".join(["[net]\nwidth=32\nheight=32\nchannels=3\n", *sections]))
    (tmp_path / "net.names").write_text("cup\n")
    channels = [3, *filters]
    count = sum(4 * after + before * after for before, after in zip(channels, filters, strict=False))
    count += 6 + 6 * filters[-1] + 4 * 32 + 32 * filters[-1] + 6 + 6 * 32
    # version 0.1, whose header is shorter
    header = np.array([0, 1, 0, 0], np.int32)
    (tmp_path / "net.weights").write_bytes(header.tobytes() + np.ones(count, np.float32).tobytes())
    darknet = read_darknet(tmp_path)
    assert darknet.feature_map == f"leaky_{layer}"
    assert darknet.feature_size == max(filters)
    assert len(darknet.heads) == 2


def cut_short(folder: Path) -> None:
    path = folder / "net.weights"
    path.write_bytes(path.read_bytes()[:-4])


def two_configurations(folder: Path) -> None:
    shutil.copy(folder / "net.cfg", folder / "other.cfg")


def one_label_too_few(folder: Path) -> None:
    (folder / "net.names").write_text("cup\nknife\n")


def replaced(suffix: str, content: bytes) -> Callable[[Path], None]:
    def replace(folder: Path) -> None:
        (folder / f"net{suffix}").write_bytes(content)

    return replace


def a_folder_instead(suffix: str) -> Callable[[Path], None]:
    def replace(folder: Path) -> None:
        (folder / f"net{suffix}").unlink()
        (folder / f"net{suffix}").mkdir()

    return replace


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_short, r"net\.weights: 10480 bytes; expected 10484, as .*net\.cfg asks for$"),
        (two_configurations, r": 2 files \*\.cfg; expected exactly one \.cfg, one \.weights, one \.names$"),
        (lambda folder: (folder / "net.names").unlink(), r": 0 files \*\.names; expected exactly one \.cfg"),
        (one_label_too_few, r"net\.names: 2 labels; expected 3, as many as the net tells apart$"),
        (replaced(".names", b"\xff\xfe"), r"net\.names: cannot be read .*expected a label a line, in UTF-8$"),
        (replaced(".cfg", b"[net]\nwidth=64\n"), r"net\.cfg: no width and height in \[net\]; expected"),
        (
            replaced(".cfg", b"width=32\nheight=32\nnonsense"),
            r"net\.cfg, .*net\.weights: cannot be read as a Darknet YOLO",
        ),
        (
            replaced(".cfg", b"[net]\nwidth=96\nheight=100\n"),
            r"net\.cfg: width 96 and height 100; expected multiples of 32$",
        ),
        (
            # the first half as wide as the second
            replaced(".cfg", (NET + leaky(4) + leaky(4, stride=2) + "[route]\nlayers=-1,-2\n").encode()),
            r"net\.cfg: its layers do not fit together \(.*\); expected a Darknet YOLO$",
        ),
        (
            replaced(".cfg", (NET + leaky(4)).encode()),
            r"net\.cfg: no \[yolo\] layer after leaky convolutions; expected a YOLO v3, v3-tiny or v4-tiny$",
        ),
        (a_folder_instead(".cfg"), r"^cannot read .*net\.cfg: Is a directory$"),
        (a_folder_instead(".names"), r"net\.names: cannot be read .*Is a directory"),
    ],
)
def test_files_that_are_broken_or_do_not_go_together_are_refused(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    write_darknet(tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        read_darknet(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none: No such file or directory; expected a folder with a Darknet YOLO$"):
        read_darknet(tmp_path / "none")


def test_without_opencv_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r"needs OpenCV: pip install leorn\[video\]$"):
        read_darknet(write_darknet(tmp_path))


def test_classes_are_called_as_coco_calls_them(tmp_path: Path) -> None:
    folder = write_darknet(tmp_path)
    names = next(folder.glob("*.names"))
    labels = names.read_text().splitlines()
    names.write_text("\n".join(["tvmonitor", "diningtable", *labels[2:]]))
    assert read_darknet(folder).label_names[:2] == ("tv", "dining table")
