import json
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "damaged .*expected the index of a feature store"),
        ('{"version": 1, "fing', "damaged"),
        ("[]", "damaged"),
        ('{"version": 1, "videos": {"a": {}}}', "damaged .*shape"),
        ('{"version": 2, "anything": 0}', "version 2 of the feature store; expected 1"),
    ],
)
def test_an_index_that_cannot_be_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(InputError, match=rf"index\.json: {message}"):
        read_index(tmp_path / "index.json")


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"index\.json: No such file .*expected the index of a finished feature store"):
        read_index(tmp_path / "index.json")
