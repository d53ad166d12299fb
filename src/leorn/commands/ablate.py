"""`leorn ablate`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import Parser
from leorn.errors import InputError
from leorn.files import write_text
from leorn.terminal import is_first_process, progress, say, stop, write_json


def run(options: Namespace) -> None:
    """Train the variants of an experiment from several seeds, and write a table of what each part is worth."""
    from leorn.training.ablation import read_ablation, variant_experiments

    ablation = read_ablation(options.ablation)
    ablation = replace(
        ablation,
        seeds=options.seeds or ablation.seeds,
        splits=tuple(options.splits or ablation.splits),
        variants={name: ablation.variants[name] for name in chosen(ablation.variants, options.only)},
    )
    variant_experiments(ablation, options.ablation)
    # torch only now: what is wrong with the file is said at once
    from leorn.training.ablate import ablate

    try:
        compared = ablate(ablation, options.ablation, say=say, progress=progress("checking videos"))
    except KeyboardInterrupt:
        stop("; the same command goes on where it stopped")
    for split in compared if is_first_process() else ():
        table = Path(ablation.experiment.out) / f"{split.split}.md"
        text = split.tables()
        write_text(table, text)
        write_json(table.with_suffix(".json"), split.to_dict())
        print(text, end="")
        say(f"wrote {table} and {table.with_suffix('.json')}", to_stderr=True)


def chosen(variants: Mapping[str, object], only: list[str] | None) -> list[str]:
    """Return the names of the variants to look at: the first, which the others are compared with, and those named.

    Raises:
        InputError: a name that there is not.
    """
    names = list(variants)
    if unknown := [name for name in only or () if name not in names]:
        raise InputError(f"--only {unknown[0]}: no such variant; expected {', '.join(names)}")
    return [name for name in names if only is None or name in only or name == names[0]]


def add_options(parser: Parser) -> None:
    """Options of `leorn ablate`."""
    parser.add_argument(
        "ablation", metavar="FILE", help="An experiment and its variants, as in experiments/ablations/."
    )
    parser.add_argument("--seeds", type=PositiveInt, help="Seeds of each variant, in place of the file's.")
    parser.add_argument("--splits", nargs="+", help="Splits to evaluate, in place of the file's.")
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="These and the first; all if not given.")
