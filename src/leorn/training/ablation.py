"""An ablation's file: one experiment, and variants of it that change an option or several. Imports no torch.

Such as::

    experiment: {out: …, data: …, model: …, …}   # as in a file of experiments/
    seeds: 2
    splits: [test]
    variants:
      full: {}
      no-shift: {model.temporal_shift: 0}
"""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from leorn.config import ExperimentConfig
from leorn.errors import InputError
from leorn.jsonlines import read_text
from leorn.restore import restore
from leorn.training.checks import check_experiment
from leorn.yaml_files import check_yaml

WHAT = "an ablation such as those in experiments/ablations/"
SCORING = ("ious", "recalls", "strict", "against", "map_ious", "length_ranges")
"""What of an evaluation is the same for all variants, whose figures are compared; their ranking may differ."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _ShortFloats(yaml.SafeLoader):
    """Takes 5e-4 for a number, as files of `leorn train` do: YAML 1.1, which asks for 5.0e-4, takes it for text."""


_SHORT_FLOAT = re.compile(r"[-+]?\d+[eE][-+]?\d+$")
_ShortFloats.add_implicit_resolver("tag:yaml.org,2002:float", _SHORT_FLOAT, list("-+0123456789"))


@dataclass(frozen=True)
class Ablation:
    """What an ablation's file says.

    Attributes:
        experiment: the experiment that the variants change; `out` holds a folder for each of them.
        variants: name → full name of an option → its value; the others are compared with the first.
        seeds: how many, from that of the experiment on.
        splits: those to evaluate.
    """

    experiment: ExperimentConfig
    variants: Mapping[str, Mapping[str, Any]]
    seeds: int = 2
    splits: tuple[str, ...] = ("test",)


def read_ablation(path: str | Path) -> Ablation:
    """Read an ablation's file.

    Raises:
        InputError: it cannot be read, is not YAML, or a key or value in it is wrong; the file is named.
    """
    if not os.path.exists(path):
        raise InputError(f"{path}: no such file; expected {WHAT}")
    text = read_text(path, WHAT)
    check_yaml(text, str(path))
    values = yaml.load(text, Loader=_ShortFloats)
    if isinstance(values, dict) and (unknown := [key for key in values if key not in Ablation.__dataclass_fields__]):
        raise InputError(f"{path}: unknown key {unknown[0]}; expected {', '.join(Ablation.__dataclass_fields__)}")
    ablation = restore(Ablation, values, str(path))
    if ablation.seeds < 1 or not ablation.splits or not ablation.variants:
        raise InputError(f"{path}: expected one seed, one split and one variant at least")
    for name in ablation.variants:
        if not _NAME.fullmatch(name):
            raise InputError(f"{path}: variant {name!r}; expected letters, digits, '.', '_' and '-': it names a folder")
    return ablation


def variant_experiments(ablation: Ablation, where: str) -> dict[str, ExperimentConfig]:
    """Give each variant's experiment, whose runs lie in a folder of its name.

    Args:
        ablation: the experiment and its variants.
        where: names the ablation in errors.

    Raises:
        InputError: a variant changes an option that there is not, to a value that it cannot have, or how it is scored.
    """
    experiments = {}
    for name, changes in ablation.variants.items():
        changed = restore(
            ExperimentConfig, _changed(ablation.experiment, changes, f"{where}: {name}"), f"{where}: {name}"
        )
        experiments[name] = replace(changed, out=str(Path(ablation.experiment.out) / name))
        try:
            check_experiment(experiments[name])
        except InputError as error:
            raise InputError(f"{where}: {name}: {error}") from error
        first = next(iter(experiments))
        for key in SCORING:
            if getattr(experiments[name].evaluation, key) != getattr(experiments[first].evaluation, key):
                raise InputError(f"{where}: {name}: evaluation.{key} is not that of {first}, which it is compared with")
    return experiments


def _changed(experiment: ExperimentConfig, changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    # plain values of its own
    values = asdict(experiment)
    sections = {name: section for name, section in values.items() if isinstance(section, dict)}
    for key, value in changes.items():
        section, _, option = key.partition(".")
        if option not in sections.get(section, {}):
            raise InputError(
                f"{where}: unknown key {key}; expected an option's full name, such as model.temporal_shift"
            )
        sections[section][option] = value
    return values
