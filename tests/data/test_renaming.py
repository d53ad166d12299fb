import logging
from pathlib import Path

import numpy as np
import pytest

from leorn.data.detections import import_detections
from leorn.data.renaming import read_renamed, rename_labels
from leorn.data.tracks import read_tracks
from leorn.data.words import WordVectors
from leorn.errors import InputError

ROWS = """time_seconds,track,label,score,x1,y1,x2,y2
0.0,1,frying pan,0.9,0.1,0.2,0.3,0.4
0.0,2,cup,0.8,0.1,0.2,0.3,0.4
0.0,3,skillet,0.7,0.1,0.2,0.3,0.4
1.0,1,frying pan,0.9,0.1,0.2,0.3,0.4
"""


@pytest.fixture
def detections(tmp_path: Path) -> Path:
    folder = tmp_path / "detections"
    folder.mkdir()
    (folder / "a.csv").write_text(ROWS)
    return folder


def names(path: Path, renamed: dict[str, str]) -> list[str]:
    tracks = rename_labels(read_tracks(path), renamed)
    assert len(set(tracks.label_names)) == len(tracks.label_names)
    return [tracks.label_names[label] for label in tracks.labels]


def test_labels_get_other_names_row_by_row(detections: Path) -> None:
    assert names(detections / "a.csv", {"cup": "mug"}) == ["frying pan", "mug", "skillet", "frying pan"]


def test_a_name_that_is_there_already_becomes_one_label(detections: Path) -> None:
    assert names(detections / "a.csv", {"frying pan": "skillet"}) == ["skillet", "cup", "skillet", "skillet"]


def test_two_names_can_be_exchanged(detections: Path) -> None:
    renamed = {"cup": "skillet", "skillet": "cup"}
    assert names(detections / "a.csv", renamed) == ["frying pan", "skillet", "cup", "frying pan"]


def test_nothing_is_renamed_in_a_video_without_objects(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(ROWS.splitlines()[0] + "\n")
    assert names(path, {"cup": "mug"}) == []


def test_a_store_has_the_vectors_of_the_new_names(
    detections: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = WordVectors({"frying": 0, "skillet": 1, "cup": 2, "mug": 3}, np.eye(4, dtype=np.float32), "made up")
    with caplog.at_level(logging.WARNING):
        store = import_detections(
            detections, tmp_path / "store", words, 2, 3, renamed={"cup": "mug", "sponge": "dishcloth"}
        )
    objects = store.read("a")
    assert [objects.label_names[label] for label in objects.labels[0]] == ["frying pan", "mug", "skillet"]
    np.testing.assert_array_equal(objects.features[0], np.eye(4)[[0, 3, 1]])
    assert [record.message for record in caplog.records] == [
        f"{detections}: no label sponge to rename; is it spelled as the detector spells it?"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty; expected a JSON object from label to label"),
        ("[1]", "[1]; expected a JSON object"),
        ("{", "not JSON, or truncated"),
        ('{"cup": 3}', "cup is 3; expected text"),
        ('{"cup": " "}', "cup is given no name; expected a JSON object from label to label"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "renamed.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_renamed(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read a JSON object from label to label"):
        read_renamed(tmp_path / "none.json")
