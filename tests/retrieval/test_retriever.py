import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jaxtyping import UInt8
from torch import Tensor

import leorn
from leorn.checkpoints import NetworkRecord
from leorn.data.dataset import Collate, unit_features
from leorn.data.word_files import load_word_vectors
from leorn.drawing import draw
from leorn.errors import InputError
from leorn.features import extract as extract_module
from leorn.features.detectors import Detections
from leorn.features.fingerprint import LABEL_FEATURES
from leorn.features.sources import open_frames
from leorn.features.store import FeatureStore
from leorn.features.store_writer import write_store
from leorn.model.leorn import LEORN
from leorn.model.leorn_records import EncodedVideo
from leorn.records import Query, VideoObjects
from leorn.retrieval import batches
from leorn.retrieval.evidence import Answer
from leorn.retrieval.load import load
from leorn.retrieval.recipe import extraction_for
from leorn.retrieval.retriever import Retriever
from leorn.scoring.ranking import iou
from leorn.training.evaluate import evaluate
from tests.model.small import FUSION
from tests.objects import objects_of
from tests.tiny import LABELS, MODEL, Tiny
from tests.videos import number_of, write_video

CAT, PERSON = LABELS.index("cat"), LABELS.index("person")


class CatDetector:
    """Sees a person in every frame, and a cat in those numbered 30 to 59: from 3 s to 6 s."""

    label_names = LABELS
    feature_size = 1
    max_side = None
    fingerprint: Mapping[str, Any] = {"kind": "cats"}

    def detect(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> list[Detections]:
        found = []
        for frame in frames:
            labels = [PERSON, CAT] if 30 <= number_of(frame) < 60 else [PERSON]
            boxes = np.array([[0.1, 0.1, 0.5, 0.5], [0.3, 0.3, 0.7, 0.7]])[: len(labels)]
            scores = np.array([0.9, 0.8])[: len(labels)]
            found.append(Detections(boxes, scores, np.array(labels), np.zeros((len(labels), 1), dtype=np.float32)))
        return found


@pytest.fixture(scope="module")
def retriever(tiny: Tiny, trained: Path) -> Retriever:
    return load(trained, detector="cats", device="cpu")


@pytest.fixture(scope="module")
def store(tiny: Tiny) -> FeatureStore:
    return FeatureStore(tiny.objects)


def test_in_bf16_scores_change_a_little_and_only_then(retriever: Retriever, trained: Path, store: FeatureStore) -> None:
    bf16 = load(trained, detector="cats", device="cpu", precision="bf16-mixed")
    exact, rounded = (
        one.find("A cat passes.", one.prepare(store.read("test-0"), store.fingerprint))[0] for one in (retriever, bf16)
    )
    assert exact.score != rounded.score
    assert exact.score == pytest.approx(rounded.score, abs=0.02)
    assert exact.span == rounded.span


def test_moments_do_not_depend_on_how_the_map_is_computed(trained: Path, store: FeatureStore) -> None:
    found = {}
    for way in ("direct", "measured", "tiled-8", "tiled-12"):
        retriever = load(trained, detector="cats", device="cpu")
        assert isinstance(retriever.network, LEORN)
        retriever.network.map_conv.way = way
        videos = [retriever.prepare(store.read(name), store.fingerprint) for name in ("test-0", "test-1")]
        found[way] = [retriever.find(["A cat passes.", "The person is alone."], video) for video in videos]
    spans = {way: [[m.span for m in moments] for both in answers for moments in both] for way, answers in found.items()}
    assert spans["direct"] == spans["measured"] == spans["tiled-8"] == spans["tiled-12"]
    scores = {way: [m.score for both in answers for moments in both for m in moments] for way, answers in found.items()}
    for way in ("measured", "tiled-8", "tiled-12"):
        assert scores[way] == pytest.approx(scores["direct"], abs=1e-5)


def test_an_evaluation_in_bf16_says_so(trained: Path) -> None:
    exact, rounded = (evaluate(trained, accelerator="cpu", precision=p) for p in ("32-true", "bf16-mixed"))
    scores = [[one.moments[0].score for one in result.predictions] for result in (exact, rounded)]
    assert scores[0] != scores[1]
    assert scores[0] == pytest.approx(scores[1], abs=0.02)
    assert (exact.to_dict()["precision"], rounded.to_dict()["precision"]) == ("32-true", "bf16-mixed")


def test_it_answers_as_the_evaluation_of_its_checkpoint_does(
    retriever: Retriever, trained: Path, store: FeatureStore
) -> None:
    result = evaluate(trained, accelerator="cpu")
    texts = {"#0": "passes", "#1": "The person is alone."}
    for prediction in result.predictions:
        video = retriever.prepare(store.read(prediction.video), store.fingerprint)
        text = texts[prediction.query_id[-2:]]
        if text == "passes":
            label = next(name for name in LABELS[:3] if name in labels_of(video.objects))
            text = f"A {label} passes."
        found = retriever.find(text, video, top_k=len(prediction.moments))
        assert [moment.span for moment in found] == [moment.span for moment in prediction.moments]
        assert [moment.score for moment in found] == pytest.approx(
            [moment.score for moment in prediction.moments], abs=1e-5
        )


def labels_of(objects: VideoObjects) -> set[str]:
    return {objects.label_names[label] for label in np.unique(objects.labels[objects.scores > 0])}


@pytest.mark.parametrize(
    ("frames_at_once", "expected_sizes"), [(1, [1] * 9), (2.5 * MODEL.frames, [2, 2, 2, 2, 1]), (4096, [9])]
)
def test_many_queries_are_answered_as_each_alone(
    retriever: Retriever,
    store: FeatureStore,
    frames_at_once: float,
    expected_sizes: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = asked_together(retriever, monkeypatch)
    monkeypatch.setattr(batches, "FRAMES_AT_ONCE", int(frames_at_once))
    video = retriever.prepare(store.read("test-0"), store.fingerprint)
    queries = ["A cat passes.", "The person is alone.", "a dog"] * 3
    together = retriever.find(queries, video, top_k=2)
    assert sizes == expected_sizes
    assert len(together) == len(queries)
    for query, found in zip(queries[:3], together[:3], strict=True):
        alone = retriever.find(query, video, top_k=2)
        assert [moment.span for moment in found] == [moment.span for moment in alone]
        assert [moment.score for moment in found] == pytest.approx([moment.score for moment in alone], abs=1e-6)


def asked_together(retriever: Retriever, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Write down how many queries each call of the network answers."""
    sizes: list[int] = []
    score = retriever.network.score

    def counting(encoded: Any, words: Tensor, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        sizes.append(len(words))
        return score(encoded, words, *args, **options)

    monkeypatch.setattr(retriever.network, "score", counting)
    return sizes


def test_a_video_is_answered_from_its_pixels(
    retriever: Retriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract_module, "open_detector", lambda *names, **options: CatDetector())
    video = retriever.encode(write_video(tmp_path / "kitchen.mp4", 80))
    assert (video.name, video.duration_seconds) == ("kitchen", pytest.approx(8.0))
    answer = retriever.explain(["A cat passes."], video, top_k=1)[0]
    found = np.array([answer.moments[0].span])
    assert iou(found, np.array([[3.0, 6.0]]))[0, 0] > 0.7
    assert answer.known_words == 1.0
    assert answer.answers_to["cat"] == "cat"
    assert answer.weights.shape == (16, 4)
    assert answer.weights.sum(axis=1) == pytest.approx(np.ones(16), abs=1e-5)
    # what covers the middle of the moment scores as the moment does
    assert answer.curve[8] == pytest.approx(answer.moments[0].score)
    assert retriever.find("A cat passes.", video, top_k=1) == list(answer.moments)


def test_a_name_that_is_no_utf8_is_written_in_digits(
    retriever: Retriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract_module, "open_detector", lambda *names, **options: CatDetector())
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4"))
    write_video(tmp_path / "a.mp4", 8).rename(path)
    assert retriever.encode(path).name == r"caf\xe9"


def test_the_same_video_gives_the_same_moments(
    retriever: Retriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract_module, "open_detector", lambda *names, **options: CatDetector())
    path = write_video(tmp_path / "kitchen.mp4", 80)
    once, again = (retriever.find("A cat passes.", retriever.encode(path)) for _ in range(2))
    assert once == again


def test_a_query_of_unknown_words_is_a_warning_and_has_low_scores(
    retriever: Retriever, store: FeatureStore, caplog: pytest.LogCaptureFixture
) -> None:
    video = retriever.prepare(store.read("test-0"), store.fingerprint)
    with caplog.at_level(logging.WARNING):
        answer = retriever.explain(["zyxwv qqq"], video)[0]
    assert caplog.messages == ["no word of 'zyxwv qqq' is known: its answer has low confidence"]
    assert answer.known_words == 0.0
    # a twentieth of what the network says, to whom unknown words are zeros
    words, word_mask = torch.zeros(1, 2, retriever.words.size), torch.ones(1, 2, dtype=torch.bool)
    network: Any = retriever.network
    with torch.inference_mode():
        said = network.candidates(network.score(video.encoded, words, word_mask)).scores.max().item()
    assert answer.moments[0].score == pytest.approx(0.05 * said, rel=1e-4)
    assert retriever.explain(["A cat zyxwv"], video)[0].known_words == pytest.approx(2 / 3)


def test_what_cannot_be_asked_is_refused(retriever: Retriever, store: FeatureStore) -> None:
    video = retriever.prepare(store.read("test-0"), store.fingerprint)
    with pytest.raises(InputError, match=r"^the sentence is empty; expected"):
        retriever.find("  ", video)
    with pytest.raises(InputError, match="top_k is 0; expected 1 or more"):
        retriever.find("a cat", video, top_k=0)
    with pytest.raises(InputError, match="queries is the text 'a cat'; expected a list of sentences"):
        retriever.explain("a cat", video)
    with pytest.raises(InputError, match=r"video is 'kitchen\.mp4'; expected what encode\(\) gave"):
        retriever.find("a cat", "kitchen.mp4")  # type: ignore[call-overload]


def test_objects_that_do_not_fit_the_network_are_refused(retriever: Retriever, store: FeatureStore) -> None:
    objects = store.read("test-0")
    narrow = replace(objects, features=objects.features[..., :5])
    with pytest.raises(InputError, match=r"features of shape \(16, 3, 5\); expected at least 16 frames.*width 6"):
        retriever.prepare(narrow, store.fingerprint)
    with pytest.raises(InputError, match=r"features of shape \(16, 2, 6\); .*at least 3 slots"):
        retriever.prepare(store.read("test-0", slots=2), store.fingerprint)


def test_objects_that_were_made_otherwise_are_refused(retriever: Retriever, store: FeatureStore) -> None:
    objects = store.read("test-0")
    with pytest.raises(
        InputError,
        match=r"video test-0: not the features that the network was trained on: features 'appearance' instead of 'mean",
    ):
        retriever.prepare(objects, {**store.fingerprint, "features": "appearance"})
    # behind any detector, label features of the same word vectors say the same
    elsewhere = {**store.fingerprint, "extractor": "leorn extract", "detector": {"kind": "hf"}, "frames": 99}
    assert retriever.prepare(objects, elsewhere).name == "test-0"
    with pytest.raises(InputError, match=r"word_vectors 'glove sha256:0' instead of 'words\.npz sha256:"):
        retriever.prepare(objects, {**elsewhere, "word_vectors": "glove sha256:0"})


@pytest.mark.parametrize("device", ["cudaa", "cuda:99", "meta"])
def test_a_device_that_cannot_be_used_is_refused(device: str, trained: Path) -> None:
    with pytest.raises(
        InputError, match=rf"^device {device}: cannot be used here \(.+\); expected cpu, or cuda"
    ) as caught:
        load(trained, device=device)
    assert "\n" not in str(caught.value)


def test_records_of_a_video_are_printed_in_a_line(retriever: Retriever, store: FeatureStore) -> None:
    video = retriever.prepare(store.read("test-0"), store.fingerprint)
    assert repr(video) == "PreparedVideo(name='test-0', duration_seconds=8.0)"
    assert repr(video.objects) == "VideoObjects(video='test-0', duration_seconds=8.0)"
    assert len(repr(retriever.explain(["a cat"], video, top_k=1)[0])) < 400


def test_without_a_detector_it_says_how_to_name_one(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"trained on imported detections; say what finds objects with --detector"):
        load(trained).encode(write_video(tmp_path / "a.mp4", 3))


def record_of(fingerprint: dict[str, Any], retriever: Retriever) -> NetworkRecord:
    return replace(retriever.record, fingerprint=fingerprint)


def test_features_that_no_video_gives_are_refused(retriever: Retriever, tmp_path: Path) -> None:
    record = record_of({"extractor": "published", "layout": "arrays"}, retriever)
    published = Retriever(retriever.network, record, retriever.words)
    with pytest.raises(InputError, match="trained on features of published, which cannot be made from a video"):
        published.encode(write_video(tmp_path / "a.mp4", 3))


def test_another_extractors_features_are_refused(
    retriever: Retriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract_module, "open_detector", lambda *names, **options: CatDetector())
    trained_on = {"extractor": "leorn extract", "features": "appearance", "detector": {"name": "dogs", "kind": "dogs"}}
    other = Retriever(retriever.network, record_of(trained_on, retriever), retriever.words, detector="cats")
    with pytest.raises(
        InputError,
        match=r"detector cats: not what the network was trained on: .*detector.kind 'cats' instead of 'dogs'",
    ):
        other.encode(write_video(tmp_path / "a.mp4", 3))


def test_a_fusion_network_needs_frame_features(tiny: Tiny) -> None:
    words = replace_width(load_word_vectors(tiny.words), FUSION.word_size)
    fusion = Retriever(LEORN(FUSION).eval(), NetworkRecord(FUSION), words, device="cpu")
    objects = random_objects(FUSION.frames, fusion._slots, FUSION.object_size)
    with pytest.raises(InputError, match="no frame features; this is a fusion network"):
        fusion.prepare(objects, {})
    assert FUSION.frame_size is not None
    frames = np.random.default_rng(0).normal(size=(FUSION.frames, FUSION.frame_size)).astype(np.float32)
    video = fusion.prepare(replace(objects, frames=frames), {})
    direct = fusion.network.encode_video(
        torch.nn.functional.normalize(torch.from_numpy(objects.features), dim=-1)[None],
        torch.ones(1, *objects.scores.shape, dtype=torch.bool),
        torch.from_numpy(objects.boxes)[None],
        torch.nn.functional.normalize(torch.from_numpy(frames), dim=-1)[None],
    )
    assert isinstance(video.encoded, EncodedVideo)
    assert isinstance(direct, EncodedVideo)
    assert video.encoded.frames is not None
    assert direct.frames is not None
    torch.testing.assert_close(video.encoded.frames, direct.frames)
    assert len(fusion.find(["a cat", "a dog passes"], video)) == 2


def fusion_of(tiny: Tiny, **record: Any) -> Retriever:  # noqa: ANN401
    words = replace_width(load_word_vectors(tiny.words), FUSION.word_size)
    torch.manual_seed(0)
    return Retriever(LEORN(FUSION).eval(), NetworkRecord(FUSION, **record), words, detector="cats", device="cpu")


@pytest.mark.parametrize("stored", [FUSION.frames, 3 * FUSION.frames, 2 * FUSION.frames + 1])
def test_a_fusion_network_is_given_the_frames_that_training_gave_it(tiny: Tiny, tmp_path: Path, stored: int) -> None:
    fusion = fusion_of(tiny)
    assert FUSION.frame_size is not None
    frames = np.random.default_rng(1).normal(0, 5, (stored, FUSION.frame_size)).astype(np.float32)
    objects = replace(random_objects(stored, fusion._slots, FUSION.object_size), frames=frames)
    write_store(tmp_path / "store", [objects], {"extractor": "by hand"})
    store = FeatureStore(tmp_path / "store")
    collate = Collate(
        store,
        fusion.words,
        tokenizer="words",
        frames=FUSION.frames,
        slots=fusion._slots,
        min_score=0.0,
        frame_features=open_frames(tmp_path / "store"),
    )
    batch = collate([Query("q", "v", "a cat", objects.duration_seconds)])
    assert batch.frames is not None
    prepared = fusion.prepare(store.read("v"), {})
    trained = fusion.network.encode_video(unit_features(batch.objects), batch.object_mask, batch.boxes, batch.frames)
    assert prepared.objects.frames is not None
    torch.testing.assert_close(torch.from_numpy(prepared.objects.frames), batch.frames[0], rtol=0, atol=0)
    assert isinstance(prepared.encoded, EncodedVideo)
    assert isinstance(trained, EncodedVideo)
    assert prepared.encoded.frames is not None
    assert trained.frames is not None
    torch.testing.assert_close(prepared.encoded.frames, trained.frames)
    torch.testing.assert_close(prepared.encoded.tokens, trained.tokens)


def test_frame_features_of_another_width_are_refused(tiny: Tiny) -> None:
    fusion = fusion_of(tiny)
    objects = random_objects(FUSION.frames, fusion._slots, FUSION.object_size)
    with pytest.raises(InputError, match=f"video v: frame features of width 99; expected {FUSION.frame_size}"):
        fusion.prepare(replace(objects, frames=np.ones((FUSION.frames, 99), dtype=np.float32)), {})


OBJECTS_MADE = {"extractor": "detections", "features": LABEL_FEATURES, "frames": 32, "slots": 4}
FRAMES_MADE = {"extractor": "leorn extract", "backbone": {"name": "hf:some/backbone", "kind": "b"}, "frames": 64}


def test_a_fusion_networks_frames_are_made_as_those_of_its_training(tiny: Tiny) -> None:
    apart = fusion_of(tiny, fingerprint=OBJECTS_MADE, frame_fingerprint=FRAMES_MADE)
    together = fusion_of(tiny, fingerprint=OBJECTS_MADE | FRAMES_MADE)
    for fusion in (apart, together):
        extraction = extraction_for(fusion.record, "opencv-yolo")
        assert (extraction.backbone, extraction.frames, extraction.slots) == ("hf:some/backbone", 64, 4)


@pytest.mark.parametrize(
    "made", [{"extractor": "published", "feature_size": 4}, {"extractor": "published", "backbone": "C3D"}]
)
def test_frame_features_that_no_video_gives_are_refused_before_it_is_read(tiny: Tiny, made: dict[str, Any]) -> None:
    fusion = fusion_of(tiny, fingerprint=OBJECTS_MADE, frame_fingerprint=made)
    with pytest.raises(InputError, match="trained on frame features of published, which cannot be made from a video"):
        fusion.encode("no/such/video.mp4")


def test_frame_features_of_another_backbone_are_refused(tiny: Tiny) -> None:
    fusion = fusion_of(tiny, fingerprint=OBJECTS_MADE, frame_fingerprint=FRAMES_MADE)
    objects = random_objects(FUSION.frames, fusion._slots, FUSION.object_size)
    with pytest.raises(InputError, match=r"video v: not the features .*: backbone\.kind 'c' instead of 'b'$"):
        fusion.prepare(objects, OBJECTS_MADE | FRAMES_MADE | {"backbone": {"kind": "c"}})


def random_objects(frames: int, slots: int, width: int) -> VideoObjects:
    rng = np.random.default_rng(0)
    return VideoObjects(
        "v",
        8.0,
        (np.arange(frames) + 0.5) * 8 / frames,
        rng.normal(size=(frames, slots, width)).astype(np.float32),
        rng.uniform(size=(frames, slots, 4)).astype(np.float32),
        np.full((frames, slots), 0.5),
        np.zeros((frames, slots), dtype=np.int64),
        ("cat",),
    )


def replace_width(words: Any, width: int) -> Any:  # noqa: ANN401
    return replace(words, vectors=np.resize(words.vectors, (len(words.index), width)).astype(np.float32))


def test_the_package_offers_it_by_name(trained: Path) -> None:
    assert leorn.load is load
    assert leorn.Retriever is Retriever
    assert leorn.Answer is Answer
    assert leorn.InputError is InputError
    assert leorn.draw is draw
    assert all(hasattr(leorn, name) for name in leorn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = leorn.nothing  # type: ignore[attr-defined]


def test_videos_of_any_shapes_are_asked_together_as_each_alone() -> None:
    retriever = load("demo", device="cpu")
    slots, width = retriever._slots, retriever.record.model.object_size
    videos = [
        retriever.prepare(objects_of(str(frames + seed), frames, slots, width, seed=seed), retriever.record.fingerprint)
        for frames, seed in [(20, 0), (20, 1), (33, 2), (20, 3), (600, 4), (600, 5)]
    ]
    query = "a person takes the cup"
    together = retriever.find_in(query, videos, 4)
    for video, moments in zip(videos, together, strict=True):
        for one, alone in zip(moments, retriever.find(query, video, 4), strict=True):
            assert (*one.span, one.score) == pytest.approx((*alone.span, alone.score), abs=1e-4)
    assert retriever.find_in(query, [], 4) == []
    assert retriever.known_share(query) == 1
    assert retriever.known_share("a person zyxwvs") == pytest.approx(2 / 3)
