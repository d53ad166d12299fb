"""`leorn find` and `leorn pack`, as a user runs them, on clips whose frames carry their number."""

import errno
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leorn.checkpoints import load_network, save_network
from leorn.cli import main
from leorn.features import extract as extract_module
from leorn.features.detectors import open_detector
from leorn.features.video import probe
from leorn.scoring.ranking import iou
from tests.commands import Refused
from tests.retrieval.test_retriever import CatDetector
from tests.tiny import Tiny
from tests.videos import write_video


@pytest.fixture(autouse=True)
def _cats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract_module, "open_detector", lambda *names, **options: CatDetector())


@pytest.fixture(scope="module")
def network(trained: Path, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    main(["pack", str(trained), "--out", str(folder), "--detector", "opencv-yolo"])
    return folder


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("videos") / "kitchen.mp4", 80)


def test_json_has_the_moments_of_each_sentence(
    network: Path, kitchen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["find", str(kitchen), "A cat passes.", "The person is alone.", "--network", str(network), "--json"])
    cat, alone = json.loads(capsys.readouterr().out)
    assert (cat["query"], cat["video"], cat["duration_seconds"], cat["known_words"]) == (
        "A cat passes.",
        "kitchen",
        8,
        1,
    )
    found = np.array([[cat["moments"][0]["start_seconds"], cat["moments"][0]["end_seconds"]]])
    assert iou(found, np.array([[3.0, 6.0]]))[0, 0] > 0.7
    assert "cat" in [found["label"] for found in cat["moments"][0]["objects"]]
    # the cat is there from 3 s to 6 s
    best = alone["moments"][0]
    assert best["end_seconds"] <= 3.5 or best["start_seconds"] >= 5.5
    scores = [moment["score"] for moment in alone["moments"]]
    assert scores == sorted(scores, reverse=True)


def test_the_table_says_the_same(network: Path, kitchen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["find", str(kitchen), "A cat passes.", "--network", str(network), "--top-k", "1"])
    out = capsys.readouterr().out
    assert "“A cat passes.” in kitchen, 8.0 s" in out
    row = next(line for line in out.splitlines() if line.startswith("│ 1"))
    main(["find", str(kitchen), "A cat passes.", "--network", str(network), "--top-k", "1", "--json"])
    best = json.loads(capsys.readouterr().out)[0]["moments"][0]
    times = [f"{best[name]:.2f}" for name in ("start_seconds", "end_seconds", "score")]
    assert [cell.strip() for cell in row.split("│")][2:5] == times
    assert "cat" in row
    assert "│ 2" not in out


def test_pictures_and_clips_are_numbered_by_the_sentences(
    network: Path, kitchen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, clips = tmp_path / "pictures" / "a.svg", tmp_path / "clips"
    options = ["--network", str(network), "--top-k", "1", "--plot", str(picture), "--clips", str(clips), "--json"]
    main(["find", str(kitchen), "A cat passes.", "../etc/passwd", *options])
    assert sorted(path.name for path in picture.parent.iterdir()) == ["a-1.svg", "a-2.svg"]
    assert "A cat passes." in (picture.parent / "a-1.svg").read_text()
    assert sorted(path.name for path in clips.iterdir()) == ["query-1-moment-1.mp4", "query-2-moment-1.mp4"]
    # what is said of files does not stand in the way of the JSON
    captured = capsys.readouterr()
    best = json.loads(captured.out)[0]["moments"][0]
    lasts = best["end_seconds"] - best["start_seconds"]
    assert probe(clips / "query-1-moment-1.mp4").duration_seconds == pytest.approx(lasts, abs=0.11)
    assert f"{picture.parent / 'a-1.svg'}: A cat passes." in captured.err


def test_a_query_of_unknown_words_only_is_answered_with_a_warning(
    network: Path, kitchen: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    main(["find", str(kitchen), "zyxwv", "--network", str(network)])
    assert "no word of 'zyxwv' is known: its answer has low confidence" in caplog.text
    out = capsys.readouterr().out
    assert "no word of it is known: low confidence" in out
    scores = [float(line.split("│")[4]) for line in out.splitlines() if line.startswith("│ ")]
    assert len(scores) == 3
    assert np.max(scores) <= 0.05


def test_a_shorter_answer_leaves_no_clips_of_a_longer_one(network: Path, kitchen: Path, tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    # of an earlier answer; not ours; the video that is asked
    for name in ("query-1-moment-12.mp4", "query-7-moment-1.mp4", "query-a-moment-1.mp4", "query-1-moment-1.mkv"):
        (clips / name).touch()
    video = clips / "query-9-moment-1.mp4"
    video.write_bytes(kitchen.read_bytes())
    main(["find", str(video), "A cat passes.", "--network", str(network), "--top-k", "1", "--clips", str(clips)])
    left = {"query-1-moment-1.mp4", "query-1-moment-1.mkv", "query-a-moment-1.mp4", "query-9-moment-1.mp4"}
    assert {path.name for path in clips.iterdir()} == left
    assert probe(clips / "query-1-moment-1.mp4").duration_seconds > 0


def test_where_nothing_can_be_written_is_refused_before_the_video_is_read(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    inside = tmp_path / "file" / "inside"
    assert refused("find", "no.mp4", "a", "--plot", inside / "a.png") == f"cannot write to {inside}: Not a directory"
    assert refused("find", "no.mp4", "a", "--clips", inside) == f"cannot write to {inside}: Not a directory"
    assert (
        refused("find", "no.mp4", "a", "--clips", tmp_path / "file")
        == f"cannot write to {tmp_path / 'file'}: File exists"
    )
    folder = tmp_path / "folder.png"
    assert (
        refused("find", "no.mp4", "a", "--plot", folder) == f"picture {folder}: a folder; expected the name of a file"
    )


def test_square_brackets_in_a_sentence_are_no_markup(
    network: Path, kitchen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["find", str(kitchen), "a person [/x] cat", "--network", str(network), "--top-k", "1"])
    assert "“a person [/x] cat” in kitchen" in capsys.readouterr().out


def test_what_cannot_be_asked_is_refused_before_the_video_is_read(network: Path, refused: Refused) -> None:
    assert refused("find", "no.mp4", " ", "--network", network).startswith("the sentence is empty; expected")
    assert refused("find", "no.mp4", "a", "--plot", "a.gif") == (
        "picture a.gif: its suffix names no known format; expected .png or .svg"
    )
    assert "no such network" in refused("find", "no.mp4", "a", "--network", "nothing.safetensors")
    assert refused("find", "no.mp4", "a", "--network", network).startswith("no.mp4: No such file")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "zero bytes|empty"), (b"not a video at all", "cannot be read as a video|Invalid data")],
)
def test_what_is_no_video_is_refused(
    content: bytes, message: str, network: Path, tmp_path: Path, refused: Refused
) -> None:
    path = tmp_path / "kitchen.mp4"
    path.write_bytes(content)
    line = refused("find", path, "A cat passes.", "--network", network)
    assert line.startswith(f"{path}: ")
    assert any(part in line for part in message.split("|"))


def test_a_truncated_video_is_refused(network: Path, kitchen: Path, tmp_path: Path, refused: Refused) -> None:
    path = tmp_path / "half.mp4"
    path.write_bytes(kitchen.read_bytes()[: kitchen.stat().st_size // 2])
    assert refused("find", path, "A cat passes.", "--network", network).startswith(f"{path}: ")


def test_a_missing_extra_is_said_with_what_adds_it(
    network: Path, kitchen: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert "pip install leorn[video]" in refused("find", kitchen, "A cat passes.", "--network", network)


def test_a_missing_detector_is_said_with_what_adds_it(
    network: Path, kitchen: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(extract_module, "open_detector", open_detector)
    monkeypatch.setitem(sys.modules, "cv2", None)
    for name in ("a.cfg", "a.weights", "a.names"):
        (tmp_path / name).write_text("[net]\nwidth=96\nheight=96\n")
    options = "--network", network, "--detector", f"opencv-yolo:{tmp_path}"
    assert refused("find", kitchen, "A cat passes.", *options) == (
        "the detector opencv-yolo needs OpenCV: pip install leorn[video]"
    )


def test_a_file_without_pictures_is_refused(network: Path, tmp_path: Path, refused: Refused) -> None:
    import av

    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    line = refused("find", path, "A cat passes.", "--network", network)
    assert line == f"{path}: holds no video stream; expected a video"


def test_a_video_that_may_not_be_read_is_refused(
    network: Path, kitchen: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    # not by its mode, which root does not heed
    real = Path.open

    def forbidden(path: Path, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        if path == kitchen:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", forbidden)
    line = refused("find", kitchen, "A cat passes.", "--network", network)
    assert line == f"{kitchen}: Permission denied; expected a video"


def test_a_network_whose_options_are_out_of_range_is_refused(
    network: Path, kitchen: Path, tmp_path: Path, refused: Refused
) -> None:
    weights, record = load_network(network / "network.safetensors")
    path = tmp_path / "network.safetensors"
    save_network(path, weights, replace(record, model=replace(record.model, num_heads=0)))
    line = refused("find", kitchen, "A cat passes.", "--network", path)
    assert line == f"{path}: model.num_heads 0; expected 1 or more"


def test_a_network_of_another_extractor_is_refused(
    network: Path, kitchen: Path, tmp_path: Path, refused: Refused
) -> None:
    weights, record = load_network(network / "network.safetensors")
    dogs = {"name": "dogs", "kind": "dogs"}
    made = {"extractor": "leorn extract", "features": "appearance", "detector": dogs}
    path = tmp_path / "network.safetensors"
    save_network(path, weights, replace(record, fingerprint=made, detector=None))
    (tmp_path / "words.npz").write_bytes((network / "words.npz").read_bytes())
    line = refused("find", kitchen, "A cat passes.", "--network", tmp_path)
    assert line.startswith("detector dogs: not what the network was trained on: detector.kind 'cats' instead of 'dogs'")
    save_network(path, weights, replace(record, fingerprint={"extractor": "published", "layout": "arrays"}))
    line = refused("find", kitchen, "A cat passes.", "--network", tmp_path)
    assert line.startswith("the network was trained on features of published, which cannot be made from a video here")
