"""`leorn score`: what it prints, by which protocol, and what it says of predictions that are wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leorn.cli import main
from leorn.data.annotations import read_queries
from leorn.scoring.protocols import PROTOCOLS
from tests.commands import Refused
from tests.tiny import Tiny

Line = dict[str, Any]

SUBMISSION = {"query_id": "qid", "video": "vid", "moments": "pred_relevant_windows"}
"""What submissions to QVHighlights call the keys of our lines."""


def write_predictions(tiny: Tiny, path: Path, moments: list[list[float]]) -> list[Line]:
    """Answer every query of the validation split alike."""
    queries = read_queries(tiny.queries, "jsonl", "val").queries
    rows = [{"query_id": query.query_id, "video": query.video, "moments": moments} for query in queries]
    path.write_text("\n".join(map(json.dumps, rows)))
    return rows


def test_what_had_to_be_mended_to_read_the_queries_is_said(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path, queries = tmp_path / "p.jsonl", tmp_path / "q.jsonl"
    write_predictions(tiny, path, [[0, 1, 0.5]])
    rows = [json.loads(line) for line in tiny.queries.read_text().splitlines()]
    rows = [row for row in rows if row["split"] == "val"]
    # one moment runs on after the video, and of another query's two one runs backwards
    rows[0]["moments"], rows[1]["moments"] = [[0, 10 * rows[0]["duration"]]], [[0, 1], [2, 1]]
    queries.write_text("\n".join(map(json.dumps, rows)))
    command = ["score", "--predictions", str(path), "--queries", str(queries)]
    main(command)
    read = f"{queries}: 6 queries in 3 videos; 1 end after the video clipped, 1 empty moment dropped and 0 queries with"
    assert capsys.readouterr().err == f"{read} them\n"
    # a query that has nothing else is none to answer
    rows[1]["moments"] = [[2, 1]]
    queries.write_text("\n".join(map(json.dumps, rows)))
    main([*command, "--format", "json"])
    printed = capsys.readouterr()
    assert printed.err.endswith("; 1 end after the video clipped, 1 empty moment dropped and 1 query with them\n")
    assert caplog.messages == [f"{path}: 1 prediction without a moment to score against left out"]
    assert json.loads(printed.out)["queries"] == 5


def options(tiny: Tiny, path: Path) -> list[str]:
    return ["score", "--predictions", str(path), "--queries", str(tiny.queries), "--split", "val"]


def put(key: str, value: object) -> Callable[[list[Line]], list[Line]]:
    """Change a value in the second line."""
    return lambda rows: [rows[0], rows[1] | {key: value}, *rows[2:]]


@pytest.mark.parametrize("keys", [{}, SUBMISSION], ids=["ours", "submission"])
@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda rows: rows[1:], "queries without a prediction (1): val-0#0; expected one prediction for each query"),
        (
            lambda rows: rows[:1],
            "queries without a prediction (5): val-0#1, val-1#0, val-1#1, …; expected one prediction for each query",
        ),
        (
            lambda rows: [*rows, rows[0]],
            "query ids predicted more than once (1): val-0#0; expected one prediction for each query",
        ),
        (
            lambda rows: [*rows, rows[0] | {"query_id": "x"}],
            "predictions for unknown query ids (1): x; expected one prediction for each query",
        ),
        (
            put("video", "val-2"),
            "predictions about another video than their query (1): val-0#1 (video val-2, not val-0); "
            "expected one prediction for each query",
        ),
        (put("query_id", None), "{path}:2: {query_id} is None; expected text"),
        (put("video", 3), "{path}:2: {video} is 3; expected text"),
        (put("moments", None), "{path}:2: {moments} is None; expected a list"),
        (put("moments", [[0, float("nan"), 1]]), "{path}:2: {moments} is nan; expected a finite number"),
        (put("moments", [[0, 1, float("inf")]]), "{path}:2: {moments} is inf; expected a finite number"),
        (put("moments", [["0", 1]]), "{path}:2: {moments} is '0'; expected a finite number"),
        (put("moments", [[0, 1], [3, 2]]), "{path}:2: moment (3.0, 2.0): expected 0 <= start < end, in seconds"),
        (put("moments", [[2, 2, 0.1]]), "{path}:2: moment (2.0, 2.0): expected 0 <= start < end, in seconds"),
        (put("moments", [[-1, 2, 0.1]]), "{path}:2: moment (-1.0, 2.0): expected 0 <= start < end, in seconds"),
        (
            put("moments", [[0, 1, 0.5, 2]]),
            "{path}:2: {moments} holds [0, 1, 0.5, 2]; expected [start, end] or [start, end, score]",
        ),
        (lambda rows: [], "{path}: the file is empty; expected predictions"),
    ],
)
def test_predictions_that_are_wrong_are_named(
    tiny: Tiny,
    tmp_path: Path,
    refused: Refused,
    keys: dict[str, str],
    harm: Callable[[list[Line]], list[Line]],
    message: str,
) -> None:
    path = tmp_path / "p.jsonl"
    rows = harm(write_predictions(tiny, path, [[0, 8, 0.5]]))
    path.write_text("\n".join(json.dumps({keys.get(name, name): value for name, value in row.items()}) for row in rows))
    named = {name: keys.get(name, name) for name in SUBMISSION}
    assert refused(*options(tiny, path)) == message.format(path=path, **named)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda text: text[:-9], "{path}:6: not JSON, or truncated"),
        (lambda text: text + "\n[1]", "{path}:7: [1]; expected a JSON object"),
        (lambda text: text.replace("query_id", "id"), "{path}:1: query_id is missing; expected text"),
        (lambda text: "\n \n", "{path}: the file is empty; expected predictions"),
    ],
)
def test_lines_that_are_no_predictions_are_named(
    tiny: Tiny, tmp_path: Path, refused: Refused, harm: Callable[[str], str], message: str
) -> None:
    path = tmp_path / "p.jsonl"
    write_predictions(tiny, path, [[0, 8]])
    path.write_text(harm(path.read_text()))
    assert refused(*options(tiny, path)).startswith(message.format(path=path))
    path.unlink()
    assert refused(*options(tiny, path)) == f"cannot read predictions {path}: No such file or directory"


def test_a_protocol_is_named_with_its_rule(tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.jsonl"
    write_predictions(tiny, path, [[0, 8, 0.9], [1, 4, 0.5]])

    main([*options(tiny, path), "--protocol", "moment-detr", "--format", "json"])

    shown = capsys.readouterr()
    found = json.loads(shown.out)
    rule, source = PROTOCOLS["moment-detr"].rule, PROTOCOLS["moment-detr"].source
    assert list(found) == ["queries", "protocol", "rule", "source", "evaluation", "metrics"]
    assert (found["queries"], found["protocol"], found["rule"], found["source"]) == (6, "moment-detr", rule, source)
    assert list(found["metrics"]) == ["R1@0.5", "R1@0.7", "mIoU", "mAP@0.5", "mAP@0.75", "mAP"]
    assert shown.err == ""

    main([*options(tiny, path), "--protocol=2d-tan"])
    table = capsys.readouterr().out
    assert table.startswith(f"2d-tan: {PROTOCOLS['2d-tan'].rule}\n")
    assert "R5@0.1" in table
    assert "mAP" not in table


def test_what_agrees_with_a_protocol_may_be_given_beside_it(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.jsonl"
    write_predictions(tiny, path, [[0, 8], [1, 4]])
    command = [*options(tiny, path), "--format", "json", "--protocol", "moment-detr"]
    main(command)
    alone = capsys.readouterr().out
    main([*command, "--strict", "false", "--nms_threshold", "null", "--ious", "[0.5,0.7]"])
    assert capsys.readouterr().out == alone


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--strict", "true"], "--strict true: protocol moment-detr has false; leave out --strict or --protocol"),
        (["--strict=true"], "--strict true: protocol moment-detr has false; leave out --strict or --protocol"),
        (["--nms", "soft"], "--nms soft: protocol moment-detr has greedy; leave out --nms or --protocol"),
        (
            ["--nms_threshold", "0.5"],
            "--nms_threshold 0.5: protocol moment-detr has null; leave out --nms_threshold or --protocol",
        ),
        (["--ious", "[0.5]"], "--ious [0.5]: protocol moment-detr has [0.5, 0.7]; leave out --ious or --protocol"),
        (["--recalls", "[1,5]"], "--recalls [1, 5]: protocol moment-detr has [1]; leave out --recalls or --protocol"),
        (
            ["--length_ranges", "true"],
            "--length_ranges true: protocol moment-detr has false; leave out --length_ranges or --protocol",
        ),
    ],
)
def test_what_disagrees_with_a_protocol_is_refused(
    tiny: Tiny, refused: Refused, given: list[str], message: str
) -> None:
    command = options(tiny, Path("unread"))
    assert refused(*command, *given, "--protocol", "moment-detr") == message
    assert refused(*command, "--protocol=moment-detr", *given) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--protocol", "tan"], "--protocol: expected 2d-tan or moment-detr or qvhighlights, got tan"),
        (["--length_ranges", "true"], "--length_ranges: without --map_ious there is no mAP; expected both or neither"),
        (
            ["--map_ious", "[0.5,2]"],
            "IoU thresholds of mAP [0.5, 2.0]: expected one or more, each above 0 and at most 1",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(tiny: Tiny, refused: Refused, given: list[str], message: str) -> None:
    assert refused(*options(tiny, Path("unread")), *given) == message


def test_moments_out_of_order_are_ranked_and_one_line_says_so(
    tiny: Tiny, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path, command = tmp_path / "p.jsonl", ["--format", "json"]
    write_predictions(tiny, path, [[0, 8, 0.9], [1, 4, 0.5]])
    main([*options(tiny, path), *command])
    in_order = capfd.readouterr().out
    rows = write_predictions(tiny, path, [[1, 4, 0.5], [0, 8, 0.9]])
    main([*options(tiny, path), *command])
    assert capfd.readouterr().out == in_order
    assert caplog.messages == [f"{path}: moments of {len(rows)} queries were not best first; ranked by score"]


def test_help_tells_the_protocols(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["score", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name, protocol in PROTOCOLS.items():
        assert f"{name}: {protocol.rule}" in shown
    with pytest.raises(SystemExit):
        main(["score", "--protocol", "moment-detr", "--help"])
    assert "(type: float | null, default: null)" in " ".join(capsys.readouterr().out.split())
