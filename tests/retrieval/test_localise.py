"""Finding moments in many videos at once, and what is kept of them."""

from pathlib import Path

import numpy as np
import pytest

from leorn.features.store import FeatureStore
from leorn.features.store_writer import write_store
from leorn.retrieval import localise
from leorn.retrieval.load import load
from leorn.retrieval.localise import NetworkLocaliser
from leorn.retrieval.retriever import Retriever
from tests.tiny import Tiny

VIDEOS = ["test-0", "test-1", "test-2"]


@pytest.fixture(scope="module")
def retriever(tiny: Tiny, trained: Path) -> Retriever:
    return load(trained, detector="cats", device="cpu")


def test_moments_are_those_of_each_video_alone_and_it_is_read_once(
    retriever: Retriever, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, read = FeatureStore(tiny.objects), list[str]()
    before = FeatureStore.read

    def counting(self: FeatureStore, video: str, *arguments: object) -> object:
        read.append(video)
        return before(self, video, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(FeatureStore, "read", counting)
    localiser = NetworkLocaliser(retriever, tiny.objects)
    for _ in range(2):
        together = localiser.find("A cat passes.", VIDEOS, 3)
    assert read == VIDEOS
    for video, moments in zip(VIDEOS, together, strict=True):
        alone = retriever.find("A cat passes.", retriever.prepare(store.read(video), store.fingerprint), 3)
        assert [(*one.span, one.score) for one in moments] == [
            pytest.approx((*one.span, one.score), abs=1e-5) for one in alone
        ]
    evidence = localiser.explain("A cat passes.", VIDEOS[0], 3)
    assert [one.span for one in evidence.moments] == [one.span for one in together[0]]
    objects = store.read(VIDEOS[0])
    np.testing.assert_array_equal(evidence.video.boxes, objects.boxes[:, : evidence.video.boxes.shape[1]])


def test_a_video_that_is_written_anew_is_read_anew(retriever: Retriever, tiny: Tiny, tmp_path: Path) -> None:
    store = FeatureStore(tiny.objects)
    write_store(tmp_path, [store.read("test-0")], store.fingerprint)
    localiser = NetworkLocaliser(retriever, tmp_path)
    before = localiser.find("A cat passes.", ["test-0"], 1)
    write_store(tmp_path, [store.read("test-1"), store.read("test-0")], store.fingerprint, overwrite=True)
    localiser.reopen()
    assert localiser.find("A cat passes.", ["test-0", "test-1"], 1)[0] == pytest.approx(before[0])


def test_no_more_is_kept_than_there_is_room_for(
    retriever: Retriever, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(localise, "KEPT_BYTES", 1)
    localiser = NetworkLocaliser(retriever, tiny.objects)
    localiser.find("A cat passes.", VIDEOS, 1)
    assert len(localiser._prepared._videos) == 1
    assert localiser._prepared.get((VIDEOS[-1], FeatureStore(tiny.objects).source_sha256(VIDEOS[-1]))) is not None
