import json
from pathlib import Path

import pytest

from leorn.errors import InputError
from leorn.files import sha256
from leorn.reporting.methods import read_methods, rename
from leorn.scoring.predictions import write_predictions
from leorn.scoring.results import BLINDED, METRICS, PREDICTIONS
from tests.reporting.small import OURS, THEIRS

BLIND_NAMES = ["objects of another video", "sentences about another video"]
BLIND_FILES = ["objects-of-another-video.jsonl", "sentences-about-another-video.jsonl"]


def write(path: Path) -> str:
    write_predictions(path, THEIRS.predictions)
    return str(path)


def write_results(folder: Path, *blind: str) -> str:
    """Write a folder as leorn evaluate does."""
    write_predictions(folder / PREDICTIONS, OURS.predictions)
    (folder / METRICS).write_text(json.dumps({"seed": 3, "network": "LEORN", "words": None, "metrics": {}}))
    for name in blind:
        write(folder / name)
    return str(folder)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["runs/a/test/predictions.jsonl", "runs/b/test/predictions.jsonl"], ["a", "b"]),
        (["runs/a/test", "runs/a/val"], ["test", "val"]),
        (["runs/a/1/test", "runs/b/2/test"], ["a/1", "b/2"]),
        (["a.v1.jsonl", "a.v2.jsonl"], ["a.v1", "a.v2"]),
        (["one.jsonl"], ["one"]),
        (["x/theirs.jsonl", "y/ours.jsonl", "z/w/ours.jsonl"], ["x/theirs", "y/ours", "z/w/ours"]),
    ],
)
def test_names_are_what_paths_differ_in(tmp_path: Path, paths: list[str], names: list[str]) -> None:
    files = [tmp_path / path for path in paths]
    for file in files:
        write(file if file.suffix else file / PREDICTIONS)
    assert [method.name for method in read_methods([str(file) for file in files])] == names


def test_where_nothing_is_left_of_a_path_its_whole_is_the_name(tmp_path: Path) -> None:
    files = [write(tmp_path / PREDICTIONS), write(tmp_path / "more" / PREDICTIONS)]
    assert [method.name for method in read_methods(files)] == files
    files = [write(tmp_path / "a.jsonl"), write(tmp_path / "a.json")]
    assert [method.name for method in read_methods(files)] == files
    files.append(write(tmp_path / "b.jsonl"))
    assert [method.name for method in read_methods(files)] == files


def test_of_a_folder_of_evaluate_the_blinded_network_comes_last(tmp_path: Path) -> None:
    assert [*BLINDED.items()] == list(zip(BLIND_NAMES, BLIND_FILES, strict=True))
    folders = [write_results(tmp_path / "a", BLIND_FILES[1]), write_results(tmp_path / "b", *BLIND_FILES)]
    methods = read_methods(folders)
    assert [(method.name, method.baseline) for method in methods] == [
        ("a", False), ("b", False), (f"a, {BLIND_NAMES[1]}", True), (f"b, {BLIND_NAMES[0]}", True),
        (f"b, {BLIND_NAMES[1]}", True),
    ]  # fmt: skip
    assert [method.predictions for method in methods[1:3]] == [list(OURS.predictions), list(THEIRS.predictions)]
    assert all(method.ranked for method in methods)
    # the file alone is the network alone
    (alone,) = read_methods([f"{folders[1]}/{PREDICTIONS}"])
    assert (alone.ranked, alone.made_with) == (True, {"seed": 3, "network": "LEORN", "words": None})


def test_what_is_known_of_a_method_is_its_file_and_what_evaluate_says(tmp_path: Path) -> None:
    folder = write_results(tmp_path / "a")
    (ours,) = read_methods([folder])
    file = f"{folder}/{PREDICTIONS}"
    assert ours.known == {"file": file, "sha256": sha256(file), "seed": 3, "network": "LEORN"}
    # metrics.json of something else in the folder says nothing of it
    (other,) = read_methods([write(tmp_path / "a" / "theirs.jsonl")])
    assert (other.ranked, [*other.known]) == (False, ["file", "sha256"])
    assert THEIRS.known == {}


def test_what_lies_beside_predictions_and_is_no_result_is_named(tmp_path: Path) -> None:
    folder = write_results(tmp_path)
    (tmp_path / METRICS).write_text("[1]")
    with pytest.raises(InputError) as caught:
        read_methods([folder])
    assert str(caught.value) == f"{tmp_path}/metrics.json: [1]; expected a JSON object"


def test_one_file_twice_is_refused_however_it_is_written(tmp_path: Path) -> None:
    folder = write_results(tmp_path / "a")
    for again in (folder, f"{folder}/{PREDICTIONS}", f"{folder}/../a"):
        with pytest.raises(InputError) as caught:
            read_methods([folder, again])
        assert str(caught.value) == f"{folder}/{PREDICTIONS}: given twice; expected each method's predictions once"


def test_other_names_are_those_of_the_blinded_networks_too(tmp_path: Path) -> None:
    # one name begins as the other does
    methods = read_methods(
        [write_results(tmp_path / "a", BLIND_FILES[0]), write_results(tmp_path / "ab", *BLIND_FILES)]
    )
    renamed = [method.name for method in rename(methods, ["LEORN", "a"])]
    assert renamed == [
        "LEORN", "a", f"LEORN, {BLIND_NAMES[0]}", f"a, {BLIND_NAMES[0]}", f"a, {BLIND_NAMES[1]}",
    ]  # fmt: skip


@pytest.mark.parametrize("names", [["one"], ["one", "two", "three"], ["one", "one"]])
def test_names_that_do_not_go_with_the_methods_are_refused(names: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        rename([OURS, THEIRS], names)
    expected = "expected 2 different names, one for each --predictions"
    assert str(caught.value) == f"--names {' '.join(names)}: {expected}"


def test_no_method_has_the_name_of_a_baseline() -> None:
    with pytest.raises(InputError, match=r"^--names constant window: a baseline in every table has this name; "):
        rename([OURS, THEIRS], ["mine", "constant window"])
