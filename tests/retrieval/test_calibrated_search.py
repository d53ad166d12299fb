"""What a calibration and similarity make of a search's scores, on a small library."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from leorn.cli import main
from leorn.data.annotations import write_queries
from leorn.errors import InputError
from leorn.records import Moment, Query
from leorn.retrieval.evaluate_library import evaluate_library
from leorn.retrieval.library import SHARPNESS, Library
from leorn.retrieval.load import load
from leorn.retrieval.retriever import Retriever
from leorn.scoring.scaling import Calibration
from tests.commands import Refused
from tests.libraries import FRAMES, index

pytest.importorskip("av")
pytest.importorskip("lancedb")

SENTENCE = "a person takes the cup"


@pytest.fixture
def library(folder: Path, tmp_path: Path) -> Path:
    index(folder, tmp_path / "library")
    return tmp_path / "library"


def calibrated(threshold: float) -> Retriever:
    retriever = load("demo", device="cpu")
    retriever.record = replace(retriever.record, calibration=Calibration(0.5, 1.0, threshold, 9, 4, 5))
    return retriever


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_confidence_is_the_scaled_score_less_what_the_video_is_behind(library: Path) -> None:
    found = Library(library, calibrated(0.0)).search(SENTENCE, top_k=50)
    assert len({one.video for one in found.moments}) == len(FRAMES)
    nearest = max(one.similarity for one in found.moments)
    for one in found.moments:
        score = one.moment.score or 0.0
        expected = 0.5 * logit(score) + 1.0 - SHARPNESS * (nearest - one.similarity)
        assert logit(one.confidence) == pytest.approx(expected, abs=1e-6)
    confidences = [one.confidence for one in found.moments]
    assert confidences == sorted(confidences, reverse=True)


def test_below_the_threshold_in_every_video_nothing_is_found(library: Path) -> None:
    for threshold in (0.0, 1.0):
        found = Library(library, calibrated(threshold)).search(SENTENCE)
        # the best guesses are there all the same
        assert (found.found, found.threshold, len(found.moments)) == (threshold == 0.0, threshold, 10)
    # the best answer of any video decides, how ever similar the video
    likeliest = max(
        Library(library, calibrated(0.0)).confidence(moment.score or 0.0)
        for video in FRAMES
        for moment in Library(library).explain(SENTENCE, video).moments
    )
    assert Library(library, calibrated(likeliest - 1e-4)).search(SENTENCE).found
    assert not Library(library, calibrated(likeliest + 1e-4)).search(SENTENCE).found


def test_without_a_calibration_the_score_is_the_confidence(library: Path) -> None:
    retriever = load("demo", device="cpu")
    retriever.record = replace(retriever.record, calibration=None)
    plain = Library(library, retriever)
    found = plain.search(SENTENCE, candidates=1)
    assert (found.found, found.threshold) == (True, None)
    assert [one.confidence for one in found.moments] == [one.moment.score for one in found.moments]


def test_videos_can_be_left_out(library: Path) -> None:
    plain = Library(library)
    everything = plain.search(SENTENCE, top_k=50)
    nearest = max(everything.moments, key=lambda one: one.similarity).video
    rest = plain.search(SENTENCE, top_k=50, without=[nearest])
    assert {one.video for one in rest.moments} == set(FRAMES) - {nearest}
    one = plain.search(SENTENCE, candidates=1, without=[nearest])
    second = max((one for one in rest.moments), key=lambda one: one.similarity).video
    assert {found.video for found in one.moments} == {second}
    assert plain.search(SENTENCE, without=list(FRAMES)).moments == ()
    assert plain.search(SENTENCE, videos="kitchen/*", without=["a"]).moments


def test_an_evaluation_says_what_searches_answer(library: Path) -> None:
    opened = Library(library, calibrated(0.5))
    best = opened.search(SENTENCE).moments[0]
    duration = best.duration_seconds
    right = Query("1", best.video, SENTENCE, duration, (Moment(*best.moment.span),))
    # another video than the best answer's
    other = next(video for video in FRAMES if video != best.video)
    length = opened.manifest.videos[other].duration_seconds
    wrong = Query("2", other, SENTENCE, length, (Moment(0, length / 100),))
    # the same words of both: either is right
    both = evaluate_library(opened, [right, wrong])
    assert (both.metrics["R@1,video"], both.metrics["R@1,IoU>0.5"]) == (100, 100)
    # said of every video: there is no library without it, and nothing to tell it from
    third = next(video for video in FRAMES if video not in (best.video, other))
    last = Query("3", third, SENTENCE, opened.manifest.videos[third].duration_seconds, (Moment(0, 0.01),))
    everywhere = evaluate_library(opened, [right, wrong, last]).metrics
    assert set(both.metrics) - set(everywhere) == {"rejected, video gone", "AUROC, video gone"}
    wrong = replace(wrong, text=f" {SENTENCE}")
    run = evaluate_library(opened, [right, wrong], ["nothing of the kind"])
    assert (run.videos, run.queries, run.absent, run.encoder) == (3, 2, 1, "labels")
    assert run.windows == sum(entry.windows for entry in opened.manifest.videos.values())
    assert (run.metrics["R@1,IoU>0.5"], run.metrics["R@1,video"], run.metrics["R@100,video"]) == (50, 50, 100)
    gone = [opened.search(query.text, without=[query.video]) for query in (right, wrong)]
    assert run.metrics["rejected, video gone"] == 100 * sum(not one.found for one in gone) / 2
    elsewhere = opened.search("nothing of the kind")
    assert run.metrics["rejected, from elsewhere"] == 100 * (not elsewhere.found)
    there = [opened.search(query.text).moments[0].confidence for query in (right, wrong)]
    missing = [one.moments[0].confidence for one in gone]
    order = [(one > other) + (one == other) / 2 for one in there for other in missing]
    assert run.metrics["AUROC, video gone"] == pytest.approx(sum(order) / 4)
    assert evaluate_library(opened, [right, wrong], most=1).queries == 1


def test_from_the_shell(library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: Refused) -> None:
    length = Library(library).manifest.videos["a"].duration_seconds
    queries, absent = tmp_path / "queries.jsonl", tmp_path / "absent.jsonl"
    write_queries(queries, [Query("1", "a", SENTENCE, length, (Moment(0.5, 1.5),), "test")])
    write_queries(absent, [Query("2", "elsewhere", "two dogs", 9.0)])
    out = tmp_path / "metrics.json"
    main(["evaluate-search", str(library), "--queries", str(queries), "--absent", str(absent), "--out", str(out)])
    told = capsys.readouterr().out
    assert "R@10,video" in told
    assert told.endswith(f"wrote {out}\n")
    written = json.loads(out.read_text())
    assert (written["videos"], written["queries"], written["absent"], written["candidates"]) == (3, 1, 1, 20)
    assert written["metrics"]["R@100,video"] == 100
    write_queries(queries, [Query("1", "unseen", SENTENCE, 9.0, (Moment(0.5, 1.5),))])
    told = refused("evaluate-search", library, "--queries", queries)
    assert "1 videos of the queries are not in the library, such as unseen" in told
    with pytest.raises(InputError, match="query 1: no moments"):
        evaluate_library(Library(library), [Query("1", "a", SENTENCE, 9.0)])
    with pytest.raises(InputError, match="no queries"):
        evaluate_library(Library(library), [])
