"""Libraries without a network, made and searched as others are."""

import json
from pathlib import Path

import numpy as np
import pytest

from leorn.cli import main
from leorn.errors import InputError
from leorn.features.extract_videos import name_videos
from leorn.features.sources import open_objects
from leorn.features.store import FeatureStore
from leorn.features.video import read_frames
from leorn.retrieval.curve import find_moments
from leorn.retrieval.encoders import describe, open_encoder
from leorn.retrieval.indexing import add_video, create_library, index_objects, index_videos, remove_video
from leorn.retrieval.library import Library
from leorn.retrieval.manifest import read_manifest
from leorn.retrieval.step_table import StepTable
from leorn.retrieval.training_free import named_words
from leorn.retrieval.windows import Window
from tests.image_text_models import write_clip
from tests.libraries import FRAMES
from tests.videos import RATE, write_video

pytest.importorskip("av")
pytest.importorskip("lancedb")

QUERY = "a person takes the cup"


def make(folder: Path, library: Path, encoder: str = "labels") -> None:
    index_videos(name_videos([folder]), library, network="none", encoder=encoder)


def seconds_of(frames: int) -> list[Window]:
    """The steps of a video, by hand: as many as whole seconds, rounded up."""
    duration = frames / RATE
    count = -(-frames // RATE)
    return [Window(duration * step / count, duration * (step + 1) / count) for step in range(count)]


def test_moments_are_those_of_the_curve_of_what_was_detected(folder: Path, tmp_path: Path) -> None:
    make(folder, tmp_path / "library")
    library, encoder = Library(tmp_path / "library"), open_encoder("labels")
    store = FeatureStore(tmp_path / "library/objects")
    asked = encoder.sentences([QUERY])[0]
    result = library.search(QUERY, top_k=50)
    assert (result.found, result.threshold, result.known_words) == (True, None, 1.0)
    confidences = [one.confidence for one in result.moments]
    assert confidences == sorted(confidences, reverse=True)
    assert {one.video for one in result.moments} == set(FRAMES)
    for video, frames in FRAMES.items():
        objects = store.read(video)
        # a frame in the middle of each step, and no features
        assert objects.features.shape[2] == 0
        assert len(objects.times_seconds) == len(seconds_of(frames))
        said = encoder.sentences([describe(objects, step) for step in seconds_of(frames)])
        curve = said @ asked
        expected = find_moments(curve, frames / RATE, 50)
        here = [one.moment for one in result.moments if one.video == video]
        assert len(here) == len(expected)
        for moment, alone in zip(here, expected, strict=True):
            assert moment.span == pytest.approx(alone.span)
            assert moment.score == pytest.approx(alone.score, abs=2e-3)
        answer = library.explain(QUERY, video)
        assert [one.span for one in answer.moments] == [one.span for one in here[:5]]
        np.testing.assert_allclose(answer.curve, curve.clip(0, 1), atol=2e-3)
        np.testing.assert_array_equal(answer.video.boxes, objects.boxes)
        assert answer.weights.shape == (len(objects.times_seconds), objects.labels.shape[1] + 1)
        assert not answer.weights.any()
        assert answer.answers_to == {"cup": "cup"}
        json.dumps(answer.to_dict())


def test_an_image_text_model_looks_at_the_frames_and_no_file_is_needed_to_search(folder: Path, tmp_path: Path) -> None:
    encoder = f"hf:{write_clip(tmp_path / 'clip')}"
    make(folder, tmp_path / "library", encoder)
    model = open_encoder(encoder)
    curves = {}
    for video, frames in FRAMES.items():
        steps, file = seconds_of(frames), folder / f"{video}.mp4"
        pictures = read_frames(file, [(step.start_seconds + step.end_seconds) / 2 for step in steps])
        # each frame alone, as a video of one
        vectors = model._look([picture for _, picture in pictures])  # type: ignore[attr-defined]
        curves[video] = vectors @ model.sentences([QUERY])[0]
        file.unlink()
    library = Library(tmp_path / "library")
    for video, frames in FRAMES.items():
        found = library.explain(QUERY, video, 3).moments
        expected = find_moments(curves[video], frames / RATE, 3)
        assert found[0].span == pytest.approx(expected[0].span)
        assert found[0].score == pytest.approx(expected[0].score, abs=2e-3)
    assert {one.video for one in library.search(QUERY, top_k=50).moments} == set(FRAMES)


def test_it_is_kept_up_as_other_libraries_are(folder: Path, tmp_path: Path) -> None:
    library, windows = tmp_path / "library", tmp_path / "library/windows"
    create_library(library, network="none")
    assert Library(library).search(QUERY).moments == ()
    make(folder, library)
    manifest = read_manifest(library)
    assert (manifest.network, manifest.step_seconds) == ("none", 1.0)
    opened = Library(library)
    add_video(library, "more", write_video(tmp_path / "more.mp4", 25), "More")
    assert opened.refresh()
    assert opened.explain(QUERY, "more").query.duration_seconds == pytest.approx(2.5)
    (folder / "b.mp4").unlink()
    make(folder, library)
    assert set(StepTable(windows).read([*FRAMES, "more"])) == {"a", "kitchen/c"}
    remove_video(library, "a")
    assert set(StepTable(windows).read(list(FRAMES))) == {"kitchen/c"}
    with pytest.raises(InputError, match=r"video a is not in the library"):
        Library(library).explain(QUERY, "a")
    with pytest.raises(InputError, match=r"a library of another network and features and step_seconds; expected the"):
        index_videos(name_videos([folder]), library)


def test_objects_alone_are_searched_by_their_labels(folder: Path, tmp_path: Path) -> None:
    make(folder, tmp_path / "first")
    source = open_objects(str(tmp_path / "first/objects"))
    index_objects(source, tmp_path / "library", network="none")
    first, second = (Library(tmp_path / name).search(QUERY, top_k=9) for name in ("first", "library"))
    assert [one.moment for one in second.moments] == [one.moment for one in first.moments]
    encoder = f"hf:{write_clip(tmp_path / 'clip')}"
    failures = index_objects(source, tmp_path / "other", network="none", encoder=encoder).failures
    assert [failure.video for failure in failures] == list(FRAMES)
    assert failures[0].reason.startswith("video a: no file to look at; expected a library of video files")
    assert not read_manifest(tmp_path / "other").videos


def test_a_model_in_a_folder_is_found_from_any_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(tmp_path / "clip")
    monkeypatch.chdir(tmp_path)
    make(folder, tmp_path / "library", "hf:clip")
    monkeypatch.chdir("/")
    assert Library(tmp_path / "library").search(QUERY, top_k=1).moments


def test_from_the_shell(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = str(tmp_path / "library")
    main(["index", str(folder), "--library", library, "--network", "none"])
    assert "3 videos new or changed" in capsys.readouterr().out
    main(["search", library, QUERY, "--json", "--top-k", "2"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["threshold"] is None
    assert [0 <= moment["confidence"] <= 1 for moment in answer["moments"]] == [True, True]


@pytest.mark.parametrize(
    ("query", "answers"),
    [
        ("The Cup, please!", {"cup": "cup"}),
        ("a frying of eggs", {"frying pan": "frying"}),
        ("pans and cups", {}),
        ("the on of", {}),
    ],
)
def test_labels_that_a_sentence_names(query: str, answers: dict[str, str]) -> None:
    assert named_words(["cup", "frying pan", "on"], query) == answers
