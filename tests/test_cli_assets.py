"""`leorn assets` as a person runs it: what is there, what is damaged, and what is to be fetched."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from leorn import assets
from leorn.assets import GROUPS, Asset, Group
from leorn.cli import main
from leorn.commands import assets as command
from tests.commands import Refused

CONTENT = {"small.bin": b"weights", "small.names": b"cup\nknife\n", "clip.mp4": b"a street"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The assets' folder in an empty cache; three small assets in place of all."""
    monkeypatch.setenv("LEORN_CACHE", str(tmp_path / "cache"))
    groups: dict[str, Group] = {"small.bin": "demo", "small.names": "demo", "clip.mp4": "search"}
    small = [
        Asset(
            name,
            group,
            f"package/{name}",
            len(CONTENT[name]),
            hashlib.sha256(CONTENT[name]).hexdigest(),
            "a test",
            "MIT",
        )
        for name, group in groups.items()
    ]
    monkeypatch.setattr(assets, "ASSETS", tuple(small))
    return tmp_path / "cache" / "assets"


def write(folder: Path, group: str, name: str, content: bytes) -> Path:
    path = folder / group / "package" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def states(shown: str) -> dict[str, list[str]]:
    """Return the cells of each asset's row."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│" in line]
    return {name: cells for name, *cells in rows}


def test_where_assets_lie_and_whether_they_are_whole_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "demo", "small.bin", CONTENT["small.bin"])
    main(["assets"])
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == str(folder)
    assert {name: cells[:2] for name, cells in states(captured.out).items()} == {
        "small.bin": ["demo", "intact"],
        "small.names": ["demo", "not fetched"],
        "clip.mp4": ["search", "not fetched"],
    }
    assert states(captured.out)["clip.mp4"][-2:] == ["a test", "MIT"]
    assert captured.err == ""


def test_damaged_assets_are_told_with_what_to_do_and_status_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "demo", "small.names", CONTENT["small.names"])
    damaged = [
        # one of another size, one whose hash alone differs
        (write(folder, "demo", "small.bin", b"weight"), "demo"),
        (write(folder, "search", "clip.mp4", b"A street"), "search"),
    ]
    with pytest.raises(SystemExit) as caught:
        main(["assets"])
    assert caught.value.code == 1
    captured = capsys.readouterr()
    assert {name: cells[1] for name, cells in states(captured.out).items()} == {
        "small.bin": "damaged",
        "small.names": "intact",
        "clip.mp4": "damaged",
    }
    assert captured.err.splitlines() == [
        f"leorn: failed: {path}: the SHA-256 of another file; run `leorn assets --fetch {group}`"
        for path, group in damaged
    ]


@pytest.mark.parametrize(
    ("options", "groups"),
    [
        ([], None),
        (["--fetch"], ["demo"]),
        (["--fetch", "search", "words"], ["search", "words"]),
        (["--fetch", "all"], list(GROUPS)),
        (["--fetch", "demo", "all"], list(GROUPS)),
    ],
)
def test_what_is_fetched_is_what_is_asked_for(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    groups: list[str] | None,
) -> None:
    fetched: list[list[str]] = []

    def fetch(say: Callable[[str], object], groups: list[str]) -> None:
        fetched.append(list(groups))
        say("fetching")
        write(folder, "demo", "small.bin", CONTENT["small.bin"])

    monkeypatch.setattr(command, "fetch_assets", fetch)
    main(["assets", *options])
    assert fetched == ([] if groups is None else [groups])
    shown = capsys.readouterr().out
    # looked at after they are fetched
    assert states(shown)["small.bin"][1] == ("not fetched" if groups is None else "intact")
    assert shown.startswith("fetching\n") == (groups is not None)


def test_the_path_of_one_asset_is_printed_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], refused: Refused
) -> None:
    missing = folder / "search" / "package" / "clip.mp4"
    assert refused("assets", "--path", "clip.mp4") == f"{missing}: missing; run `leorn assets --fetch search`"
    path = write(folder, "search", "clip.mp4", CONTENT["clip.mp4"])
    main(["assets", "--path", "clip.mp4"])
    assert capsys.readouterr().out == f"{path}\n"
    assert refused("assets", "--path", "clip").startswith("unknown asset clip; expected one of small.bin, small.names")


def test_an_unknown_group_is_named(folder: Path, refused: Refused) -> None:
    line = refused("assets", "--fetch", "demos")
    assert "demos" in line
    for group in (*GROUPS, "all"):
        assert group in line
