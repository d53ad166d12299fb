import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pytest

from leorn.config import DataConfig, EvaluationConfig, ExperimentConfig, ModelConfig, TrainingConfig
from leorn.errors import InputError
from leorn.restore import restore

EXPERIMENT = ExperimentConfig(
    out="runs/a",
    data=DataConfig(queries="q.jsonl", objects="store", words="w.npz", frame_features="i3d.hdf5", slots=7),
    model=ModelConfig(frame_size=1024, num_scale_layers=(8, 4), norm="layer", reasoning=False),
    evaluation=EvaluationConfig(ious=(0.1, 0.5), nms_threshold=None),
    training=TrainingConfig(loggers=("csv", "wandb"), warmup_epochs=0.5),
)


def test_an_experiment_survives_json() -> None:
    assert restore(ExperimentConfig, json.loads(json.dumps(asdict(EXPERIMENT))), "run") == EXPERIMENT


def test_what_is_not_given_has_its_default() -> None:
    assert restore(ModelConfig, {"hidden_size": 64}, "run") == ModelConfig(hidden_size=64)


def test_an_experiment_from_before_an_option_has_its_default() -> None:
    values = asdict(EXPERIMENT)
    del values["evaluation"]["against"]
    assert restore(ExperimentConfig, values, "run") == EXPERIMENT


def test_an_evaluation_from_before_map_has_none() -> None:
    values = asdict(EXPERIMENT)
    del values["evaluation"]["map_ious"], values["evaluation"]["length_ranges"]
    assert restore(ExperimentConfig, values, "run") == EXPERIMENT
    assert EXPERIMENT.evaluation.map_ious == ()


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(InputError, match=r"^run: unknown key hiden_size; is it of another version of leorn\?$"):
        restore(ModelConfig, {"hiden_size": 64}, "run")


def test_an_unknown_key_of_a_section_is_named_with_its_section() -> None:
    values = asdict(EXPERIMENT)
    values["training"]["speed"] = 1
    with pytest.raises(InputError, match=r"^run: training: unknown key speed;"):
        restore(ExperimentConfig, values, "run")


def test_a_missing_key_is_named() -> None:
    values = asdict(EXPERIMENT)
    del values["data"]["words"]
    with pytest.raises(InputError, match=r"^run: data: missing words$"):
        restore(ExperimentConfig, values, "run")
    with pytest.raises(InputError, match=r"^run: missing out, data$"):
        restore(ExperimentConfig, {}, "run")


@pytest.mark.parametrize("values", [None, [1], "text", 3])
def test_what_has_no_keys_is_refused(values: object) -> None:
    with pytest.raises(InputError, match=r"^run: .*; expected keys with their values$"):
        restore(ModelConfig, values, "run")
    with pytest.raises(InputError, match=r"^run: model: .*; expected keys with their values$"):
        restore(ExperimentConfig, asdict(EXPERIMENT) | {"model": values}, "run")


@pytest.mark.parametrize(
    ("cls", "key", "value", "message"),
    [
        (ModelConfig, "hidden_size", "8", "hidden_size is '8'; expected a whole number"),
        (ModelConfig, "hidden_size", 8.0, "hidden_size is 8.0; expected a whole number"),
        (ModelConfig, "hidden_size", True, "hidden_size is True; expected a whole number"),
        (ModelConfig, "frame_size", [8], "frame_size is (8,); expected a whole number or null"),
        (ModelConfig, "box_dropout", "0.1", "box_dropout is '0.1'; expected a number"),
        (ModelConfig, "reasoning", 1, "reasoning is 1; expected true or false"),
        (ModelConfig, "norm", "group", "norm is 'group'; expected batch or layer"),
        (ModelConfig, "num_scale_layers", 16, "num_scale_layers is 16; expected a list, each a whole number"),
        (ModelConfig, "num_scale_layers", [16, "8"], "num_scale_layers is (16, '8'); expected a list, each a whole"),
        (TrainingConfig, "accelerator", None, "accelerator is None; expected text"),
        (TrainingConfig, "loggers", ["paper"], "loggers is ('paper',); expected a list, each tensorboard or csv or"),
    ],
)
def test_a_value_of_another_kind_is_named(cls: type, key: str, value: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        restore(cls, {key: value}, "run")
    assert str(caught.value).startswith(f"run: {message}")


def test_a_network_of_no_known_kind_is_named_with_those_that_are() -> None:
    with pytest.raises(InputError) as caught:
        restore(ExperimentConfig, asdict(EXPERIMENT) | {"model": {"network": "cube"}}, "run")
    assert str(caught.value) == "run: model: network is 'cube'; expected map or pyramid"


def test_a_whole_number_is_a_number() -> None:
    assert restore(TrainingConfig, {"gradient_clip": 5, "text_learning_rate": None}, "run").gradient_clip == 5


def test_configuration_needs_no_torch() -> None:
    code = "import sys, leorn.config; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


@dataclass(frozen=True)
class Table:
    rows: Mapping[str, Sequence[Sequence[float]]]


def test_lists_within_are_looked_at() -> None:
    assert restore(Table, {"rows": {"a": [[1, 2.5], []]}}, "table").rows == {"a": [[1, 2.5], []]}
    for wrong in ([[1, "2"]], [1.0], "12"):
        with pytest.raises(InputError, match=r"^table: rows is .*; expected keys with their values$"):
            restore(Table, {"rows": {"a": wrong}}, "table")
