import json
from dataclasses import replace
from pathlib import Path

import pytest

from leorn.errors import InputError
from leorn.features.store_index import StoreIndex, VideoEntry, read_index, write_index

INDEX = StoreIndex({"extractor": "made up"}, ("cup", "dog"), {"café/\n": VideoEntry(1, 0, (6, 4, 3), 9.5)})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_index(tmp_path / "index.json", INDEX)
    assert read_index(tmp_path / "index.json") == INDEX


def test_the_file_has_the_documented_content(tmp_path: Path) -> None:
    write_index(tmp_path / "index.json", INDEX)
    text = (tmp_path / "index.json").read_text(encoding="utf-8")
    assert "café" in text
    assert json.loads(text) == {
        "version": 1,
        "fingerprint": {"extractor": "made up"},
        "label_names": ["cup", "dog"],
        "videos": {"café/\n": {"shard": 1, "group": 0, "shape": [6, 4, 3], "duration_seconds": 9.5}},
    }


def test_the_hash_of_a_videos_file_is_kept_where_it_is_known(tmp_path: Path) -> None:
    index = replace(INDEX, videos=INDEX.videos | {"b": VideoEntry(2, 0, (6, 4, 3), 9.5, source_sha256="12ab")})
    write_index(tmp_path / "index.json", index)
    assert json.loads((tmp_path / "index.json").read_text())["videos"]["b"]["source_sha256"] == "12ab"
    assert read_index(tmp_path / "index.json") == index


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "damaged .*expected the index of a feature store"),
        ('{"version": 1, "fing', "damaged"),
        ("[]", "damaged"),
        ('{"version": 1, "videos": {"a": {}}}', "video a: shape is missing; expected a list"),
        ('{"version": 2, "anything": 0}', "version 2 of the feature store; expected 1"),
    ],
)
def test_an_index_that_cannot_be_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(InputError, match=rf"index\.json: {message}"):
        read_index(tmp_path / "index.json")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("shard", "0", "shard is '0'; expected a whole number, 0 or more"),
        ("shard", True, "shard is True; expected a whole number, 0 or more"),
        ("group", -1, "group is -1; expected a whole number, 0 or more"),
        ("group", 0.0, "group is 0.0; expected a whole number, 0 or more"),
        ("shape", [6, "4", 3], "shape is '4'; expected a whole number, 0 or more"),
        ("shape", "643", "shape is '643'; expected a list"),
        ("shape", [6, 4], "shape is [6, 4]; expected [frames, slots, width]"),
        ("duration_seconds", "9.5", "duration_seconds is '9.5'; expected a finite number"),
        ("duration_seconds", 0, "duration_seconds is 0.0; expected a positive number"),
        ("duration_seconds", float("nan"), "duration_seconds is nan; expected a finite number"),
        ("source_sha256", 7, "source_sha256 is 7; expected text"),
    ],
)
def test_a_damaged_entry_is_named_with_its_video(tmp_path: Path, key: str, value: object, message: str) -> None:
    path = tmp_path / "index.json"
    write_index(path, replace(INDEX, videos={"dance": INDEX.videos["café/\n"]}))
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved["videos"]["dance"][key] = value
    path.write_text(json.dumps(saved))
    with pytest.raises(InputError) as caught:
        read_index(path)
    assert str(caught.value) == f"{path}: video dance: {message}"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("fingerprint", [], "fingerprint is []; expected a JSON object"),
        ("label_names", "cup", "label_names is 'cup'; expected a list"),
        ("label_names", ["cup", 1], "label_names is ['cup', 1]; expected a list of text"),
    ],
)
def test_damage_outside_the_entries_is_named(tmp_path: Path, key: str, value: object, message: str) -> None:
    path = tmp_path / "index.json"
    write_index(path, INDEX)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {key: value}))
    with pytest.raises(InputError) as caught:
        read_index(path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"index\.json: No such file .*expected the index of a finished feature store"):
        read_index(tmp_path / "index.json")
