"""Protocols give the figures of the published scripts."""

import json
from pathlib import Path
from typing import Any

import pytest

from leorn.cli import main
from leorn.config import EvaluationConfig
from leorn.records import Moment, Prediction, Query
from leorn.scoring.metrics import evaluate_predictions
from leorn.scoring.predictions import apply_nms
from leorn.scoring.protocols import PROTOCOLS
from leorn.training.checks import check_evaluation, figure_names

GOLDEN = Path(__file__).parents[1] / "golden" / "qvhighlights.json"
"""Random queries and submissions with what the published script says of them: see make_qvhighlights.py there."""
BRIEF = {
    "R1@0.5": "MR-full-R1@0.5",
    "R1@0.7": "MR-full-R1@0.7",
    "mAP@0.5": "MR-full-mAP@0.5",
    "mAP@0.75": "MR-full-mAP@0.75",
    "mAP": "MR-full-mAP",
    "mAP-short": "MR-short-mAP",
    "mAP-middle": "MR-middle-mAP",
    "mAP-long": "MR-long-mAP",
}
"""Our names of what the published script calls brief."""


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_figures_of_qvhighlights_are_those_that_its_script_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden = json.loads(GOLDEN.read_text())
    assert len(golden["truth"]) == len(golden["submission"]) == 200
    write_lines(tmp_path / "highlight_val_release.jsonl", golden["truth"])
    submission = write_lines(tmp_path / "submission.jsonl", golden["submission"])
    options = ["--queries", str(tmp_path), "--dataset", "qvhighlights", "--split", "val", "--format", "json"]

    main(["score", "--predictions", str(submission), *options, "--protocol", "qvhighlights"])

    shown = capsys.readouterr()
    assert shown.err == ""
    printed = json.loads(shown.out)["metrics"]
    assert {name: float(f"{printed[name]:.2f}") for name in BRIEF} == {
        name: golden["figures"][theirs] for name, theirs in BRIEF.items()
    }
    assert printed.keys() - BRIEF.keys() == {"mIoU"}

    main(["score", "--predictions", str(submission), *options, "--protocol", "moment-detr"])
    ranges = {"mAP-short", "mAP-middle", "mAP-long"}
    assert json.loads(capsys.readouterr().out)["metrics"] == {
        name: value for name, value in printed.items() if name not in ranges
    }


def test_2d_tan_thins_out_and_asks_for_more_than_the_threshold() -> None:
    query = Query("q", "v", "any", 100.0, (Moment(0.0, 10.0),))
    # the second overlaps the first by 0.6 and goes; the third has exactly half of the moment
    spans = [(40, 50), (40, 46), (0, 5), (60, 70), (80, 90), (90, 100), (0, 10)]
    prediction = Prediction("q", "v", tuple(Moment(float(start), float(end)) for start, end in spans))
    evaluation = PROTOCOLS["2d-tan"].evaluation

    thinned = apply_nms([prediction], evaluation.nms_threshold, evaluation.top_k, evaluation.nms)

    assert evaluate_predictions(thinned, [query], evaluation) == {
        "R1@0.1": 0, "R1@0.3": 0, "R1@0.5": 0, "R1@0.7": 0, "R5@0.1": 100, "R5@0.3": 100, "R5@0.5": 0, "R5@0.7": 0,
        "mIoU": 0,
    }  # fmt: skip


def test_a_network_keeps_its_own_nms_where_a_protocol_has_none() -> None:
    soft = EvaluationConfig(nms="soft", nms_threshold=0.4, ious=(0.9,))
    assert PROTOCOLS["2d-tan"].of_a_network(soft) == PROTOCOLS["2d-tan"].evaluation
    for name in ("moment-detr", "qvhighlights"):
        kept = PROTOCOLS[name].of_a_network(soft)
        assert (kept.nms, kept.nms_threshold) == ("soft", 0.4)
        assert (kept.ious, kept.strict, kept.map_ious[-1]) == ((0.5, 0.7), False, 0.95)


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_protocol_fits_together_and_says_what_it_is_in_a_line(protocol: Any) -> None:  # noqa: ANN401
    check_evaluation(protocol.evaluation)
    assert "\n" not in protocol.rule
    assert "et al." in protocol.source


def test_the_figures_of_a_protocol_can_be_monitored() -> None:
    assert figure_names(PROTOCOLS["qvhighlights"].evaluation) == ("R1@0.5", "R1@0.7", "mIoU", *list(BRIEF)[2:])
