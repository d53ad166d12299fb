"""An experiment from several seeds."""

from pathlib import Path

import torch

from leorn.checkpoints import load_network
from leorn.training.run import train
from leorn.training.sweep import seed_experiments, train_seeds
from tests.tiny import Tiny


def silent(line: str) -> None:
    del line


def test_seeds_begin_with_that_of_the_experiment_and_have_folders_of_their_own(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.experiment(tmp_path, training__seed=3)
    assert seed_experiments(config, 2) == [
        tiny.experiment(tmp_path / "seed-3", training__seed=3),
        tiny.experiment(tmp_path / "seed-4", training__seed=4),
    ]


def test_seeds_give_networks_that_differ_each_that_of_its_seed_alone(tiny: Tiny, tmp_path: Path) -> None:
    said: list[str] = []
    best = train_seeds(tiny.experiment(tmp_path / "runs"), 2, say=said.append)
    assert best == [tmp_path / f"runs/seed-{seed}/checkpoints/best.ckpt" for seed in range(2)]
    assert [line for line in said if ": run " in line] == [
        f"{tmp_path}/runs/seed-{seed}: run {seed + 1} of 2" for seed in range(2)
    ]
    alone = train(tiny.experiment(tmp_path / "alone", training__seed=1), say=silent)
    first, second, again = (load_network(path) for path in (*best, alone))
    assert [one.experiment.training.seed for _, one in (first, second) if one.experiment] == [0, 1]
    name = "prediction.weight"
    assert torch.equal(second[0].state_dict()[name], again[0].state_dict()[name])
    assert not torch.equal(second[0].state_dict()[name], first[0].state_dict()[name])
    assert second[1].metrics == again[1].metrics


def test_resume_trains_the_seeds_that_are_missing_alone(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.experiment(tmp_path)
    (first,) = train_seeds(config, 1, say=silent)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first.parent.iterdir()}
    said: list[str] = []
    best = train_seeds(config, 2, resume=True, say=said.append)
    assert best[0] == first
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first.parent.iterdir()} == before
    assert said.count("finished already: 2 of 2 epochs") == 1
    assert [line for line in said if line.startswith("epoch ")] != []
    assert best[1].exists()
