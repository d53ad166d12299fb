"""`leorn baselines`: what answers without looking, and people against each other."""

import json
from pathlib import Path

import pytest

from leorn.cli import main
from leorn.config import EvaluationConfig
from leorn.data.annotations import read_queries
from leorn.scoring.agreement import person_against_another, person_against_others
from leorn.scoring.baselines import BASELINES, CONSTANT_WINDOW
from leorn.scoring.metrics import evaluate_predictions
from leorn.scoring.predictions import read_predictions
from tests.charades import write_charades, write_reannotated
from tests.commands import Refused, files
from tests.tiny import Tiny

NAMES = [f"{kind} for IoU {threshold}" for kind in ("constant window", "length prior") for threshold in (0.5, 0.7)]


def test_baselines_are_chosen_on_train_and_written_for_score_to_find_again(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--queries", str(tiny.queries), "--recalls", "[1,3]", "--ious", "[0.5,0.7]"]
    main(["baselines", *options, "--out", str(tmp_path), "--format", "json"])
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert shown.err == f"wrote {tmp_path}/metrics.json and the predictions of 4 baselines\n"
    assert found == json.loads((tmp_path / "metrics.json").read_text())
    folders = [name.replace(" ", "-") for name in NAMES]
    written = {f"{folder}/{name}" for folder in folders for name in ("predictions.jsonl", "metrics.json")}
    assert files(tmp_path) == {"metrics.json", *written}
    assert (found["split"], found["queries"]) == ("test", 10)
    assert found["evaluation"] == {
        "ious": [0.5, 0.7],
        "recalls": [1, 3],
        "strict": True,
        "against": "any",
        "map_ious": [],
        "length_ranges": False,
    }

    train, test = (read_queries(tiny.queries, "jsonl", split).queries for split in ("train", "test"))
    evaluation = EvaluationConfig(ious=(0.5, 0.7), recalls=(1, 3))
    cases = [(baseline, threshold) for baseline in BASELINES for threshold in (0.5, 0.7)]
    for name, folder, (baseline, threshold) in zip(NAMES, folders, cases, strict=True):
        windows = baseline.choose(train, 3, threshold)
        assert found["windows"][name] == [list(window) for window in windows]
        predictions = baseline.answer(test, windows)
        assert read_predictions(tmp_path / folder / "predictions.jsonl") == predictions
        assert found["metrics"][name] == evaluate_predictions(predictions, test, evaluation)
        assert json.loads((tmp_path / folder / "metrics.json").read_text()) == {
            "baseline": name,
            "split": "test",
            "queries": 10,
            "evaluation": found["evaluation"],
            "windows": found["windows"][name],
            "metrics": {name: found["metrics"][name]},
        }

        path = str(tmp_path / folder / "predictions.jsonl")
        unthinned = ["--split", "test", "--nms_threshold", "null", "--format", "json"]
        main(["score", "--predictions", path, *options, *unthinned])
        scored = json.loads(capsys.readouterr().out)
        assert (scored["queries"], scored["metrics"]) == (10, found["metrics"][name])
        # the same rules, and those of the ranking beside them
        assert scored["evaluation"] == found["evaluation"] | {"nms": "greedy", "nms_threshold": None, "top_k": 10}


def test_windows_may_be_chosen_on_several_splits_and_elsewhere(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in tiny.queries.read_text().splitlines() if json.loads(line)["split"] == "test"]
    (tmp_path / "test.jsonl").write_text("\n".join(lines))
    elsewhere = ["--train-queries", str(tiny.queries), "--train-split", "train", "val"]
    main(["baselines", "--queries", str(tmp_path / "test.jsonl"), *elsewhere, "--ious", "[0.5]", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    both = [query for split in ("train", "val") for query in read_queries(tiny.queries, "jsonl", split).queries]
    assert found["windows"][NAMES[0]] == [list(window) for window in CONSTANT_WINDOW.choose(both, 5, 0.5)]
    assert found["queries"] == len(lines)


@pytest.mark.parametrize("against", ["any", "all", "median"])
def test_where_several_people_answered_they_stand_beside_the_baselines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], against: str
) -> None:
    anew, published = tmp_path / "anew", tmp_path / "published"
    for folder in (anew, published):
        folder.mkdir()
    write_reannotated(anew)
    write_charades(published, "".join(f"V{number} 0 {number}##person sits.\n" for number in range(1, 9)),
                   "id,length\n" + "".join(f"V{number},20\n" for number in range(1, 9)))  # fmt: skip
    options = ["--queries", str(anew), "--dataset", "charades-sta-reannotated", "--against", against, "--ious", "[0.5]"]
    options += ["--train-queries", str(published), "--train-dataset", "charades-sta"]

    main(["baselines", *options, "--format", "json"])

    found = json.loads(capsys.readouterr().out)["metrics"]
    queries = read_queries(anew, "charades-sta-reannotated").queries
    evaluation = EvaluationConfig(ious=(0.5,), against=against)  # pyrefly: ignore[bad-argument-type]
    assert list(found) == [NAMES[0], NAMES[2], "a person against another", "a person against the others"]
    assert found["a person against another"] == person_against_another(queries, evaluation)
    assert found["a person against the others"] == person_against_others(queries, evaluation)

    main(["baselines", *options, "--format", "markdown"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["test, 4 queries", "", "|  | R1@0.5 | R5@0.5 | mIoU |"]
    figures = found["a person against the others"]
    assert lines[-1] == f"| a person against the others | {figures['R1@0.5']:.2f} | – | {figures['mIoU']:.2f} |"


def test_baselines_that_cannot_be_chosen_are_refused(tiny: Tiny, tmp_path: Path, refused: Refused) -> None:
    write_reannotated(tmp_path)
    options = ["--queries", tmp_path, "--dataset", "charades-sta-reannotated"]
    assert refused("baselines", *options) == (
        "no split 'train' in the re-annotated Charades-STA; it has test; --train-queries says where to choose windows"
    )
    assert refused("baselines", *options, "--train-queries", tmp_path) == (
        "no split 'train' in the re-annotated Charades-STA; it has test; read as charades-sta-reannotated: "
        "--train-dataset says where it is of another format"
    )
    assert "it has test, train, val" in refused("baselines", "--queries", tiny.queries, "--split", "dev")
    elsewhere = refused("baselines", "--queries", tiny.queries, "--train-queries", tmp_path / "none.jsonl")
    assert elsewhere == f"cannot read annotations {tmp_path}/none.jsonl: No such file or directory"
    assert "IoU thresholds [2.0]" in refused("baselines", "--queries", tiny.queries, "--ious", "[2]")
    assert refused("baselines", "--queries", tiny.queries, "--length_ranges", "true") == (
        "--length_ranges: without --map_ious there is no mAP; expected both or neither"
    )
    assert "--against: expected any or all or median, got most" in refused(
        "baselines", "--queries", tiny.queries, "--against", "most"
    )
    assert "unrecognized arguments: --nms soft" in refused("baselines", "--queries", tiny.queries, "--nms", "soft")


def test_charades_sta_is_answered_blindly_as_well_as_is_known(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(shared / "data" / "charades_sta")
    splits = ["--train-split", "train", "val"]
    main(
        ["baselines", "--queries", folder, "--dataset", "charades-sta", *splits, "--recalls", "[1]", "--format", "json"]
    )
    found = json.loads(capsys.readouterr().out)["metrics"]
    assert found["constant window for IoU 0.5"]["R1@0.5"] == pytest.approx(30.6, abs=0.1)
    assert found["constant window for IoU 0.7"]["R1@0.7"] == pytest.approx(17.0, abs=0.2)
