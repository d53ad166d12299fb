"""What is wrong with an experiment is said before anything is read."""

from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from lightning.pytorch.accelerators import AcceleratorRegistry

from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.training import checks
from leorn.training.checks import ACCELERATORS, check_evaluation, check_experiment, figure_names
from tests.tiny import PYRAMID, Tiny


def test_figures_are_named_as_evaluation_names_them() -> None:
    names = figure_names(EvaluationConfig(ious=(0.3, 0.75), recalls=(1, 5)))
    assert names == ("R1@0.3", "R1@0.75", "R5@0.3", "R5@0.75", "mIoU")


def test_map_has_a_figure_for_each_length() -> None:
    evaluation = EvaluationConfig(ious=(0.5,), recalls=(1,), map_ious=(0.5, 0.6, 0.75))
    names = ("R1@0.5", "mIoU", "mAP@0.5", "mAP@0.75", "mAP")
    assert figure_names(evaluation) == names
    by_length = replace(evaluation, length_ranges=True)
    assert figure_names(by_length) == (*names, "mAP-short", "mAP-middle", "mAP-long")


def test_lengths_without_map_are_refused(tiny: Tiny) -> None:
    with pytest.raises(InputError) as caught:
        check_experiment(tiny.experiment(Path("unused"), evaluation__length_ranges=True))
    assert str(caught.value) == (
        "evaluation.length_ranges: without evaluation.map_ious there is no mAP; expected both or neither"
    )


@pytest.mark.parametrize("monitor", ["R1@0.3", "R5@0.7", "mIoU", "loss"])
def test_a_figure_that_exists_can_be_monitored(tiny: Tiny, monitor: str) -> None:
    check_experiment(tiny.experiment(Path("unused"), training__monitor=monitor))


def test_a_figure_that_does_not_exist_is_answered_with_those_that_do(tiny: Tiny) -> None:
    config = tiny.experiment(Path("unused"), training__monitor="R1@0.5", evaluation__ious=(0.3,))
    with pytest.raises(InputError) as caught:
        check_experiment(config)
    assert str(caught.value) == "training.monitor R1@0.5: no such figure; expected R1@0.3, R5@0.3, mIoU, loss"


def test_too_few_moments_for_a_recall_are_refused() -> None:
    check_evaluation(EvaluationConfig(recalls=(1, 10), top_k=10))
    with pytest.raises(InputError, match=r"evaluation\.top_k 10: too few moments for R@11; expected 11 or more"):
        check_evaluation(EvaluationConfig(recalls=(1, 11), top_k=10))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("training__epochs", 0, r"training\.epochs 0; expected 1 or more"),
        ("training__batch_size", 0, r"training\.batch_size 0; expected 1 or more"),
        ("training__workers", -1, r"training\.workers -1; expected 0 or more"),
        ("training__seed", 2**32, r"training\.seed 4294967296; expected 0 to 4294967295"),
        ("training__learning_rate", nan, r"training\.learning_rate nan; expected 0 or more"),
        ("training__learning_rate", inf, r"training\.learning_rate inf; expected 0 or more, and finite"),
        ("training__text_learning_rate", -1.0, r"training\.text_learning_rate -1\.0; expected 0 or more"),
        ("training__warmup_epochs", 3.0, r"training\.warmup_epochs 3\.0; expected 0 to 2"),
        ("model__attention_dropout", 1.0, r"model\.attention_dropout 1\.0; expected 0 or more, below 1"),
        ("training__weight_average", 1.0, r"training\.weight_average 1\.0; expected 0 or more, below 1"),
        ("model__num_scale_layers", (), r"model\.num_scale_layers is empty; expected one number or more"),
        ("model__num_scale_layers", (4, 0), r"model\.num_scale_layers 0; expected 1 or more"),
        ("model__frame_size", 0, r"model\.frame_size 0; expected 1 or more"),
        ("data__min_score", nan, r"data\.min_score nan; expected 0 or more, below 1"),
        ("data__min_score", 1.0, r"data\.min_score 1\.0; expected 0 or more, below 1"),
        ("data__min_score", -0.1, r"data\.min_score -0\.1; expected 0 or more, below 1"),
        ("data__slots", 0, r"data\.slots 0; expected 1 or more"),
        ("evaluation__nms_threshold", 1.5, r"evaluation\.nms_threshold 1\.5; expected 0 to 1"),
        ("evaluation__ious", (0.5, 0.0), r"IoU thresholds \[0\.5, 0\.0\]: expected one or more, each above 0"),
        ("evaluation__recalls", (), r"recalls \[\]: expected one or more"),
    ],
)
def test_a_number_out_of_range_is_named_with_the_range(tiny: Tiny, key: str, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_experiment(tiny.experiment(Path("unused"), **{key: value}))


def test_a_batch_holds_whole_groups_of_one_video(tiny: Tiny) -> None:
    check_experiment(tiny.experiment(Path("unused"), training__batch_size=12, training__queries_per_video=4))
    with pytest.raises(InputError) as caught:
        check_experiment(tiny.experiment(Path("unused"), training__batch_size=10, training__queries_per_video=4))
    assert str(caught.value) == "training.batch_size 10 must be a multiple of training.queries_per_video 4"


def test_leaving_out_every_row_is_refused(tiny: Tiny) -> None:
    config = tiny.experiment(Path("unused"), replace(PYRAMID, drop_path=1.0))
    with pytest.raises(InputError, match=r"model\.drop_path 1\.0; expected 0 or more, below 1"):
        check_experiment(config)


def test_accelerators_are_those_of_lightning(tiny: Tiny) -> None:
    assert {*ACCELERATORS} == {"auto", "gpu", *AcceleratorRegistry.available_accelerators()}
    for name in ACCELERATORS:
        check_experiment(tiny.experiment(Path("unused"), training__accelerator=name))
    with pytest.raises(InputError) as caught:
        check_experiment(tiny.experiment(Path("unused"), training__accelerator="abacus"))
    assert str(caught.value) == (
        "training.accelerator abacus: no such accelerator; expected auto, cpu, gpu, cuda, mps, tpu"
    )


def test_the_keys_of_an_evaluation_are_named_as_the_user_wrote_them() -> None:
    with pytest.raises(InputError, match=r"^--nms_threshold 2; expected 0 to 1$"):
        check_evaluation(EvaluationConfig(nms_threshold=2), "--")


def test_a_logger_that_is_not_installed_is_named(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny.experiment(Path("unused"), training__loggers=("csv", "wandb"))
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        check_experiment(config)
    assert str(caught.value) == "training.loggers: wandb is not installed; pip install leorn[wandb] adds it"
    monkeypatch.setattr(checks, "find_spec", lambda name: object())
    check_experiment(config)


def test_a_compiled_network_keeps_its_activations(tiny: Tiny) -> None:
    both = {"training__compile": True, "training__checkpoint_activations": True}
    with pytest.raises(InputError, match=r"^training.compile and training.checkpoint_activations: both are true"):
        check_experiment(tiny.experiment(Path("out"), **both))
