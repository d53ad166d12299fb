"""Make the page of results from its template and the files of results.

    python docs/make_results.py

writes docs/results.md: docs/results.md.in (Jinja2), with tables of the files in docs/results.

    python docs/make_results.py collect kscgr-LEORN-P runs/kscgr/LEORN-P-512/seed-*/checkpoints/test/metrics.json

writes docs/results/kscgr-LEORN-P.json: what `leorn evaluate` wrote for the runs of an experiment, `leorn ablate` for
the splits of an ablation, or `leorn evaluate-search` of a library, with nothing in it of the machine that they ran on.
To be run where the repository lies.
"""

import json
import re
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Protocol, TypeVar

from jinja2 import Environment, StrictUndefined, TemplateError

from leorn.errors import InputError
from leorn.files import write_text
from leorn.jsonlines import read_text
from leorn.scoring.ablated import restore_ablated
from leorn.scoring.comparison import Ours, comparison_tables
from leorn.scoring.corpus import restore_search
from leorn.scoring.report import Metrics, markdown_table, summarise
from leorn.scoring.runs import Run, check_one_experiment, restore_run
from leorn.terminal import fail, write_json

DOCS = Path(__file__).parent
PAGE, TEMPLATE, FOLDER = "results.md", "results.md.in", "results"
NOTE = f"<!-- made by docs/make_results.py of {TEMPLATE} and {FOLDER}/: edit those -->\n"
NAME = re.compile(r"\w[\w.-]*")
Rows = Mapping[str, Metrics]
KINDS: Mapping[str, Callable[[object, str], object]] = {
    "runs": restore_run,
    "ablations": restore_ablated,
    "searches": restore_search,
}
"""What checks each kind of table."""


class OfSplit(Protocol):
    """What is measured on a split."""

    @property
    def split(self) -> str:
        """The split's name."""
        ...


T = TypeVar("T", bound=OfSplit)


class Results:
    """What the template can ask for: `runs`, `search`, `table`, `ablation` and `published`.

    Args:
        folder: where the files of results are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def runs(
        self, name: str, split: str = "test", *, row: str | None = None, baselines: bool = True, before: str = ""
    ) -> Rows:
        """Give the rows of an experiment: the figures of a run, mean and standard deviation of several.

        Args:
            name: of its file.
            split: the split of the queries.
            row: what to call the network, where not by its own name.
            baselines: also the rows of the baselines.
            before: stands before the name of every row.

        Raises:
            InputError: the file is missing or wrong, has no run of the split, or those of several experiments.
        """
        runs = self._experiment(name, split)
        network = runs[0].network
        rows = summarise([run.metrics for run in runs])
        return {
            before + (row or network if key == network else key): figures
            for key, figures in rows.items()
            if baselines or key == network
        }

    def search(self, name: str, row: str, *, recall: bool) -> Rows:
        """Give the row of a search of many videos: what it recalls, or how it tells what is not there.

        Args:
            name: of its file.
            row: what to call it.
            recall: its figures of recall, or all others.

        Raises:
            InputError: the file is missing or wrong, or holds not one search.
        """
        path = self._path(name)
        found = [restore_search(values, f"{path}: {place}") for place, values in enumerate(read_list(path), start=1)]
        if len(found) != 1:
            raise InputError(f"{path}: {len(found)} searches; expected one")
        return {row: {figure: value for figure, value in found[0].metrics.items() if figure.startswith("R@") == recall}}

    def table(self, *several: Rows) -> str:
        """Give one table of the rows of one experiment or several.

        Raises:
            InputError: two rows of one name, and not the same figures.
        """
        rows: dict[str, Metrics] = {}
        for more in several:
            if clash := [name for name in more if rows.get(name, more[name]) != more[name]]:
                raise InputError(f"two rows {clash[0]} in one table; row= or before= gives one another name")
            rows |= more
        return markdown_table(rows)

    def ablation(self, name: str, split: str = "test") -> str:
        """Give the two tables of an ablation that `leorn ablate` prints.

        Raises:
            InputError: the file is missing or wrong, or has the split not once.
        """
        ablated = self._of_split(name, split, restore_ablated)
        if len(ablated) > 1:
            raise InputError(f"{self._path(name)}: split {split} stands there {len(ablated)} times")
        return ablated[0].tables()

    def published(self, dataset: str, split: str = "test", ours: Sequence[tuple[str, str, str | None]] = ()) -> str:
        """Give published figures beside ours, a table for each kind of features.

        Args:
            dataset: its name in the configuration.
            split: the split of the queries.
            ours: features, network and the name of the file of each of ours; None where it is not measured.

        Raises:
            InputError: nothing is published there, or a file is missing or wrong.
        """
        networks = [
            Ours(features, network, () if name is None else self._experiment(name, split))
            for features, network, name in ours
        ]
        return comparison_tables(dataset, split, networks)

    def _experiment(self, name: str, split: str) -> list[Run]:
        runs = self._of_split(name, split, restore_run)
        check_one_experiment(runs, str(self._path(name)))
        return runs

    def _of_split(self, name: str, split: str, restore: Callable[[object, str], T]) -> list[T]:
        path = self._path(name)
        found = [restore(values, f"{path}: {place}") for place, values in enumerate(read_list(path), start=1)]
        kept = [one for one in found if one.split == split]
        if not kept:
            there = ", ".join(sorted({one.split for one in found}))
            raise InputError(f"{path}: results on {there or 'nothing'}; expected some on {split}")
        return kept

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def read_list(path: Path) -> list[object]:
    """Read a JSON file that holds a list, or one object, which is a list of itself.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    try:
        values = json.loads(read_text(path, "results"))
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not JSON, or truncated ({error})") from error
    if isinstance(values, dict):
        return [values]
    if not isinstance(values, list):
        raise InputError(f"{path}: expected a list of what leorn evaluate or leorn ablate wrote")
    return values


def make_page(docs: Path = DOCS) -> str:
    """Fill the template of a folder with tables of the files beside it.

    Raises:
        InputError: a file is missing or wrong, or the template asks for what there is not.
    """
    results = Results(docs / FOLDER)
    # Markdown, not HTML: nothing is to be escaped
    environment = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    environment.globals |= {
        name: getattr(results, name) for name in ("runs", "search", "table", "ablation", "published")
    }
    # a call stands on a line of its own, which ends that of the table too
    environment.finalize = lambda value: value.removesuffix("\n") if isinstance(value, str) else value
    template = docs / TEMPLATE
    try:
        return NOTE + environment.from_string(read_text(template, "a template")).render()
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise InputError(f"{template}{f':{line}' if line else ''}: {error}") from error


def collect(name: str, files: Sequence[str], docs: Path = DOCS) -> Path:
    """Put what several runs, or several splits of an ablation, wrote into one file of results.

    Args:
        name: of the file to write.
        files: each a `metrics.json` of `leorn evaluate`, a table of `leorn ablate` in JSON, or that of
            `leorn evaluate-search`.
        docs: the folder of the page.

    Returns:
        The file.

    Raises:
        InputError: a name that is no name, a file that is missing or wrong, files of several kinds, or a path that
            leads out of the folder where this is run.
    """
    if not NAME.fullmatch(name):
        raise InputError(f"name {name!r}; expected letters, digits, dots and dashes")
    content = [(values, f"{path}") for path in files for values in read_list(Path(path))]
    kinds = {_kind(values) for values, _ in content}
    if len(kinds) > 1:
        raise InputError(f"{name}: both {' and '.join(sorted(kinds))}; expected one kind in a file")
    for kind in kinds:
        for values, where in content:
            KINDS[kind](values, where)
    path = docs / FOLDER / f"{name}.json"
    write_json(path, [portable(values, where) for values, where in content])
    return path


def _kind(values: object) -> str:
    """Say what wrote a table; what nothing wrote counts as a run, which it is then refused as."""
    if not isinstance(values, dict):
        return "runs"
    return "ablations" if "rows" in values else "searches" if "library" in values else "runs"


def portable(value: Any, where: str) -> Any:  # noqa: ANN401
    """Return JSON with paths relative to the folder where this is run.

    Raises:
        InputError: a path that leads out of it.
    """
    if isinstance(value, dict):
        return {key: portable(one, f"{where}: {key}") for key, one in value.items()}
    if isinstance(value, list):
        return [portable(one, where) for one in value]
    if not isinstance(value, str):
        return value
    here = Path.cwd()
    if Path(value).is_relative_to(here):
        return Path(value).relative_to(here).as_posix()
    rooted = PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute() or value.startswith("~")
    if rooted or ".." in PurePosixPath(value).parts:
        raise InputError(f"{where} is {value}, which lies not below {here}: another machine has it elsewhere")
    return value


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page, or collect results."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command")
    collector = commands.add_parser("collect", help="put results into one file of docs/results")
    collector.add_argument("name", help="of the file, without .json")
    collector.add_argument(
        "files", nargs="+", metavar="JSON", help="what leorn evaluate, leorn ablate or leorn evaluate-search wrote"
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "collect":
            print(f"wrote {collect(options.name, options.files)}")
        else:
            write_text(DOCS / PAGE, make_page())
            print(f"wrote {DOCS / PAGE}")
    except InputError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
