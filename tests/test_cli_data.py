"""`leorn data check` as a person runs it: an empty disk, and the real annotations alone."""

import json
import subprocess
from pathlib import Path

import pytest

from leorn.cli import main
from tests.commands import LEORN, Refused


def run(*arguments: object) -> int:
    """Run `leorn data` and return its status."""
    try:
        main(["data", *map(str, arguments)])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def test_an_empty_disk_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("check", "charades-sta") == 1
    captured = capsys.readouterr()
    assert captured.err == (
        "leorn: failed: data/charades_sta is not ready: queries: train missing; queries: val missing; "
        "queries: test missing; word vectors missing; objects: objects.hdf5 missing; objects: objects missing\n"
    )
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in captured.out.splitlines() if "│" in line]
    assert [row[:2] for row in rows if row[0]] == [
        ["queries: train", "missing"],
        ["queries: val", "missing"],
        ["queries: test", "missing"],
        ["word vectors", "missing"],
        ["objects: objects.hdf5", "missing"],
        ["objects: objects", "missing"],
        ["frame features: i3d.hdf5", "missing"],
        ["videos", "missing"],
    ]
    blocks = captured.out.split("\n\n")
    # train and val are read from the same files, which are to be fetched once
    assert sum("data/charades_sta/charades_sta_train.txt\n" in block for block in blocks) == 1
    (words,) = [block for block in blocks if block.startswith("data/words/glove.6B.300d.txt")]
    assert words.splitlines()[1:] == [
        "  from https://nlp.stanford.edu/projects/glove/",
        "  download https://nlp.stanford.edu/data/wordvecs/glove.6B.zip (size: 822 MB; licence: PDDL)",
        "  - unpack glove.6B.300d.txt",
    ]
    assert "  - leorn extract data/charades_sta/videos --detector hf:PekingU/rtdetr_v2_r50vd" in captured.out


def test_programs_read_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/highlight_val_release.jsonl").write_text("{")
    assert run("check", "qvhighlights", "--root", tmp_path / "mine", "--format", "json") == 1
    report = json.loads(capsys.readouterr().out)
    assert {key: report[key] for key in ("dataset", "root", "ready")} == {
        "dataset": "qvhighlights",
        "root": str(tmp_path / "mine"),
        "ready": False,
    }
    train, val, *_ = report["parts"]
    assert (train["role"], train["state"], train["problem"]) == ("queries", "missing", None)
    assert train["offers"] == [
        {
            "files": [f"{tmp_path}/mine/highlight_train_release.jsonl"],
            "page": "https://github.com/jayleicn/moment_detr/tree/main/data",
            "downloads": [
                "https://raw.githubusercontent.com/jayleicn/moment_detr/main/data/highlight_train_release.jsonl"
            ],
            "size": "not stated",
            "licence": "CC BY-NC-SA 4.0",
            "steps": [],
        }
    ]
    assert val["state"] == "wrong"
    assert val["problem"].startswith(f"{tmp_path}/mine/highlight_val_release.jsonl:1: not JSON, or truncated")


def test_what_is_wrong_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "charades_sta_train.txt").write_text("A 0 1##a cup\nA 0\n")
    (tmp_path / "Charades_v1_train.csv").write_text("id,length\nA,10\n")
    assert run("check", "charades-sta", "--root", tmp_path) == 1
    shown = capsys.readouterr().out
    line = f"wrong: {tmp_path}/charades_sta_train.txt:2: 'A 0'; expected 'video start end##sentence'"
    assert shown.splitlines().count(line) == 1


def test_what_cannot_be_asked_for_is_refused(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "file").write_text("")
    line = refused("data", "check", "tacos", "--root", tmp_path / "file")
    assert line == f"{tmp_path}/file: no folder; expected that of tacos, such as data/tacos"
    assert refused("data", "check", "charades").startswith("argument NAME: invalid choice: 'charades' (choose from")
    assert refused("data", "fetch", "tacos").startswith("argument ACTION: invalid choice: 'fetch'")
    assert refused("data", "check") == "the following arguments are required: NAME"
    expected = "--format: expected table or json, got yaml"
    assert refused("data", "check", "tacos", "--format", "yaml") == expected


def test_help_states_the_status_and_imports_no_torch() -> None:
    script = """
import sys
from leorn.cli import main
try:
    main(["data", "--help"])
finally:
    print("imported", sorted({"torch", "h5py", "rich"} & set(sys.modules)))
"""
    done = subprocess.run([LEORN[0], "-c", script], capture_output=True, text=True, check=True)
    shown = " ".join(done.stdout.split())
    assert "with status 0 when all that training and evaluation of an object network need is there" in shown
    assert shown.endswith("imported []")
