"""What a report compares: predictions with what is known of how they were made."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from leorn.errors import InputError
from leorn.files import sha256
from leorn.jsonlines import errors_at, json_object, read_text
from leorn.records import Prediction
from leorn.scoring.baselines import BASELINES
from leorn.scoring.predictions import read_predictions
from leorn.scoring.results import BLINDED, METRICS, PREDICTIONS

WANTED = (
    "baseline", "checkpoint", "network", "seed", "precision", "selected_by", "evaluation", "features", "words",
    "frame_features",
)  # fmt: skip
"""What a report says of how predictions were made."""


@dataclass(frozen=True)
class Method:
    """One method's predictions.

    Attributes:
        name: in tables and pictures.
        predictions: one for each query.
        baseline: whether it is there to compare with.
        made_with: what `leorn evaluate` or `leorn baselines` says of them: network, seed, …; empty of others'.
        ranked: whether they stand as they are: those of `leorn evaluate` have gone through NMS already, and windows of
            `leorn baselines` overlap on purpose.
        file: with its hash, where they were read from one.
    """

    name: str
    predictions: Sequence[Prediction] = field(repr=False)
    baseline: bool = False
    made_with: Mapping[str, Any] = field(default_factory=dict)
    file: str | None = None
    ranked: bool = False

    @property
    def known(self) -> dict[str, Any]:
        """What a reader needs to know of it, where it is known."""
        found = {"file": self.file, "sha256": sha256(self.file) if self.file else None, **self.made_with}
        return {key: value for key, value in found.items() if value not in (None, {})}


def read_methods(paths: Sequence[str]) -> list[Method]:
    """Read predictions, and of a folder that `leorn evaluate` wrote also those of the blinded network.

    Methods are named by what their paths differ in.

    Args:
        paths: JSON lines files, or folders with a `predictions.jsonl`.

    Raises:
        InputError: something cannot be read, or two methods are the same file.
    """
    files = [_predictions_of(Path(path)) for path in paths]
    if doubled := [str(file) for file, count in Counter(file.resolve() for file in files).items() if count > 1]:
        raise InputError(f"{doubled[0]}: given twice; expected each method's predictions once")
    methods = []
    for path, file, name in zip(paths, files, _names(files), strict=True):
        made_with = _made_with(file)
        ranked = bool(made_with)
        methods.append(Method(name, read_predictions(file), False, made_with, str(file), ranked))
        beside = {f"{name}, {shown}": file.with_name(blind) for shown, blind in BLINDED.items()}
        if Path(path).is_dir():
            methods += [
                Method(blinded, read_predictions(other), True, {}, str(other), ranked)
                for blinded, other in beside.items()
                if other.exists()
            ]
    return sorted(methods, key=lambda method: method.baseline)


def check_answers(methods: Sequence[Method], most: int) -> None:
    """Refuse predictions of which `leorn evaluate` kept fewer answers than a figure counts.

    Raises:
        InputError: naming the file and what would be right.
    """
    for method in methods:
        kept = method.made_with.get("evaluation", {}).get("top_k", most)
        if kept < most and "baseline" not in method.made_with:
            raise InputError(
                f"{method.file}: leorn evaluate kept the first {kept} answers to each query (evaluation.top_k); "
                f"expected --recalls of at most {kept}, not {most}"
            )


def rename(methods: Sequence[Method], names: Sequence[str]) -> list[Method]:
    """Give the methods that are no baselines other names, and those blinded theirs after them.

    Raises:
        InputError: not as many names as methods, one twice, or that of a baseline.
    """
    own = [method.name for method in methods if not method.baseline]
    if len(names) != len(own) or len(set(names)) < len(names):
        raise InputError(f"--names {' '.join(names)}: expected {len(own)} different names, one for each --predictions")
    if taken := [baseline.name for baseline in BASELINES if baseline.name in names]:
        raise InputError(f"--names {taken[0]}: a baseline in every table has this name; expected another")
    new = dict(zip(own, names, strict=True))

    def renamed(name: str) -> str:
        old = max((one for one in own if name.startswith(one)), key=len)
        return new[old] + name.removeprefix(old)

    return [replace(method, name=renamed(method.name)) for method in methods]


def _predictions_of(path: Path) -> Path:
    return path / PREDICTIONS if path.is_dir() else path


def _names(files: Sequence[Path]) -> list[str]:
    """The part of each path that tells it from the others."""
    parts = [file.absolute().with_suffix("").parts for file in files]
    if len(parts) == 1:
        # of what leorn evaluate wrote, its folder says more
        return [parts[0][-2] if files[0].name == PREDICTIONS else parts[0][-1]]
    head = _shared(parts)
    tail = _shared([one[head:][::-1] for one in parts])
    names = ["/".join(one[head : len(one) - tail]) for one in parts]
    return names if all(names) and len(set(names)) == len(names) else [str(file) for file in files]


def _shared(parts: Sequence[tuple[str, ...]]) -> int:
    """How many parts all begin with."""
    return sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, zip(*parts, strict=False)))


def _made_with(file: Path) -> dict[str, Any]:
    metrics = file.with_name(METRICS)
    if file.name != PREDICTIONS or not metrics.exists():
        return {}
    with errors_at(str(metrics)):
        content = json_object(read_text(metrics, "what leorn evaluate or leorn baselines wrote"))
    return {key: content[key] for key in WANTED if key in content}
