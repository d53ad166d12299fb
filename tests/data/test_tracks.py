import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.data.tracks import Tracks, read_tracks, write_tracks
from leorn.errors import InputError

HEADER = "time_seconds,track,label,score,x1,y1,x2,y2\n"
ROW = "0.0,1,cup,0.5,0.1,0.2,0.3,0.4\n"


def rows_of(tracks: Tracks) -> list[tuple]:
    names = [tracks.label_names[label] for label in tracks.labels]
    return list(
        zip(tracks.times_seconds, tracks.tracks, names, tracks.scores, map(tuple, tracks.boxes.tolist()), strict=True)
    )


@pytest.mark.parametrize("name", ["v.csv", "v.csv.gz"])
def test_a_hand_made_table_is_read(write: Callable[..., Path], name: str) -> None:
    text = (
        "\ufeffscore, track ,label,x1,y1,x2,y2,time_seconds,extra\r\n"
        '0.5,7,"shell, egg",0,0.25,0.5,1,2.5,x\r\n'
        "\r\n"
        "1,3, cup ,0.1,0.2,0.3,0.4,0,y\r\n"
    )
    tracks = read_tracks(write(text, name))
    assert rows_of(tracks) == [
        (2.5, 7, "shell, egg", 0.5, (0.0, 0.25, 0.5, 1.0)),
        (0.0, 3, "cup", 1.0, (0.1, 0.2, 0.3, 0.4)),
    ]
    assert tracks.label_names == ("cup", "shell, egg")


@given(seed=st.integers(0, 99), rows=st.integers(0, 30))
@settings(max_examples=20, deadline=None)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, random_tracks: Callable[..., Tracks], seed: int, rows: int
) -> None:
    folder = tmp_path_factory.mktemp("tracks")
    tracks = random_tracks(seed, rows, 5)
    for name in ("a.csv", "a.csv.gz"):
        write_tracks(folder / name, tracks)
        assert rows_of(read_tracks(folder / name)) == rows_of(tracks)


def test_the_same_tracks_give_the_same_bytes(tmp_path: Path, random_tracks: Callable[..., Tracks]) -> None:
    tracks = random_tracks(0, 20, 5)
    write_tracks(tmp_path / "a.csv.gz", tracks)
    write_tracks(tmp_path / "b.csv.gz", tracks)
    write_tracks(tmp_path / "a.csv", tracks)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "a.csv").read_text().startswith(HEADER)


def test_single_precision_is_written_in_few_digits(tmp_path: Path) -> None:
    box = np.array([[0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    zeros = np.zeros(1, dtype=np.int64)
    write_tracks(tmp_path / "a.csv", Tracks(np.array([1 / 3]), zeros, zeros, np.ones(1), box, ("cup",)))
    assert (tmp_path / "a.csv").read_text() == HEADER + "0.333333,0,cup,1.0,0.1,0.2,0.3,0.4\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: the file is empty; expected time_seconds,track,label,score,x1,y1,x2,y2"),
        ("time_seconds,track,label,x1,y1,x2\n", "1: no column score, y2; expected time_seconds,"),
        (HEADER + ROW + "0,1,cup,0.5,0.1,0.2,0.3\n", "3: too many or too few fields; expected 8 fields"),
        (HEADER + "\n" + ROW + "0,1,cup,1,0.1,0.2,0.3,0.4,9\n", "4: too many or too few fields; expected 8 fields"),
        (HEADER + ROW + "0,1,cup,high,0.1,0.2,0.3,0.4\n", "3: score 'high'; expected a number"),
        (HEADER + ROW + "nan,1,cup,1,0.1,0.2,0.3,0.4\n", "3: time_seconds 'nan'; expected a number"),
        (HEADER + ROW + "0,,cup,1,0.1,0.2,0.3,0.4\n", "3: track ''; expected a number"),
        (HEADER + ROW + "-1,1,cup,1,0.1,0.2,0.3,0.4\n", "3: time_seconds '-1'; expected seconds since"),
        (HEADER + ROW + "0,1.5,cup,1,0.1,0.2,0.3,0.4\n", "3: track '1.5'; expected a whole number"),
        (HEADER + ROW + "0,1, ,1,0.1,0.2,0.3,0.4\n", "3: label ' '; expected a name"),
        (HEADER + ROW + "0,1,cup,1.2,0.1,0.2,0.3,0.4\n", r"3: score '1\.2'; expected a confidence in 0\.\.1"),
        (HEADER + ROW + "0,1,cup,-0.2,0.1,0.2,0.3,0.4\n", r"3: score '-0\.2'; expected a confidence"),
        (HEADER + ROW + "0,1,cup,1,0.1,0.2,64,0.4\n", r"3: x1 '0\.1', .*x2 '64', .*expected corners in 0\.\.1"),
        (HEADER + ROW + "0,1,cup,1,-0.1,0.2,0.3,0.4\n", "3: x1 '-0.1', .*expected corners in"),
        (HEADER + ROW + "0,1,cup,1,0.3,0.2,0.3,0.4\n", "3: x1 '0.3', .*expected x1 < x2 and y1 < y2"),
        (HEADER + ROW + "0,1,cup,1,0.1,0.5,0.3,0.4\n", "3: .*expected x1 < x2 and y1 < y2"),
        (HEADER + "0,1,cup,9,0.1,0.2,0.3,0.4\n0,1,cup,x,0.1,0.2,0.3,0.4\n0\n", "2: score '9'; expected a confidence"),
    ],
)
def test_the_first_bad_line_is_named(write: Callable[..., Path], text: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"v\.csv:{message}"):
        read_tracks(write(text))


def test_files_that_cannot_be_read_are_named(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: cannot be read \(No such file or directory\)"):
        read_tracks(tmp_path / "none.csv")
    path = write(HEADER + ROW * 50, "v.csv.gz")
    for content in (path.read_bytes()[:-12], b"", HEADER.encode()):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"v\.csv\.gz:"):
            read_tracks(path)
    path.with_suffix("").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"v\.csv: cannot be read \(.*codec"):
        read_tracks(path.with_suffix(""))
