"""`leorn report`: its two files from predictions, what it says on the way, and what it refuses."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leorn.cli import main
from leorn.config import EvaluationConfig
from leorn.data.annotations import read_queries
from leorn.reporting import verbs
from leorn.scoring.baselines import BASELINES
from leorn.scoring.metrics import evaluate_predictions
from leorn.scoring.predictions import apply_nms, read_predictions
from leorn.scoring.protocols import PROTOCOLS
from tests.commands import Refused, files
from tests.tiny import Tiny

BLIND = ["objects of another video", "sentences about another video"]
BASELINE_NAMES = ["constant window", "length prior"]
Line = dict[str, Any]


@pytest.fixture(scope="module")
def evaluated(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What leorn evaluate writes of a network and of the same network blinded."""
    out = tmp_path_factory.mktemp("evaluated") / "LEORN"
    main(
        [
            "evaluate",
            str(trained),
            "--accelerator",
            "cpu",
            "--shuffle-objects",
            "--shuffle-sentences",
            "--out",
            str(out),
        ]
    )
    return out


@pytest.fixture
def theirs(tiny: Tiny, tmp_path: Path) -> Path:
    """Somebody's predictions, alike for every query; the second moment overlaps the first by more than one half."""
    rows = [
        {"query_id": query.query_id, "video": query.video, "moments": [[0, 8, 0.9], [0, 7, 0.6], [1, 4, 0.5]]}
        for query in read_queries(tiny.queries, "jsonl", "test").queries
    ]
    path = tmp_path / "theirs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def report(tiny: Tiny, out: Path, *predictions: Path, options: tuple[object, ...] = ()) -> list[str]:
    words = ["report", "--predictions", *predictions, "--queries", tiny.queries, "--out", out, *options]
    return [str(word) for word in words]


def read(out: Path) -> dict[str, Any]:
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def figures(result: dict[str, Any]) -> dict[str, float]:
    return {name: one["mean"] for name, one in result["figures"].items()}


def test_a_report_of_a_network_beside_somebodys_predictions_and_what_never_looked(
    tiny: Tiny, evaluated: Path, theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    main(report(tiny, out, evaluated, theirs, options=("--names", "LEORN", "theirs")))

    said = capsys.readouterr()
    assert said.out == f"wrote {out}/report.html\nwrote {out}/report.json\n"
    assert said.err == ""
    assert files(out) == {"report.html", "report.json"}
    found = read(out)
    results = {result["name"]: result for result in found["results"]}
    blind = [f"LEORN, {shown}" for shown in BLIND]
    assert [*results] == ["LEORN", "theirs", *blind, *BASELINE_NAMES]
    assert [name for name, result in results.items() if result["baseline"]] == [*blind, *BASELINE_NAMES]
    assert found["title"] == "LEORN, theirs: test"

    # the same figures as leorn evaluate wrote, of the network and of the blinded one
    metrics = json.loads((evaluated / "metrics.json").read_text())["metrics"]
    assert figures(results["LEORN"]) == pytest.approx(metrics["LEORN"])
    for shown in BLIND:
        assert figures(results[f"LEORN, {shown}"]) == pytest.approx(metrics[f"same network, {shown}"])

    train, test = (read_queries(tiny.queries, "jsonl", split).queries for split in ("train", "test"))
    evaluation = EvaluationConfig()
    thinned = apply_nms(read_predictions(theirs), 0.5, 10)
    assert figures(results["theirs"]) == pytest.approx(evaluate_predictions(thinned, test, evaluation))
    for baseline in BASELINES:
        answers = baseline.answer(test, baseline.choose(train))
        assert figures(results[baseline.name]) == pytest.approx(evaluate_predictions(answers, test, evaluation))
    assert results["LEORN"]["known"]["seed"] == 0
    assert results["LEORN"]["known"]["file"] == f"{evaluated}/predictions.jsonl"
    assert found["protocol"]["annotations"] == f"{tiny.queries} (jsonl)"
    assert found["protocol"]["as read"] == "10 queries in 5 videos"


def test_predictions_of_evaluate_are_not_thinned_again_and_others_are(tiny: Tiny, theirs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ranked"
    folder.mkdir()
    (folder / "predictions.jsonl").write_bytes(theirs.read_bytes())
    (folder / "metrics.json").write_text('{"seed": 1}')
    main(report(tiny, tmp_path / "report", folder, theirs, options=("--recalls", "[1,3]", "--nms_threshold", "0.1")))
    ranked, thinned = (figures(result) for result in read(tmp_path / "report")["results"][:2])
    test, given = read_queries(tiny.queries, "jsonl", "test").queries, read_predictions(theirs)
    evaluation = EvaluationConfig(recalls=(1, 3))
    assert ranked == pytest.approx(evaluate_predictions(given, test, evaluation))
    # the first moment is the whole video, and leaves none beside it
    first = [replace(one, moments=one.moments[:1]) for one in given]
    assert thinned == pytest.approx(evaluate_predictions(first, test, evaluation))
    assert thinned["R3@0.5"] < ranked["R3@0.5"]


def test_no_more_answers_are_counted_than_evaluate_kept(
    tiny: Tiny, theirs: Path, tmp_path: Path, refused: Refused
) -> None:
    folder = tmp_path / "ranked"
    folder.mkdir()
    (folder / "predictions.jsonl").write_bytes(theirs.read_bytes())
    (folder / "metrics.json").write_text('{"evaluation": {"top_k": 5}}')
    message = refused(*report(tiny, tmp_path / "report", theirs, folder, options=("--recalls", "[1,6]")))
    kept = f"{folder}/predictions.jsonl: leorn evaluate kept the first 5 answers to each query (evaluation.top_k)"
    assert message == f"{kept}; expected --recalls of at most 5, not 6"
    main(report(tiny, tmp_path / "report", theirs, folder, options=("--recalls", "[1,5]")))


def test_windows_of_baselines_are_not_thinned(tiny: Tiny, tmp_path: Path) -> None:
    options = ["--queries", str(tiny.queries), "--ious", "[0.5,0.7]"]
    main(["baselines", *options, "--out", str(tmp_path / "windows")])
    name = "constant window for IoU 0.7"
    window = tmp_path / "windows" / name.replace(" ", "-")
    main(report(tiny, tmp_path / "report", window, options=("--ious", "[0.5,0.7]", "--nms_threshold", "0.1")))
    result = read(tmp_path / "report")["results"][0]
    metrics = json.loads((tmp_path / "windows/metrics.json").read_text())["metrics"][name]
    assert figures(result) == pytest.approx(metrics)
    assert (result["name"], result["known"]["baseline"]) == (name.replace(" ", "-"), name)
    # thinned, the windows would score otherwise
    given = apply_nms(read_predictions(window / "predictions.jsonl"), 0.1, 10)
    test = read_queries(tiny.queries, "jsonl", "test").queries
    assert evaluate_predictions(given, test, EvaluationConfig(ious=(0.5, 0.7))) != pytest.approx(metrics)


def test_a_protocol_gives_the_options_and_is_named(tiny: Tiny, theirs: Path, tmp_path: Path, refused: Refused) -> None:
    options = ("--protocol", "moment-detr", "--title", "A title")
    main(report(tiny, tmp_path / "report", theirs, options=options))
    found = read(tmp_path / "report")
    protocol = PROTOCOLS["moment-detr"]
    assert found["protocol"]["rule"] == protocol.rule
    assert (found["protocol"]["strict"], found["protocol"]["nms_threshold"]) == (False, None)
    assert found["title"] == "A title"
    test = read_queries(tiny.queries, "jsonl", "test").queries
    expected = evaluate_predictions(read_predictions(theirs), test, protocol.evaluation)
    assert figures(found["results"][0]) == pytest.approx(expected)
    message = refused(*report(tiny, tmp_path / "other", theirs, options=(*options, "--strict", "true")))
    assert message == "--strict true: protocol moment-detr has false; leave out --strict or --protocol"


def test_without_training_queries_there_are_no_baselines_and_a_line_says_so(
    tiny: Tiny, theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: Refused
) -> None:
    mine = tmp_path / "test.jsonl"
    mine.write_text("\n".join(line for line in tiny.queries.read_text().splitlines() if '"test"' in line))
    main(report(tiny, tmp_path / "a", theirs, options=("--queries", mine)))
    said = capsys.readouterr().err
    assert said.startswith("no baselines and no rare words, for want of training queries: ")
    assert said.count("\n") == 1
    found = read(tmp_path / "a")
    assert [result["name"] for result in found["results"]] == ["theirs"]
    assert "rare words" not in [grouping["name"] for grouping in found["groupings"]]
    assert "comparison" not in re.findall('section id="(.*?)"', (tmp_path / "a/report.html").read_text())

    main(report(tiny, tmp_path / "b", theirs, options=("--queries", mine, "--train-queries", tiny.queries)))
    assert capsys.readouterr().err == ""
    assert [result["name"] for result in read(tmp_path / "b")["results"]] == ["theirs", *BASELINE_NAMES]
    # what is named must be there
    elsewhere = ("--queries", mine, "--train-queries", tmp_path / "none.jsonl")
    message = refused(*report(tiny, tmp_path / "c", theirs, options=elsewhere))
    assert message == f"cannot read annotations {tmp_path}/none.jsonl: No such file or directory"
    message = refused(*report(tiny, tmp_path / "c", theirs, options=("--train-split", "tarin")))
    assert "no query of split 'tarin' left; it has test, train, val" in message
    assert not (tmp_path / "c").exists()


def test_the_same_command_twice_writes_the_same_bytes(
    tiny: Tiny, evaluated: Path, theirs: Path, tmp_path: Path
) -> None:
    for name in "ab":
        main(report(tiny, tmp_path / name, evaluated, theirs))
    for name in ("report.html", "report.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def change(key: str, value: object) -> Callable[[list[Line]], list[Line]]:
    """Change a value in the second line."""
    return lambda rows: [rows[0], rows[1] | {key: value}, *rows[2:]]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda rows: rows[1:], "theirs: queries without a prediction (1): test-0#0; expected one prediction for each"),
        (change("moments", [[0, 1, float("nan")]]), "{path}:2: moments is nan; expected a finite number"),
        (change("moments", [[3, 2]]), "{path}:2: moment (3.0, 2.0): expected 0 <= start < end, in seconds"),
        (change("query_id", "x"), "theirs: predictions for unknown query ids (1): x; expected one prediction for each"),
        (change("video", "test-4"), "theirs: predictions about another video than their query (1): test-0#1 (video"),
        (lambda rows: [], "{path}: the file is empty; expected predictions"),
    ],
)
def test_predictions_that_are_wrong_are_named(
    tiny: Tiny,
    theirs: Path,
    tmp_path: Path,
    refused: Refused,
    harm: Callable[[list[Line]], list[Line]],
    message: str,
) -> None:
    rows = harm([json.loads(line) for line in theirs.read_text().splitlines()])
    theirs.write_text("\n".join(map(json.dumps, rows)))
    assert refused(*report(tiny, tmp_path / "out", theirs)).startswith(message.format(path=theirs))
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_reported_is_refused_and_nothing_is_written(
    tiny: Tiny, theirs: Path, tmp_path: Path, refused: Refused
) -> None:
    out = tmp_path / "out"
    before = files(tmp_path)
    missing = tmp_path / "none.jsonl"
    assert refused(*report(tiny, out, missing)) == f"cannot read predictions {missing}: No such file or directory"
    twice = refused(*report(tiny, out, theirs, theirs))
    assert twice == f"{theirs}: given twice; expected each method's predictions once"
    names = refused(*report(tiny, out, theirs, options=("--names", "a", "b")))
    assert names == "--names a b: expected 1 different names, one for each --predictions"
    split = refused(*report(tiny, out, theirs, options=("--split", "dev")))
    assert "no query of split 'dev' left; it has test, train, val" in split
    assert "IoU thresholds [2.0]" in refused(*report(tiny, out, theirs, options=("--ious", "[2]")))
    assert "required: --predictions, --out, --queries" in refused("report")
    soft = refused(*report(tiny, out, theirs, options=("--nms", "mild")))
    assert soft == "--nms: expected greedy or soft, got mild"
    blocked = refused(*report(tiny, theirs, theirs))
    assert blocked.startswith(f"cannot write {theirs}/report.html: ")
    assert files(tmp_path) == before


@pytest.mark.parametrize("module", ["jinja2", "textblob", "lemminflect"])
def test_what_is_not_installed_is_said_with_what_adds_it(
    tiny: Tiny,
    theirs: Path,
    tmp_path: Path,
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
) -> None:
    verbs._tools.cache_clear()
    for loaded in [one for one in sys.modules if one.split(".")[0] == module]:
        monkeypatch.setitem(sys.modules, loaded, None)
    monkeypatch.setitem(sys.modules, module, None)
    message = refused(*report(tiny, tmp_path / "out", theirs))
    verbs._tools.cache_clear()
    assert re.fullmatch(rf"{module}[.\w]* is not installed; pip install leorn\[report\] adds it", message)
    assert not (tmp_path / "out").exists()


def test_help_says_what_a_report_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report", "--help"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Report what methods are worth on the same queries, beside honest baselines, as one HTML page." in shown
    assert "Those of leorn evaluate, with its metrics.json beside them, have gone through NMS" in shown
