"""Many videos into a store: what is done, what is left, what fails and what goes on."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import UInt8

from leorn.config import ExtractionConfig, FeatureKind
from leorn.errors import InputError
from leorn.features.detectors import Detections
from leorn.features.extract import Extractor, LabelVectors
from leorn.features.extract_videos import Failure, extract_videos, name_videos
from leorn.features.store import FeatureStore
from leorn.features.store_writer import GrowingStore
from leorn.files import sha256
from tests.darknets import LABELS, write_darknet
from tests.detecting import NumberDetector, Told, detect_numbers
from tests.disks import full_disk
from tests.objects import assert_same, files_of
from tests.videos import write_video

pytest.importorskip("av")

CONFIG = ExtractionConfig(detector="numbers", frames=6, slots=3, features="appearance")
FRAMES = {"a": 9, "b": 20, "c": 14}
"""Frames of each video."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[NumberDetector]:
    return detect_numbers(monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the videos once."""
    folder = tmp_path_factory.mktemp("videos")
    for video, frames in FRAMES.items():
        write_video(folder / f"{video}.mp4", frames)
    return folder


@pytest.fixture
def videos(made: Path, tmp_path: Path) -> dict[str, Path]:
    """Three videos that a test may change."""
    return name_videos([shutil.copytree(made, tmp_path / "videos")])


def pictures_seen(opened: list[NumberDetector]) -> list[int]:
    """Count the pictures that each detector saw."""
    return [sum(map(len, detector.seen)) for detector in opened]


def test_the_store_holds_what_the_extractor_finds(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    told = Told()
    config = replace(CONFIG, backbone="hf:numbers")
    failures = extract_videos(videos, tmp_path / "store", config, progress=told)
    assert failures == []
    store = FeatureStore(tmp_path / "store")
    assert store.videos == ("a", "b", "c")
    extractor = Extractor(config)
    assert store.fingerprint == extractor.fingerprint
    for video, path in videos.items():
        assert_same(store.read(video), extractor(path, video))
    assert [*dict.fromkeys(told.counts)] == [(6, 18), (12, 18), (18, 18)]


def test_the_same_videos_give_the_same_bytes(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        extract_videos(videos, tmp_path / name, CONFIG)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_an_interrupted_extraction_goes_on_to_the_same_bytes(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    extract_videos(videos, tmp_path / "whole", CONFIG)

    def interrupt(done: int, total: int) -> None:
        if done > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_videos(videos, tmp_path / "parts", CONFIG, progress=interrupt)
    assert FeatureStore(tmp_path / "parts").videos == ("a",)
    extract_videos(videos, tmp_path / "parts", CONFIG)
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "whole")
    # the first video is not looked at again
    assert pictures_seen(opened) == [18, 12, 12]


def test_what_is_there_is_not_decoded_again(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract_videos({"b": videos["b"]}, tmp_path / "store", CONFIG)
    extract_videos(videos, tmp_path / "store", CONFIG)
    assert pictures_seen(opened) == [6, 12]
    before = files_of(tmp_path / "store")
    told = Told()

    def decode(path: Path, *options: object) -> None:
        raise AssertionError(f"{path} is opened")

    monkeypatch.setattr("leorn.features.extract.probe", decode)
    monkeypatch.setattr("leorn.features.extract.sample_frames", decode)
    assert extract_videos(videos, tmp_path / "store", CONFIG, progress=told) == []
    assert told.counts == []
    assert files_of(tmp_path / "store") == before


def test_a_file_that_changed_is_extracted_again_and_its_old_shard_goes(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    extract_videos(videos, tmp_path / "store", CONFIG)
    write_video(videos["a"], 40)
    extract_videos(videos, tmp_path / "store", CONFIG)
    assert pictures_seen(opened) == [18, 6]
    store = FeatureStore(tmp_path / "store")
    assert store.duration_seconds("a") == 4.0
    assert_same(store.read("a"), Extractor(CONFIG)(videos["a"], "a"))
    shards = [f"objects-0000{number}.h5" for number in (1, 2, 3)]
    assert sorted(files_of(tmp_path / "store")) == ["index.json", *shards]


def test_a_file_is_known_by_its_content_and_not_by_its_place_or_age(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    extract_videos({"a": videos["a"]}, tmp_path / "store", CONFIG)
    moved = videos["a"].rename(tmp_path / "moved.mp4")
    os.utime(moved, (0, 0))
    extract_videos({"a": moved}, tmp_path / "store", CONFIG)
    assert pictures_seen(opened) == [6, 0]


def test_other_content_of_the_same_size_and_age_is_extracted_again(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    # players skip a free box at the end, whatever is in it
    whole = videos["a"].read_bytes()
    for content in (b"one", b"two"):
        videos["a"].write_bytes(whole + (8 + len(content)).to_bytes(4, "big") + b"free" + content)
        os.utime(videos["a"], (0, 0))
        assert extract_videos({"a": videos["a"]}, tmp_path / "store", CONFIG) == []
        index = json.loads((tmp_path / "store" / "index.json").read_text())
        assert index["videos"]["a"]["source_sha256"] == hashlib.sha256(videos["a"].read_bytes()).hexdigest()
    assert pictures_seen(opened) == [6, 6]


def test_a_file_of_the_store_that_cannot_be_read_any_more_is_a_failure_of_its_own(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract_videos({"a": videos["a"]}, tmp_path / "store", CONFIG)

    def hash_if_allowed(path: Path) -> str:
        if path == videos["a"]:
            raise InputError(f"cannot read {path}: Permission denied")
        return sha256(path)

    monkeypatch.setattr("leorn.features.extract_videos.sha256", hash_if_allowed)
    failures = extract_videos(videos, tmp_path / "store", CONFIG)
    assert failures == [Failure("a", f"cannot read {videos['a']}: Permission denied")]
    assert FeatureStore(tmp_path / "store").videos == ("a", "b", "c")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"detector": "letters"}, "detector.kind 'letters' instead of 'numbers'"),
        ({"min_score": 0.5}, "detector.min_score 0.5 instead of 0.25"),
        ({"frames": 7}, "frames 7 instead of 6"),
        ({"slots": 4}, "detector.slots 4 instead of 3, slots 4 instead of 3"),
        ({"backbone": "hf:numbers"}, "backbone {'name': 'numbers too'} instead of None"),
    ],
)
def test_features_that_are_made_otherwise_are_refused(
    opened: list[NumberDetector],
    videos: dict[str, Path],
    tmp_path: Path,
    changes: dict,
    message: str,
) -> None:
    extract_videos({"a": videos["a"]}, tmp_path / "store", CONFIG)
    before = files_of(tmp_path / "store")
    with pytest.raises(InputError) as caught:
        extract_videos(videos, tmp_path / "store", replace(CONFIG, **changes))
    assert str(caught.value) == (
        f"{tmp_path / 'store'}: holds features that were made otherwise: {message}; expected another folder"
    )
    assert pictures_seen(opened) == [6, 0]
    assert files_of(tmp_path / "store") == before


def test_a_second_writer_is_refused_before_it_works(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    with (
        GrowingStore(tmp_path / "store", Extractor(CONFIG).fingerprint),
        pytest.raises(InputError, match=r"store: another process is writing to this store"),
    ):
        extract_videos(videos, tmp_path / "store", CONFIG)
    assert pictures_seen(opened) == [0, 0]


def test_videos_of_any_length_go_into_one_store_at_a_rate(opened: list[NumberDetector], tmp_path: Path) -> None:
    videos = {str(frames): write_video(tmp_path / f"{frames}.mp4", frames) for frames in (10, 20, 40)}
    told = Told()
    config = replace(CONFIG, frames=6, rate=2.0)
    assert extract_videos(videos, tmp_path / "store", config, progress=told) == []
    store = FeatureStore(tmp_path / "store")
    assert [store.shape(name)[0] for name in videos] == [2, 4, 6]
    # each video counts as much as the longest
    assert [*dict.fromkeys(told.counts)] == [(6, 18), (12, 18), (18, 18)]


def test_a_broken_file_is_told_and_the_others_are_in_the_store(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    videos["a"].write_text("not a video")
    videos["c"].write_bytes(b"")
    told = Told()
    failures = extract_videos(videos, tmp_path / "store", CONFIG, progress=told)
    assert [failure.video for failure in failures] == ["a", "c"]
    assert failures[0].reason.startswith(f"{videos['a']}: cannot be read as a video")
    assert failures[1] == Failure("c", f"{videos['c']}: the file is empty; expected a video")
    store = FeatureStore(tmp_path / "store")
    assert store.videos == ("b",)
    assert_same(store.read("b"), Extractor(CONFIG)(videos["b"], "b"))
    # what cannot be done is done with
    assert [*dict.fromkeys(told.counts)] == [(6, 18), (12, 18), (18, 18)]


def test_a_machine_that_fails_is_told_from_a_video_that_does(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos["b"].write_text("no video")
    # a disk that has the file and does not give what is in it
    failing = {videos["a"]: Path("/proc/self/mem")}
    monkeypatch.setattr("leorn.features.extract_videos.sha256", lambda path: sha256(failing.get(path, path)))
    failures = extract_videos(videos, tmp_path / "store", CONFIG)
    assert [(failure.video, failure.passing) for failure in failures] == [("a", True), ("b", False)]


def test_what_one_video_brings_about_does_not_stop_the_others(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detect = NumberDetector.detect

    def detect_some(self: NumberDetector, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> list[Detections]:
        found = detect(self, frames)
        asked = pictures_seen(opened)[-1]
        if asked == 6:
            raise MemoryError("Unable to allocate 9 TiB")
        if asked == 12:
            return [replace(one, scores=one.scores[::-1]) for one in found]
        return found

    monkeypatch.setattr(NumberDetector, "detect", detect_some)
    failures = extract_videos(videos, tmp_path / "store", CONFIG)
    assert failures == [
        Failure("a", f"{videos['a']}: cannot be extracted (MemoryError: Unable to allocate 9 TiB)", passing=True),
        Failure("b", "video b: scores rise within a frame; expected the best object first"),
    ]
    assert FeatureStore(tmp_path / "store").videos == ("c",)


def test_a_full_disk_stops_them_all(opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path) -> None:
    config = replace(CONFIG, frames=500)
    with full_disk(20_000), pytest.raises(InputError, match=r"cannot write .*objects-00000\.h5: File too large$"):
        extract_videos(videos, tmp_path / "store", config)
    assert len(opened[0].seen) == 2


def test_where_all_files_are_broken_there_is_no_store_yet(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    videos["a"].write_text("not a video")
    assert len(extract_videos({"a": videos["a"]}, tmp_path / "store", CONFIG)) == 1
    with pytest.raises(InputError, match=r"index\.json: No such file or directory"):
        FeatureStore(tmp_path / "store")
    assert extract_videos({"b": videos["b"]}, tmp_path / "store", CONFIG) == []
    assert FeatureStore(tmp_path / "store").videos == ("b",)


@pytest.mark.parametrize("features", ["appearance", "both"])
def test_several_processes_make_the_same_store(videos: dict[str, Path], tmp_path: Path, features: FeatureKind) -> None:
    pytest.importorskip("cv2")
    videos["b"].write_text("not a video")
    config = replace(CONFIG, detector=f"opencv-yolo:{write_darknet(tmp_path / 'yolo')}", features=features)
    vectors = LabelVectors(np.eye(len(LABELS), dtype=np.float32), "made up")
    asked: list[Sequence[str]] = []

    def labels(names: Sequence[str]) -> LabelVectors:
        asked.append(names)
        return vectors

    told = Told()
    one = extract_videos(videos, tmp_path / "one", config, labels)
    two = extract_videos(videos, tmp_path / "two", config, labels, jobs=2, progress=told)
    assert one == two
    assert [failure.video for failure in two] == ["b"]
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert (FeatureStore(tmp_path / "two").read("a").scores > 0).any()
    assert told.counts == [(6, 18), (12, 18), (18, 18)]
    # the vectors are made here, and handed to the processes
    assert asked == ([] if features == "appearance" else [LABELS, LABELS])


def test_what_cannot_be_asked_for_is_named(videos: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="jobs is 0; expected 1 or more"):
        extract_videos(videos, tmp_path / "store", CONFIG, jobs=0)
    missing = tmp_path / "nowhere.mp4"
    with pytest.raises(InputError, match=r"nowhere\.mp4: No such file or directory; expected a video"):
        extract_videos(videos | {"d": missing}, tmp_path / "store", CONFIG)
    assert not (tmp_path / "store").exists()


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_videos_of_a_folder_are_named_by_their_path_in_it(tmp_path: Path) -> None:
    folder = touch(tmp_path / "all", "b.mp4", "day one/b.mkv", "day one/deep/v1.2.avi", "notes.txt", "A.MOV")
    elsewhere = touch(tmp_path / "elsewhere", "c.webm", "no suffix")
    named = name_videos([folder, elsewhere / "c.webm", str(elsewhere / "no suffix")])
    assert named == {
        "A": folder / "A.MOV",
        "b": folder / "b.mp4",
        "day one/b": folder / "day one" / "b.mkv",
        "day one/deep/v1.2": folder / "day one" / "deep" / "v1.2.avi",
        "c": elsewhere / "c.webm",
        "no suffix": elsewhere / "no suffix",
    }


def test_an_id_keeps_its_suffix_where_annotations_have_it(tmp_path: Path) -> None:
    folder = touch(tmp_path / "all", "s13-d21.avi", "s13-d21.mp4", "day one/s14.avi")
    assert name_videos([folder], keep_suffix=True) == {
        "s13-d21.avi": folder / "s13-d21.avi",
        "s13-d21.mp4": folder / "s13-d21.mp4",
        "day one/s14.avi": folder / "day one" / "s14.avi",
    }


def test_a_name_that_is_no_utf_8_becomes_an_id_that_is(
    opened: list[NumberDetector], videos: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "latin"
    folder.mkdir()
    odd = videos["a"].rename(folder / os.fsdecode(b"caf\xe9.mp4"))
    videos["b"].rename(folder / "café.mp4")
    named = name_videos([folder])
    assert named == {"caf\\xe9": odd, "café": folder / "café.mp4"}
    assert extract_videos(named, tmp_path / "store", CONFIG) == []
    assert set(FeatureStore(tmp_path / "store").videos) == set(named)


def test_a_file_that_is_given_twice_is_one_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = touch(tmp_path / "all", "a.mp4")
    monkeypatch.chdir(folder)
    assert name_videos([folder, folder / "a.mp4", "a.mp4", "."]) == {"a": folder / "a.mp4"}


@pytest.mark.parametrize("second", ["one/a.mkv", "two/a.mp4"])
def test_two_files_of_one_id_are_refused(tmp_path: Path, second: str) -> None:
    touch(tmp_path, "one/a.mp4", second)
    with pytest.raises(InputError) as caught:
        name_videos([tmp_path / "one", *([tmp_path / "two"] if second.startswith("two") else [])])
    paths = sorted([tmp_path / "one/a.mp4", tmp_path / second])
    assert str(caught.value) == f"{paths[0]} and {paths[1]} would both be video a; expected different names"


def test_a_path_without_a_video_is_named_before_any_work(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.mp4", "none/notes.txt")
    with pytest.raises(InputError, match=r"nowhere\.mp4: No such file or directory"):
        name_videos([tmp_path / "one", tmp_path / "nowhere.mp4"])
    with pytest.raises(InputError, match="none: holds no video"):
        name_videos([tmp_path / "one", tmp_path / "none"])


def test_yolov3_tiny_finds_the_people_and_vehicles_of_a_street(demo_assets: None, tmp_path: Path) -> None:
    from leorn.assets import asset
    from leorn.features.detectors import open_detector
    from leorn.features.video import sample_frames

    clip = asset("bikes.mp4")
    config = ExtractionConfig(frames=20, slots=8, features="appearance")
    assert extract_videos({"bikes": clip}, tmp_path / "store", config) == []
    store = FeatureStore(tmp_path / "store")
    objects = store.read("bikes")
    assert objects.duration_seconds == pytest.approx(10, abs=0.05)
    assert store.fingerprint["detector"]["weights"] == sha256(asset("yolov3-tiny.weights"))
    names = [{objects.label_names[label] for label in row if label >= 0} for row in objects.labels]
    # two rows a second: a cyclist in the traffic about 5 s, then cars
    assert {"person", "bicycle"} <= names[9] & names[10]
    assert names[12] == {"car"}

    detector = open_detector(config.detector, min_score=config.min_score, nms_iou=config.nms_iou, slots=8)
    for row, (seconds, picture) in enumerate(sample_frames(clip, 20, detector.max_side)):
        (found,) = detector.detect([picture])
        count = len(found.scores)
        assert objects.times_seconds[row] == pytest.approx(seconds)
        np.testing.assert_array_equal(objects.boxes[row, :count], found.boxes)
        np.testing.assert_array_equal(objects.scores[row], np.append(found.scores, np.zeros(8 - count, np.float32)))
        units = found.features / np.linalg.norm(found.features, axis=1, keepdims=True)
        np.testing.assert_allclose(objects.features[row, :count], units, atol=1e-3)
