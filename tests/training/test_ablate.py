"""An ablation carried out: what is trained, what is compared, and that it goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from leorn.checkpoints import load_network
from leorn.errors import InputError
from leorn.scoring.ablated import AblatedSplit
from leorn.scoring.bootstrap import bootstrap
from leorn.scoring.metrics import evaluate_predictions
from leorn.training.ablate import ablate, compare
from leorn.training.ablation import Ablation
from leorn.training.evaluate import Evaluation, evaluate
from tests.tiny import Tiny

VARIANTS = {"full": {}, "no-shift": {"model.temporal_shift": 0}}
RUNS = [f"{name}/seed-{seed}" for name in VARIANTS for seed in range(2)]


def silent(line: str) -> None:
    del line


def small(tiny: Tiny, out: Path, **changes: object) -> Ablation:
    return Ablation(tiny.experiment(out, **changes), VARIANTS, seeds=2, splits=("test", "val"))


def checkpoints(out: Path) -> dict[str, tuple[bytes, int]]:
    return {
        f"{run}/{name}": ((path := out / run / f"checkpoints/{name}.ckpt").read_bytes(), path.stat().st_mtime_ns)
        for run in RUNS
        for name in ("best", "last")
    }


@pytest.fixture(scope="module")
def done(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[AblatedSplit]]:
    """Both variants trained from two seeds, and what came out."""
    out = tmp_path_factory.mktemp("ablation")
    return out, ablate(small(tiny, out), "a.yaml", say=silent)


def test_every_variant_is_trained_from_every_seed_and_is_what_it_says(done: tuple[Path, list[AblatedSplit]]) -> None:
    out, _ = done
    found = [load_network(out / run / "checkpoints/best.ckpt")[1] for run in RUNS]
    assert [record.experiment.training.seed for record in found if record.experiment] == [0, 1, 0, 1]
    assert [getattr(record.model, "temporal_shift", None) for record in found] == [2, 2, 0, 0]


def test_figures_are_those_of_an_evaluation_of_each_checkpoint(done: tuple[Path, list[AblatedSplit]]) -> None:
    out, splits = done
    assert [(one.split, one.queries) for one in splits] == [("test", 10), ("val", 6)]
    for one in splits:
        assert list(one.rows) == list(VARIANTS)
        for name, rows in one.rows.items():
            expected = [
                evaluate(out / f"{name}/seed-{seed}/checkpoints/best.ckpt", split=one.split, accelerator="cpu")
                for seed in range(2)
            ]
            assert rows == [evaluation.rows["LEORN"] for evaluation in expected]


def test_the_same_ablation_again_trains_nothing_and_gives_the_same(
    tiny: Tiny, done: tuple[Path, list[AblatedSplit]]
) -> None:
    out, splits = done
    before = checkpoints(out)
    said: list[str] = []
    assert ablate(small(tiny, out), "a.yaml", say=said.append) == splits
    assert checkpoints(out) == before
    assert said.count("finished already: 2 of 2 epochs") == 4
    assert not any(line.startswith("epoch ") for line in said)
    assert [line for line in said if line.startswith(("variant", "evaluating"))] == [
        "variant full, 1 of 2", "variant no-shift, 2 of 2",
        "evaluating 4 networks on test", "evaluating 4 networks on val",
    ]  # fmt: skip


def test_an_interrupted_ablation_goes_on_to_the_same_networks(
    tiny: Tiny, tmp_path: Path, done: tuple[Path, list[AblatedSplit]]
) -> None:
    epochs: list[str] = []

    def interrupt(line: str) -> None:
        epochs.extend([line] * line.startswith("epoch "))
        # in the middle of the second seed
        if len(epochs) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ablate(small(tiny, tmp_path), "a.yaml", say=interrupt)
    assert not (tmp_path / RUNS[2]).exists()
    first = tmp_path / RUNS[0] / "checkpoints/last.ckpt"
    before = first.read_bytes()

    whole, splits = done
    assert ablate(small(tiny, tmp_path), "a.yaml", say=silent) == splits
    assert first.read_bytes() == before
    for run in RUNS:
        one, other = (load_network(out / run / "checkpoints/last.ckpt")[0].state_dict() for out in (tmp_path, whole))
        assert [name for name in one if not torch.equal(one[name], other[name])] == []


def test_comparison_is_of_the_means_over_seeds_query_by_query(
    tiny: Tiny, done: tuple[Path, list[AblatedSplit]]
) -> None:
    out, splits = done
    results = {
        name: [evaluate(out / f"{name}/seed-{seed}/checkpoints/best.ckpt", accelerator="cpu") for seed in range(2)]
        for name in VARIANTS
    }
    found = compare(results, "test")
    assert found == splits[0]
    # by hand: every query scored alone, for each seed
    queries = results["full"][0].queries
    evaluation = results["full"][0].experiment.evaluation

    def alone(result: Evaluation, number: int) -> dict[str, float]:
        return evaluate_predictions([result.predictions[number]], [queries[number]], evaluation)

    assert list(found.differences) == ["no-shift"]
    for figure, interval in found.differences["no-shift"].items():
        values = []
        for number in range(len(queries)):
            full, other = ([alone(result, number)[figure] for result in results[name]] for name in ("full", "no-shift"))
            values.append(sum(other) / 2 - sum(full) / 2)
        (expected,) = bootstrap(np.array(values)[:, None], [query.video for query in queries])
        assert (interval.mean, interval.low, interval.high) == pytest.approx(
            (expected.mean, expected.low, expected.high)
        )
        rows = found.rows
        by_rows = np.mean([row[figure] for row in rows["no-shift"]]) - np.mean([row[figure] for row in rows["full"]])
        assert interval.mean == pytest.approx(by_rows)


def test_a_run_of_another_configuration_is_not_taken_for_one_of_the_ablation(
    tiny: Tiny, done: tuple[Path, list[AblatedSplit]]
) -> None:
    out, _ = done
    with pytest.raises(InputError) as caught:
        ablate(small(tiny, out, training__learning_rate=0.5), "a.yaml", say=silent)
    last = out / "full/seed-0/checkpoints/last.ckpt"
    assert str(caught.value) == (
        f"{last} is of another configuration: training.learning_rate differ; expected another out"
    )


def test_what_could_not_be_trained_or_evaluated_is_refused_before_anything_is_trained(
    tiny: Tiny, tmp_path: Path
) -> None:
    ablation = small(tiny, tmp_path / "runs")
    with pytest.raises(InputError) as caught:
        ablate(replace(ablation, splits=("test", "tset")), "a.yaml", say=silent)
    assert str(caught.value) == (
        f"a.yaml: full: {tiny.queries}: no query of split 'tset' left; it has test, train, val"
    )
    with pytest.raises(InputError) as caught:
        ablate(replace(ablation, variants={"full": {}, "seven": {"model.clips": 7}}), "a.yaml", say=silent)
    assert str(caught.value) == "a.yaml: seven: model.frames 16 must be a multiple of model.clips 7"
    assert not (tmp_path / "runs").exists()


def test_variants_asked_other_queries_are_refused_before_training(tiny: Tiny, tmp_path: Path) -> None:
    lines = tiny.queries.read_text().splitlines()
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text("\n".join(line for line in lines if '"test-0#0"' not in line))
    ablation = replace(small(tiny, tmp_path / "runs"), variants={"full": {}, "fewer": {"data.queries": str(fewer)}})
    with pytest.raises(InputError) as caught:
        ablate(ablation, "a.yaml", say=silent)
    assert str(caught.value) == "a.yaml: fewer: other queries of test, val than full has"
    assert not (tmp_path / "runs").exists()
