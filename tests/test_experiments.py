"""The experiments of this repository, and every command that its pages show."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from leorn.arguments import make
from leorn.cli import COMMANDS, make_parser
from leorn.config import ExperimentConfig, PyramidConfig
from leorn.model.check_config import check_config
from leorn.model.leorn import LEORN
from leorn.model.leorn_pyramid import LEORNPyramid
from leorn.training.ablation import read_ablation, variant_experiments
from leorn.training.checks import check_experiment

ROOT = Path(__file__).parents[1]
ABLATIONS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("experiments/ablations/*.yaml"))
EXPERIMENTS = sorted({str(path.relative_to(ROOT)) for path in ROOT.glob("experiments/**/*.yaml")} - {*ABLATIONS})
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]

CHARADES = {
    "data.dataset": "charades-sta",
    "data.tokenizer": "whitespace",
    "data.slots": 18,
    "data.min_score": 0.1,
    "model.word_size": 300,
    "model.object_size": 2048,
    "model.frame_size": None,
    "model.frames": 256,
    "model.clips": 64,
    "model.hidden_size": 512,
    "model.feedforward_size": 1024,
    "model.num_heads": 4,
    "model.num_layers": 3,
    "model.num_text_layers": 3,
    "model.temporal_shift": 2,
    "model.num_scale_layers": (16, 8, 8),
    "model.map_kernel_sizes": (9, 9, 9, 9),
    "model.norm": "batch",
    "model.attention_dropout": 0.05,
    "model.box_dropout": 0.1,
    "model.initial_probability": 0.5,
    "model.min_iou": 0.5,
    "model.max_iou": 1.0,
    "evaluation.ious": (0.5, 0.7),
    "evaluation.recalls": (1, 5),
    "evaluation.nms_threshold": 0.5,
    "evaluation.strict": True,
    "training.epochs": 20,
    "training.batch_size": 16,
    "training.accumulate": 1,
    "training.learning_rate": 1e-4,
    "training.text_learning_rate": None,
    "training.object_learning_rate": None,
    "training.weight_decay": 0.0,
    "training.gradient_clip": 10.0,
    "training.schedule": "plateau",
    "training.initial_network": None,
}
TACOS = CHARADES | {
    "data.dataset": "tacos",
    "data.slots": 36,
    "data.min_score": 0.0,
    "model.clips": 128,
    "model.temporal_shift": 1,
    "model.num_scale_layers": (16, 8, 8, 8),
    "model.map_kernel_sizes": (5, 5, 5, 5, 5, 5, 5, 5),
    "model.min_iou": 0.3,
    "model.max_iou": 0.7,
    "evaluation.ious": (0.1, 0.3, 0.5, 0.7),
    "training.batch_size": 8,
    "training.accumulate": 2,
}
FINE_TUNING = {"training.text_learning_rate": 1e-4, "training.object_learning_rate": 1e-6}
PUBLISHED = {
    "charades/LEORN-64x64-K9L4": CHARADES,
    "charades/LEORN-64x64-K9L4-fusion": CHARADES
    | FINE_TUNING
    | {
        "model.frame_size": 1024,
        "training.initial_network": "runs/charades/LEORN-64x64-K9L4/checkpoints/best.ckpt",
    },
    "tacos/LEORN-128x128-K5L8": TACOS,
    "tacos/LEORN-128x128-K5L8-fusion": TACOS
    | FINE_TUNING
    | {
        "model.frame_size": 4096,
        "training.initial_network": "runs/tacos/LEORN-128x128-K5L8/checkpoints/best.ckpt",
    },
}


def read(experiment: str) -> ExperimentConfig:
    arguments = ["train", "--config", str(ROOT / experiment)]
    options = make_parser(arguments).parse_args(arguments)
    return make(ExperimentConfig, options["train"])


def build(config: ExperimentConfig) -> None:
    """See that an experiment fits together, and build its network narrow: the published width takes seconds to fill."""
    check_experiment(config)
    model = config.model
    if isinstance(model, PyramidConfig):
        pyramid = LEORNPyramid(replace(model, word_size=4, object_size=4, hidden_size=8, channels=8, text_size=8))
        assert len(pyramid.pyramid.coarser) == model.levels - 1
    else:
        check_config(model)
        network = LEORN(replace(model, word_size=4, object_size=4, hidden_size=8, feedforward_size=8))
        assert network.moment_map.mask.shape == (model.clips, model.clips)
        assert len(network.map_conv.convs) == len(model.map_kernel_sizes)
    assert (config.data.frame_features is None) == (config.model.frame_size is None)


def commands(page: Path) -> list[str]:
    """Return the `leorn` commands of a page's code blocks, each on one line, without those that a shell must expand."""
    blocks = re.findall(r"^```bash\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("leorn ") and not re.search(r"[$*…]", line)]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_fits_together_and_its_network_can_be_built(experiment: str) -> None:
    build(read(experiment))


@pytest.mark.parametrize("ablation", ABLATIONS)
def test_an_ablation_changes_options_that_there_are_and_its_networks_can_be_built(ablation: str) -> None:
    read = read_ablation(ROOT / ablation)
    variants = variant_experiments(read, ablation)
    assert variants["full"] == replace(read.experiment, out=f"{read.experiment.out}/full")
    for config in variants.values():
        build(config)
    runs = [replace(config, out="") for config in variants.values()]
    assert all(run not in runs[:place] for place, run in enumerate(runs))
    assert read.experiment.out == f"runs/ablations/{Path(ablation).stem}"


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_experiment_has_the_published_values(name: str) -> None:
    config = read(f"experiments/{name}.yaml")
    found = {}
    for key in PUBLISHED[name]:
        section, option = key.split(".")
        found[key] = getattr(getattr(config, section), option)
    assert found == PUBLISHED[name]


def test_a_network_to_fine_tune_is_one_that_an_experiment_trains() -> None:
    outs = {read(experiment).out for experiment in EXPERIMENTS}
    starts = [start for experiment in EXPERIMENTS if (start := read(experiment).training.initial_network)]
    assert len(starts) == 2
    assert {str(Path(start).parents[1]) for start in starts} <= outs


@pytest.mark.parametrize(
    ("page", "command"), [pytest.param(page, line, id=line) for page in PAGES for line in commands(page)]
)
def test_a_command_that_a_page_shows_is_understood(page: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(command, comments=True)
    assert make_parser().parse_args(words[1:]).command == words[1]


def test_the_ablation_that_a_page_shows_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(experiment:.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "a.yaml").write_text(block)
    variants = variant_experiments(read_ablation(tmp_path / "a.yaml"), "a.yaml")
    assert list(variants) == ["full", "no-shift", "labels-only"]
    assert variants["labels-only"].data.slots == 8


def test_the_pages_show_every_command() -> None:
    shown = {line.split()[1] for page in PAGES for line in commands(page)}
    assert shown == set(COMMANDS)
