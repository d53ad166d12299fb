import csv
import gzip
import logging
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.data.detections import import_detections, sample_tracks
from leorn.data.tracks import Tracks, write_tracks
from leorn.data.word_files import load_word_vectors
from leorn.data.words import WordVectors
from leorn.errors import InputError
from leorn.features.store import FeatureStore
from leorn.records import VideoObjects

HEADER = "time_seconds,track,label,score,x1,y1,x2,y2\n"
ROW = "0.0,1,cup,0.5,0.1,0.2,0.3,0.4\n"


@pytest.fixture
def words() -> WordVectors:
    vectors = np.array([[1, 0], [0, 1], [3, 3]], dtype=np.float32)
    return WordVectors({"shell": 0, "egg": 1, "person": 2}, vectors, source="made up")


def slow_sample(
    path: Path, vector_of: Callable[[str], np.ndarray], duration: float, frames: int, slots: int
) -> list[list[tuple]]:
    """Objects of each frame as (score, label, box, feature), by plain loops."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as file:
        rows = [
            (float(time), -float(score), int(track), label, [float(corner) for corner in box])
            for time, track, label, score, *box in list(csv.reader(file))[1:]
        ]
    stamps = sorted({row[0] for row in rows})
    sampled = []
    for t in range(frames):
        middle = (t + 0.5) * duration / frames
        stamp = min(stamps, key=lambda stamp, middle=middle: (round(abs(stamp - middle), 6), stamp))
        near = [row for row in rows if row[0] == stamp and abs(stamp - middle) <= duration / frames / 2 + 1e-6]
        best = sorted(near, key=lambda row: row[1:3])[:slots]
        sampled.append([(-score, label, box, vector_of(label)) for _, score, _, label, box in best if score])
    return sampled


def assert_samples(objects: VideoObjects, expected: list[list]) -> None:
    for t, frame in enumerate(expected):
        for n in range(objects.scores.shape[1]):
            if n < len(frame):
                score, label, box, feature = frame[n]
                assert objects.scores[t, n] == pytest.approx(score)
                assert objects.label_names[objects.labels[t, n]] == label
                np.testing.assert_allclose(objects.boxes[t, n], box, atol=1e-6)
                np.testing.assert_allclose(objects.features[t, n], feature, atol=2e-3)
            else:
                assert (objects.scores[t, n], objects.labels[t, n]) == (0, -1)
                assert not objects.boxes[t, n].any()
                assert not objects.features[t, n].any()


@given(
    seed=st.integers(0, 999),
    rows=st.integers(1, 40),
    stamps=st.integers(1, 8),
    frames=st.integers(1, 12),
    slots=st.integers(1, 6),
    duration=st.sampled_from([0.3, 1.0, 2.4, 5.0]),
)
@settings(max_examples=60, deadline=None)
def test_sampling_equals_plain_loops(
    tmp_path_factory: pytest.TempPathFactory,
    random_tracks: Callable[..., Tracks],
    seed: int,
    rows: int,
    stamps: int,
    frames: int,
    slots: int,
    duration: float,
) -> None:
    tracks = random_tracks(seed, rows, stamps)
    path = tmp_path_factory.mktemp("tracks") / "v.csv"
    write_tracks(path, tracks)
    vectors = dict(zip(tracks.label_names, np.eye(3), strict=True))
    objects = sample_tracks("v", tracks, duration, frames, slots, np.eye(3))
    np.testing.assert_allclose(objects.times_seconds, [(t + 0.5) * duration / frames for t in range(frames)])
    assert_samples(objects, slow_sample(path, vectors.__getitem__, duration, frames, slots))


def test_equal_scores_keep_their_slots_over_time() -> None:
    boxes = np.tile([0.1, 0.1, 0.2, 0.2], (6, 1))
    tracks = Tracks(
        times_seconds=np.array([0.5, 0.5, 0.5, 1.5, 1.5, 1.5]),
        tracks=np.array([9, 2, 5, 2, 5, 9]),
        labels=np.array([2, 0, 1, 0, 1, 2]),
        scores=np.ones(6),
        boxes=boxes,
        label_names=("a", "b", "c"),
    )
    assert sample_tracks("v", tracks, 2.0, 2, 2, np.eye(3)).labels.tolist() == [[0, 1], [0, 1]]


def test_a_frame_half_way_between_stamps_takes_the_earlier_one_all_along() -> None:
    stamps = np.round(np.arange(100) * 0.1, 1)
    boxes = np.tile([0.1, 0.1, 0.2, 0.2], (100, 1))
    labels = np.arange(100)
    tracks = Tracks(stamps, labels, labels, np.ones(100), boxes, tuple(map(str, range(100))))
    sampled = sample_tracks("v", tracks, 10.0, 100, 1, np.zeros((100, 1)))
    assert sampled.labels[:, 0].tolist() == list(range(100))


def test_an_import_is_a_store_of_word_vectors(write: Callable[..., Path], tmp_path: Path, words: WordVectors) -> None:
    write(HEADER + "1.0,1,person,0.5,0.1,0.2,0.3,0.4\n1.0,2,shell egg,0.75,0.5,0.5,1,1\n", "a.b.csv.gz")
    write(HEADER + "0,4,egg,1,0.1,0.2,0.3,0.4\n0.5,4,egg,1,0.2,0.2,0.3,0.4\n1.5,4,egg,1,0.3,0.2,0.4,0.4\n", "c.csv")
    write("not tracks", "notes.txt")
    told: list[tuple[int, int]] = []
    store = import_detections(
        tmp_path / "tracks",
        tmp_path / "store",
        words,
        frames=2,
        slots=2,
        durations={"a.b": 4.0, "elsewhere": 9.0},
        progress=lambda done, total: told.append((done, total)),
    )
    assert isinstance(store, FeatureStore)
    assert store.videos == ("a.b", "c")
    assert told == [(1, 2), (2, 2)]
    assert store.label_names == ("person", "shell egg", "egg")
    assert store.fingerprint == {
        "extractor": "detections",
        "features": "mean word vector of the label",
        "word_vectors": "made up",
        "feature_size": 2,
        "frames": 2,
        "slots": 2,
        "sampling": "middles of equal parts",
    }
    first = store.read("a.b")
    assert first.duration_seconds == 4.0
    assert first.times_seconds.tolist() == [1.0, 3.0]
    assert first.scores.tolist() == [[0.75, 0.5], [0.0, 0.0]]
    assert first.labels.tolist() == [[1, 0], [-1, -1]]
    assert first.features.tolist() == [[[0.5, 0.5], [3.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]]
    np.testing.assert_array_equal(first.boxes[0].astype("f4"), np.array([[0.5, 0.5, 1, 1], [0.1, 0.2, 0.3, 0.4]], "f4"))
    # without a duration the video ends one step, the median of 0.5 and 1.0, after its last stamp
    second = store.read("c")
    assert second.duration_seconds == 2.25
    assert second.scores.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    np.testing.assert_array_equal(second.boxes[:, 0, 0], np.array([0.2, 0.3], "f4"))


def test_labels_without_known_words_get_zeros_and_one_warning(
    write: Callable[..., Path], tmp_path: Path, words: WordVectors, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.csv", "b.csv"):
        write(HEADER + ROW + ROW.replace("cup", "oil bottle") + ROW.replace("cup", "egg timer"), name)
    with caplog.at_level(logging.WARNING):
        store = import_detections(tmp_path / "tracks", tmp_path / "store", words, 1, 3, {"a": 0.5, "b": 0.5})
    assert [record.message.partition(": ")[2] for record in caplog.records] == [
        "no word of these labels has a vector, their features are zero: cup, oil bottle"
    ]
    objects = store.read("a")
    assert [objects.label_names[label] for label in objects.labels[0]] == ["cup", "oil bottle", "egg timer"]
    assert objects.features[0].tolist() == [[0, 0], [0, 0], [0, 1]]


def test_a_video_in_which_nothing_was_seen_has_empty_frames(
    write: Callable[..., Path], tmp_path: Path, words: WordVectors
) -> None:
    write(HEADER)
    with pytest.raises(InputError, match=r"v\.csv: 0 time stamps cannot tell how long the video is; .* from --queries"):
        import_detections(tmp_path / "tracks", tmp_path / "store", words, 3, 2)
    objects = import_detections(tmp_path / "tracks", tmp_path / "store", words, 3, 2, {"v": 6.0}).read("v")
    assert objects.times_seconds.tolist() == [1.0, 3.0, 5.0]
    assert objects.features.shape == (3, 2, 2)
    assert not objects.scores.any()
    assert (objects.labels == -1).all()


def test_a_rate_gives_longer_videos_more_frames(write: Callable[..., Path], tmp_path: Path, words: WordVectors) -> None:
    for name in ("short", "long", "longest"):
        write(HEADER + ROW, f"{name}.csv")
    durations = {"short": 2.0, "long": 4.5, "longest": 60.0}
    store = import_detections(tmp_path / "tracks", tmp_path / "store", words, 10, 1, durations, rate=2.0)
    assert [store.shape(video)[0] for video in durations] == [4, 9, 10]
    assert store.read("long").times_seconds.tolist() == [0.25 + 0.5 * row for row in range(9)]
    assert store.fingerprint["rate"] == 2.0


def test_a_bad_import_leaves_nothing(write: Callable[..., Path], tmp_path: Path, words: WordVectors) -> None:
    def run(frames: int = 2, folder: str = "tracks", rate: float | None = None) -> None:
        import_detections(tmp_path / folder, tmp_path / "store", words, frames, slots=2, rate=rate)

    with pytest.raises(InputError, match="tracks: no such folder; expected the folder of the detections"):
        run()
    write("nothing", "readme.txt")
    with pytest.raises(InputError, match=r"tracks: no detections in it; expected files <video>\.csv or"):
        run()
    with pytest.raises(InputError, match="0 frames and 2 slots asked for; expected 1 or more"):
        run(frames=0)
    with pytest.raises(InputError, match="nan frames a second asked for; expected a number above 0"):
        run(rate=math.nan)
    write(HEADER + ROW, "a.csv.gz")
    with pytest.raises(
        InputError, match=r"a\.csv\.gz: 1 time stamp cannot tell how long the video is; .* from --queries"
    ):
        run()
    write(HEADER + ROW, "a.csv")
    with pytest.raises(InputError, match=r"video a has both a\.csv and a\.csv\.gz; expected one file"):
        run()
    assert not (tmp_path / "store").exists() or list((tmp_path / "store").iterdir()) == []


def test_a_store_is_replaced_only_when_asked(write: Callable[..., Path], tmp_path: Path, words: WordVectors) -> None:
    write(HEADER + ROW)
    arguments = (tmp_path / "tracks", tmp_path / "store", words)
    import_detections(*arguments, 2, 2, {"v": 1.0})
    with pytest.raises(InputError, match="holds a store already"):
        import_detections(*arguments, 3, 2, {"v": 1.0})
    assert import_detections(*arguments, 3, 2, {"v": 1.0}, overwrite=True).shape("v") == (3, 2, 2)


def test_real_tracks_are_sampled_as_plain_loops_do(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "kscgr" / "detections"
    (tmp_path / "tracks").mkdir()
    for name in ("1-boiledegg.csv.gz", "3-scrambledegg.csv.gz"):
        (tmp_path / "tracks" / name).symlink_to(source / name)
    glove = load_word_vectors(shared / "data" / "words" / "glove6B_100d_subset.npz")
    store = import_detections(tmp_path / "tracks", tmp_path / "store", glove, 128, 12, {"1-boiledegg": 264.233})
    assert store.videos == ("1-boiledegg", "3-scrambledegg")
    assert store.duration_seconds("3-scrambledegg") == pytest.approx(75.3)

    def vector_of(label: str) -> np.ndarray:
        known = [glove.vectors[glove.index[word]] for word in label.split() if word in glove.index]
        return np.mean(known, axis=0) if known else np.zeros(100)

    for video in store.videos:
        objects = store.read(video)
        assert_samples(objects, slow_sample(source / f"{video}.csv.gz", vector_of, objects.duration_seconds, 128, 12))
