"""Calibrating a small network that was trained here."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from leorn.checkpoints import RECORD_KEY, load_network, save_network, write_calibration
from leorn.cli import main
from leorn.data.annotations import read_queries
from leorn.errors import InputError
from leorn.features.sources import open_objects
from leorn.records import Moment, Query
from leorn.retrieval.calibrate import calibrate, draw_videos, first_answers
from leorn.retrieval.load import load
from leorn.scoring.scaling import Calibration, fit_calibration
from tests.commands import Refused
from tests.tiny import Tiny

FITTED = Calibration(0.75, -0.5, 0.125, 12, 5, 6)


@pytest.fixture
def packed(trained: Path, tmp_path: Path) -> Path:
    main(["pack", str(trained), "--out", str(tmp_path / "packed"), "--detector", "opencv-yolo"])
    return tmp_path / "packed/network.safetensors"


def tensors(path: Path) -> dict[str, tuple[str, bytes]]:
    """Return the type and the bytes of every tensor."""
    with safe_open(path, "np") as file:
        names = list(file.keys())
        return {name: (str(file.get_tensor(name).dtype), file.get_tensor(name).tobytes()) for name in names}


def test_weights_stay_as_they_are_bit_by_bit(packed: Path, tmp_path: Path) -> None:
    before, record = tensors(packed), load_network(packed)[1]
    assert record.calibration is None
    write_calibration(packed, FITTED, tmp_path / "other.safetensors")
    assert load_network(packed)[1] == record
    write_calibration(packed, FITTED)
    assert tensors(packed) == tensors(tmp_path / "other.safetensors") == before
    assert "float16" in {kind for kind, _ in before.values()}
    assert load_network(packed)[1] == replace(record, calibration=FITTED)


def test_a_file_of_before_is_read_and_wild_numbers_are_refused(packed: Path) -> None:
    network, record = load_network(packed)
    values = record.to_dict()
    del values["calibration"]
    assert type(record).from_dict(values, "x") == record
    save_network(packed, network, replace(record, calibration=FITTED))
    with safe_open(packed, "np") as file:
        assert json.loads(file.metadata()[RECORD_KEY])["calibration"]["slope"] == 0.75
    wild = replace(record, calibration=FITTED).to_dict()
    wild["calibration"]["slope"] = -1.0
    with pytest.raises(InputError, match=r"^x: calibration: slope -1.0, .*; expected finite numbers, the slope 0 or"):
        type(record).from_dict(wild, "x")
    wild["calibration"]["steepness"] = 1.0
    with pytest.raises(InputError, match="unknown key steepness"):
        type(record).from_dict(wild, "x")


def test_each_query_is_asked_of_its_own_video_and_of_others() -> None:
    said = {"a": ["one", "same"], "b": ["two", "same"], "c": ["three"], "d": ["four"]}
    queries = [
        Query(f"{video}#{text}", video, text, 9.0, (Moment(0, 1),)) for video, texts in said.items() for text in texts
    ]
    drawn = draw_videos(queries, 1, 0)
    assert [videos[0] for videos in drawn] == [query.video for query in queries]
    assert all(len(set(videos)) == 2 for videos in drawn)
    everything = draw_videos(queries, 9, 0)
    for query, videos in zip(queries, everything, strict=True):
        # of what is said of two videos, neither counts as a video without an answer
        strange = set(said) - {video for video, texts in said.items() if query.text in texts}
        assert set(videos[1:]) == strange
    assert draw_videos(queries, 2, 1) == draw_videos(queries, 2, 1)
    assert len({str(draw_videos(queries, 1, seed)) for seed in range(9)}) > 1
    assert draw_videos(queries[:1], 3, 0) == [["a"]]


def test_first_answers_are_those_of_the_network(packed: Path, tiny: Tiny) -> None:
    retriever, objects = load(packed, words=tiny.words, detector="x"), open_objects(tiny.objects)
    queries = read_queries(tiny.queries, "jsonl", "val").queries
    answers = first_answers(retriever, queries, objects, others=0)
    assert answers.own.all()
    expected, hit = [], []
    for video in sorted({query.video for query in queries}):
        prepared = retriever.prepare(objects.read(video), objects.fingerprint)
        for query in (query for query in queries if query.video == video):
            best = retriever.find(query.text, prepared, 1)[0]
            expected.append(best.score)
            overlaps = [
                max(0, min(best.end_seconds, one.end_seconds) - max(best.start_seconds, one.start_seconds))
                / (max(best.end_seconds, one.end_seconds) - min(best.start_seconds, one.start_seconds))
                for one in query.moments
            ]
            hit.append(max(overlaps) > 0.5)
    np.testing.assert_allclose(answers.scores, expected, atol=1e-5)
    assert answers.hit.tolist() == hit
    more = first_answers(retriever, queries, objects, others=2)
    assert (len(more.own), more.own.sum(), more.hit.sum()) == (
        sum(map(len, draw_videos(queries, 2, 0))),
        len(queries),
        answers.hit.sum(),
    )
    assert not more.hit[~more.own].any()


def test_from_the_shell(packed: Path, tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    main(["calibrate", str(packed.parent), "--others", "2"])
    told = capsys.readouterr().out
    assert "calibration error" in told
    assert told.endswith(f"wrote {packed}\n")
    fitted = load_network(packed)[1].calibration
    assert fitted is not None
    queries = read_queries(tiny.queries, "jsonl", "val").queries
    answers = first_answers(load(packed, detector="x"), queries, open_objects(tiny.objects), 2)
    assert fitted == fit_calibration(answers.scores, answers.hit, answers.own)
    assert f"val, {len(queries)} queries, {fitted.answers} answers, {fitted.hits} of them right" in " ".join(
        told.split()
    )
    # again, from elsewhere and on another split, into another file
    other = packed.with_name("test.safetensors")
    done = calibrate(packed, split="test", data={"queries": str(tiny.queries)}, out=other)
    assert load_network(other)[1].calibration == done.calibration
    assert load_network(packed)[1].calibration == fitted
    assert done.error_after <= 1
    assert 0 <= done.rejected_with_answer <= 0.05


def test_what_cannot_be_calibrated_is_said(packed: Path, trained: Path, tiny: Tiny, refused: Refused) -> None:
    assert "a checkpoint of training; expected a network that leorn pack made" in refused("calibrate", trained)
    assert "demo: comes with the package; expected another file to write to, --out" in refused("calibrate", "demo")
    assert "no query of split 'absent' left" in refused("calibrate", packed, "--split", "absent")
    assert "no such file or folder" in refused("calibrate", packed, "--objects", "/nowhere")
    network, record = load_network(packed)
    save_network(packed, network, replace(record, experiment=None))
    assert "carries no experiment; say what to calibrate on with --queries" in refused("calibrate", packed)
    fewer = packed.with_name("fewer.jsonl")
    row = {"query_id": "x", "video": "unseen", "query": "cat", "duration": 8, "moments": [[1, 2]], "split": "val"}
    fewer.write_text(json.dumps(row))
    told = refused("calibrate", packed, "--queries", fewer, "--objects", tiny.objects)
    assert f"no objects of 1 videos of {fewer}, such as unseen" in told
