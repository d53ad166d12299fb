import re
from dataclasses import replace
from typing import Any

import pytest

from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.scoring.runs import check_one_experiment, restore_run
from tests.metrics_files import metrics_file


def test_a_run_is_what_evaluate_wrote() -> None:
    run = restore_run(metrics_file(seed=3, protocol="2d-tan", rule="NMS", source="2D-TAN"), "metrics.json")
    assert (run.network, run.split, run.queries, run.seed, run.protocol) == ("LEORN-P", "test", 10, 3, "2d-tan")
    assert run.evaluation == EvaluationConfig(ious=(0.5,))
    assert run.metrics["constant window"] == {"R1@0.5": 11.0, "R5@0.5": 44.5}
    assert restore_run(metrics_file(), "metrics.json").protocol is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": "LEORN"}, "a.json: metrics of LEORN-P, constant window; expected also LEORN"),
        ({"metrics": {}}, "a.json: metrics of nothing; expected also LEORN-P"),
        ({"seed": "0"}, "a.json: seed is '0'; expected a whole number"),
        ({"constant_windows": [["a", "b"]]}, "a.json: constant_windows is (['a', 'b'],); expected a list, each a list"),
        ({"rows": {}}, "a.json: unknown key rows; is it of another version of leorn?"),
    ],
)
def test_what_is_no_run_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        restore_run(metrics_file() | changes, "a.json")


def test_a_run_without_a_key_is_refused() -> None:
    values = metrics_file()
    del values["words"]
    with pytest.raises(InputError, match=r"^a.json: missing words$"):
        restore_run(values, "a.json")


def test_runs_of_one_experiment_differ_in_their_seeds() -> None:
    first, second = (restore_run(metrics_file(seed=seed), "a.json") for seed in (0, 1))
    check_one_experiment([first, second], "a.json")
    check_one_experiment([], "a.json")
    changes: dict[str, Any] = {"queries": 9, "words": "other", "evaluation": EvaluationConfig(), "features": {}}
    for key, value in changes.items():
        with pytest.raises(InputError, match=rf"^a.json: {key} of runs/1/best.ckpt is not that of runs/0/best.ckpt$"):
            check_one_experiment([first, replace(second, **{key: value})], "a.json")
    with pytest.raises(InputError, match=r"^a.json: runs of seeds 0, 0; expected each seed once$"):
        check_one_experiment([first, first], "a.json")
