"""An ablation carried out: every variant trained from several seeds, evaluated, and compared with the first."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float

from leorn.config import ExperimentConfig
from leorn.data.annotations import read_queries
from leorn.errors import InputError
from leorn.features.sources import Progress
from leorn.jsonlines import errors_at
from leorn.model.networks import make_network
from leorn.records import Query
from leorn.scoring.ablated import AblatedSplit
from leorn.scoring.bootstrap import bootstrap
from leorn.scoring.metrics import figures_by_query
from leorn.training.ablation import Ablation, variant_experiments
from leorn.training.evaluate import Evaluation, evaluate
from leorn.training.sweep import train_seeds


def ablate(
    ablation: Ablation,
    where: str,
    *,
    say: Callable[[str], None] = print,
    progress: Progress | None = None,
) -> list[AblatedSplit]:
    """Train every variant from every seed, and compare them; what is trained already is not trained again.

    Args:
        ablation: the experiment and its variants.
        where: names the ablation in errors.
        say: is told, line by line, what each run says.
        progress: is told how many videos are checked, of how many.

    Raises:
        InputError: as `variant_experiments`, `train` and `evaluate`; before anything is trained, a variant whose
            network cannot be made, a split that there is not, and other queries of a split than the first variant's; a
            variant's run of another configuration.
    """
    experiments = variant_experiments(ablation, where)
    asked = {}
    for name, experiment in experiments.items():
        with errors_at(f"{where}: {name}"):
            asked[name] = _check(experiment, ablation.splits)
            if asked[name] != next(iter(asked.values())):
                raise InputError(f"other queries of {', '.join(ablation.splits)} than {next(iter(asked))} has")
    checkpoints = {}
    for number, (name, experiment) in enumerate(experiments.items(), start=1):
        say(f"variant {name}, {number} of {len(experiments)}")
        checkpoints[name] = train_seeds(experiment, ablation.seeds, resume=True, say=say, progress=progress)
    compared = []
    for split in ablation.splits:
        say(f"evaluating {sum(map(len, checkpoints.values()))} networks on {split}")
        results = {
            name: [evaluate(checkpoint, split=split, progress=progress) for checkpoint in seeds]
            for name, seeds in checkpoints.items()
        }
        compared.append(compare(results, split))
    return compared


def _check(experiment: ExperimentConfig, splits: Sequence[str]) -> list[tuple[Query, ...]]:
    """See before hours of training that a variant's network can be made, and return the queries to evaluate on."""
    make_network(experiment.model)
    data = experiment.data
    return [read_queries(data.queries, data.dataset, split).queries for split in splits]


def compare(results: Mapping[str, Sequence[Evaluation]], split: str) -> AblatedSplit:
    """Compare variants by what their seeds score on average, query by query, with the first of them.

    Args:
        results: variant → the evaluation of each of its seeds, all on the same queries.
        split: that these are of.
    """
    first = next(iter(results))
    queries = results[first][0].queries
    videos = [query.video for query in queries]
    tables = {name: _seeds_mean(seeds, queries) for name, seeds in results.items()}
    figures = list(results[first][0].rows[results[first][0].network])
    differences = {
        name: dict(zip(figures, bootstrap(table - tables[first], videos), strict=True))
        for name, table in tables.items()
        if name != first
    }
    rows = {name: [one.rows[one.network] for one in seeds] for name, seeds in results.items()}
    return AblatedSplit(split, len(queries), rows, differences)


def _seeds_mean(seeds: Sequence[Evaluation], queries: Sequence[Query]) -> Float[np.ndarray, "Q F"]:
    """What each query adds to each figure, the mean over the seeds."""
    tables = [figures_by_query(one.predictions, queries, one.experiment.evaluation) for one in seeds]
    return np.mean([np.stack(list(table.values()), axis=1) for table in tables], axis=0)
