import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from leorn.config import DataConfig, EvaluationConfig, ExperimentConfig, ModelConfig, TrainingConfig, restore
from leorn.errors import InputError

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
    with pytest.raises(InputError, match=r"^run: data: .*missing 1 required positional argument: 'words'$"):
        restore(ExperimentConfig, values, "run")


def test_configuration_needs_no_torch() -> None:
    code = "import sys, leorn.config; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
