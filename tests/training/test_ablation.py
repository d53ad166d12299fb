"""The file of an ablation: what it means, and that every mistake in it is named."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from leorn.config import PyramidConfig
from leorn.errors import InputError
from leorn.training.ablation import read_ablation, variant_experiments
from tests.tiny import Tiny

VARIANTS = """
variants:
  full: {}
  no-shift: {model.temporal_shift: 0}
  small: {model.map_kernel_sizes: [3], training.learning_rate: 0.02}
"""


def write(tiny: Tiny, folder: Path, rest: str = VARIANTS) -> Path:
    """Write an ablation of the tiny experiment, which ends as told."""
    experiment = yaml.safe_load(tiny.write_experiment(folder / "e.yaml", folder / "runs").read_text())
    path = folder / "ablation.yaml"
    path.write_text(yaml.safe_dump({"experiment": experiment}) + rest)
    return path


def test_variants_change_what_they_name_and_lie_in_folders_of_their_own(tiny: Tiny, tmp_path: Path) -> None:
    path = write(tiny, tmp_path, VARIANTS + "seeds: 3\nsplits: [val, test]\n")
    ablation = read_ablation(path)
    full = tiny.experiment(tmp_path / "runs")
    assert ablation.experiment == full
    assert (ablation.seeds, ablation.splits) == (3, ("val", "test"))
    assert variant_experiments(ablation, str(path)) == {
        "full": replace(full, out=f"{tmp_path}/runs/full"),
        "no-shift": tiny.experiment(tmp_path / "runs/no-shift", model__temporal_shift=0),
        "small": tiny.experiment(tmp_path / "runs/small", model__map_kernel_sizes=(3,), training__learning_rate=0.02),
    }


@pytest.mark.parametrize(("text", "rate"), [("5e-4", 0.0005), ("2E+1", 20.0), ("5.0e-4", 0.0005), ("1", 1.0)])
def test_numbers_are_written_as_for_training(tiny: Tiny, tmp_path: Path, text: str, rate: float) -> None:
    path = write(tiny, tmp_path, f"variants:\n  full: {{}}\n  mine: {{training.learning_rate: {text}}}\n")
    assert variant_experiments(read_ablation(path), "a.yaml")["mine"].training.learning_rate == rate


def test_there_are_two_seeds_and_the_test_split_unless_said_otherwise(tiny: Tiny, tmp_path: Path) -> None:
    ablation = read_ablation(write(tiny, tmp_path))
    assert (ablation.seeds, ablation.splits) == (2, ("test",))


def test_an_ablation_of_a_pyramid_knows_its_options(tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "ablation.yaml"
    experiment = {
        "out": "runs",
        "data": {"queries": "q", "objects": "o", "words": "w"},
        "model": {"network": "pyramid"},
    }
    path.write_text(
        yaml.safe_dump({"experiment": experiment, "variants": {"full": {}, "no": {"model.steering": False}}})
    )
    model = variant_experiments(read_ablation(path), str(path))["no"].model
    assert model == PyramidConfig(steering=False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("variants:", "variant:", "unknown key variant; expected experiment, variants, seeds, splits"),
        ("epochs: 2", "epoch: 2", "experiment: training: unknown key epoch; is it of another version of leorn?"),
        ("epochs: 2", "epochs: two", "experiment: training: epochs is 'two'; expected a whole number"),
        ("  training:", "  trainings:", "experiment: unknown key trainings; is it of another version of leorn?"),
        ("seeds: 2", "seeds: 0", "expected one seed, one split and one variant at least"),
        ("seeds: 2", "seeds: -1", "expected one seed, one split and one variant at least"),
        ("seeds: 2", "seeds: two", "seeds is 'two'; expected a whole number"),
        ("seeds: 2", "seeds: true", "seeds is True; expected a whole number"),
        ("[test]", "[]", "expected one seed, one split and one variant at least"),
        ("[test]", "test", "splits is 'test'; expected a list, each text"),
        ("  no-shift:", "  ../no shift:", "variant '../no shift'; expected letters, digits, '.', '_' and '-'"),
        ("  no-shift:", "  ..:", "variant '..'; expected letters"),
        ("  no-shift:", "  '':", "variant ''; expected letters"),
        ("{model.temporal_shift: 0}", "0", "variants is {'full': {}, 'no-shift': 0, 'small': "),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named(tiny: Tiny, tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write(tiny, tmp_path, VARIANTS + "seeds: 2\nsplits: [test]\n")
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_ablation(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("{model.shift: 0}", "unknown key model.shift; expected an option's full name, such as model.temporal_shift"),
        ("{temporal_shift: 0}", "unknown key temporal_shift; expected an option's full name"),
        ("{models.temporal_shift: 0}", "unknown key models.temporal_shift; expected an option's full name"),
        ("{model: {temporal_shift: 0}}", "unknown key model; expected an option's full name"),
        ("{out: elsewhere}", "unknown key out; expected an option's full name"),
        ("{model.temporal_shift: none}", "model: temporal_shift is 'none'; expected a whole number"),
        ("{model.norm: group}", "model: norm is 'group'; expected batch or layer"),
        ("{evaluation.ious: [0.5]}", "evaluation.ious is not that of full, which it is compared with"),
        ("{evaluation.strict: false}", "evaluation.strict is not that of full, which it is compared with"),
        ("{training.epochs: 0}", "training.epochs 0; expected 1 or more"),
        ("{training.monitor: R1@0.4}", "training.monitor R1@0.4: no such figure"),
    ],
)
def test_a_mistake_in_a_variant_is_named_with_it(tiny: Tiny, tmp_path: Path, changes: str, message: str) -> None:
    path = write(tiny, tmp_path, f"variants:\n  full: {{}}\n  mine: {changes}\n")
    with pytest.raises(InputError) as caught:
        variant_experiments(read_ablation(path), "a.yaml")
    assert str(caught.value).startswith(f"a.yaml: mine: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": the file is empty; expected an ablation such as those in experiments/ablations/"),
        ("experiment: [", ":1: not YAML: while parsing a flow "),
        ("seeds: 1\nseeds: 2\n", ":2: not YAML: the key seeds stands in line 1 already"),
        ("- full\n", ": ['full']; expected keys with their values"),
        ("full\n", ": 'full'; expected keys with their values"),
        ("seeds: 2\n", ": missing experiment, variants"),
        ("experiment: 3\nvariants: {full: {}}\n", ": experiment: 3; expected keys with their values"),
        ("experiment: {out: x}\nvariants: {full: {}}\n", ": experiment: missing data"),
        ("# nothing\n", ": None; expected keys with their values"),
    ],
)
def test_what_is_no_ablation_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_ablation(path)
    assert str(caught.value).startswith(f"{path}{message}")


def test_an_ablation_without_variants_and_a_file_that_is_not_there_are_named(tiny: Tiny, tmp_path: Path) -> None:
    path = write(tiny, tmp_path, "variants: {}\n")
    with pytest.raises(InputError, match=": expected one seed, one split and one variant at least"):
        read_ablation(path)
    with pytest.raises(InputError, match=r"none\.yaml: no such file; expected an ablation such as those in "):
        read_ablation(tmp_path / "none.yaml")


def test_reading_an_ablation_imports_no_torch() -> None:
    code = "import sys, leorn.training.ablation; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_variants_may_rank_otherwise(tiny: Tiny, tmp_path: Path) -> None:
    path = write(tiny, tmp_path, "variants:\n  full: {}\n  thin: {evaluation.nms_threshold: 0.3}\n")
    thin = variant_experiments(read_ablation(path), str(path))["thin"]
    assert thin.evaluation.nms_threshold == 0.3
