"""What a report says, as numbers and text: the page and the JSON file show the same."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.jsonlines import errors_at
from leorn.records import Query
from leorn.reporting.groups import Grouping, group_queries
from leorn.reporting.methods import Method
from leorn.scoring.bootstrap import Interval, bootstrap
from leorn.scoring.calibration import Reliability, reliability
from leorn.scoring.metrics import answer_ious, figures_by_query, hits
from leorn.scoring.mistakes import KINDS, Kind, kinds_of_answers

CURVE_IOUS = tuple(percent / 100 for percent in range(5, 100, 5))
EXAMPLES = 3
"""Examples of each kind of answer."""


@dataclass(frozen=True)
class Comparison:
    """A method against the first one, on the same queries.

    Attributes:
        differences: figure → its own less the first method's, with interval.
        won: queries whose first answer is a hit, and the first method's is none.
        lost: the other way round.
    """

    differences: Mapping[str, Interval]
    won: int
    lost: int


@dataclass(frozen=True)
class Result:
    """What was found of one method.

    Attributes:
        name: the method.
        baseline: whether it is there to compare with.
        known: how it was made, as far as that is known.
        figures: figure → percent, with interval.
        comparison: with the first method; None for itself.
        groups: for each grouping, the main figure in each of its groups.
        reliability: of the first answers' scores; None where they are no probabilities.
        recall_over_iou: n → R@n at `CURVE_IOUS`, percent.
        kinds: how many first answers are of each kind.
    """

    name: str
    baseline: bool
    known: Mapping[str, Any]
    figures: Mapping[str, Interval]
    comparison: Comparison | None
    groups: Mapping[str, Sequence[Interval]]
    reliability: Reliability | None
    recall_over_iou: Mapping[int, Sequence[float]]
    kinds: Mapping[Kind, int]


@dataclass(frozen=True)
class Example:
    """A query whose first answer by the first method is of some kind."""

    kind: Kind
    query: Query
    answer: tuple[float, float] | None
    score: float | None


@dataclass(frozen=True)
class Report:
    """All of it.

    Attributes:
        protocol: what was scored, and how.
        main: the name of the figure that comparisons by group show, such as "R1@0.5".
        groupings: how queries are grouped.
        results: methods as given, then baselines.
        examples: of the first method.
    """

    protocol: Mapping[str, Any]
    main: str
    groupings: Sequence[Grouping]
    results: Sequence[Result]
    examples: Sequence[Example]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dictionaries, lists, numbers and text, for JSON; of examples the query's id."""
        content = asdict(self)
        content["groupings"] = [
            {"name": one.name, "rule": one.rule, "queries": dict(Counter(one.of))} for one in self.groupings
        ]
        content["examples"] = [
            {"kind": one.kind, "query_id": one.query.query_id, "answer": one.answer, "score": one.score}
            for one in self.examples
        ]
        return content


def make_report(
    queries: Sequence[Query],
    methods: Sequence[Method],
    evaluation: EvaluationConfig,
    *,
    train: Sequence[Query] = (),
    protocol: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Report:
    """Score methods on queries, with intervals, groups, kinds of mistakes and examples of them.

    Args:
        queries: with their moments.
        methods: ranked predictions for each query; the first one is what the others are compared with.
        evaluation: how answers are scored.
        train: training queries, which say what words are rare.
        protocol: what to say of the scoring beside the queries and the rule.
        seed: fixes resamples and examples.

    Raises:
        InputError: two methods of one name, or predictions that do not go with the queries; the method is named.
    """
    if doubled := [name for name, count in Counter(method.name for method in methods).items() if count > 1]:
        raise InputError(f"two methods are called {doubled[0]}; expected a name of its own for each")
    threshold = main_threshold(evaluation)
    tables = [_Table(method, queries, evaluation, threshold) for method in methods]
    groupings = group_queries(queries, train)
    results = [_result(table, tables[0], queries, groupings, seed) for table in tables]
    return Report(
        protocol={**(protocol or {}), **_queries_protocol(queries), **asdict(evaluation)},
        main=f"R1@{threshold:g}",
        groupings=groupings,
        results=results,
        examples=_examples(tables[0], queries, seed),
    )


def main_threshold(evaluation: EvaluationConfig) -> float:
    """Return the IoU at which groups, kinds of mistakes and reliability are looked at: 0.5, or else the first."""
    return 0.5 if 0.5 in evaluation.ious else evaluation.ious[0]


class _Table:
    """A method's answers in the order of the queries, and what each query adds to its figures."""

    def __init__(
        self, method: Method, queries: Sequence[Query], evaluation: EvaluationConfig, threshold: float
    ) -> None:
        with errors_at(method.name):
            by_figure = figures_by_query(method.predictions, queries, evaluation)
        by_id = {prediction.query_id: prediction for prediction in method.predictions}
        self.method = method
        self.figures = tuple(by_figure)
        self.values: Float[np.ndarray, "Q F"] = np.stack(list(by_figure.values()), axis=1)
        self.predictions = [by_id[query.query_id] for query in queries]
        self.evaluation = evaluation
        self.ious = answer_ious(self.predictions, queries, max(evaluation.recalls), evaluation.against)
        self.hit = hits(self.ious[:, 0], threshold, evaluation.strict)
        self.kinds = kinds_of_answers(self.predictions, queries, threshold, evaluation.strict, evaluation.against)

    @property
    def scores(self) -> list[float | None]:
        """The first answers' scores."""
        return [one.moments[0].score if one.moments else None for one in self.predictions]

    def recall_over_iou(self) -> dict[int, list[float]]:
        """R@n in percent, for each n of the evaluation, over `CURVE_IOUS`."""
        strict = self.evaluation.strict
        return {
            n: [100 * float(hits(self.ious[:, :n], iou, strict).any(1).mean()) for iou in CURVE_IOUS]
            for n in self.evaluation.recalls
        }


def _result(table: _Table, first: _Table, queries: Sequence[Query], groupings: Sequence[Grouping], seed: int) -> Result:
    # in one go, for drawing the resamples is what takes the time
    columns = [table.values, table.values - first.values, *(_by_group(table.hit, one) for one in groupings)]
    ends = np.cumsum([column.shape[1] for column in columns])
    intervals = bootstrap(np.concatenate(columns, axis=1), [query.video for query in queries], seed=seed)
    figures, differences, *groups = (
        intervals[end - column.shape[1] : end] for column, end in zip(columns, ends, strict=True)
    )
    comparison = Comparison(
        dict(zip(table.figures, differences, strict=True)),
        won=int((table.hit & ~first.hit).sum()),
        lost=int((first.hit & ~table.hit).sum()),
    )
    return Result(
        name=table.method.name,
        baseline=table.method.baseline,
        known=table.method.known,
        figures=dict(zip(table.figures, figures, strict=True)),
        comparison=None if table is first else comparison,
        groups={grouping.name: group for grouping, group in zip(groupings, groups, strict=True)},
        reliability=reliability(table.scores, table.hit),
        recall_over_iou=table.recall_over_iou(),
        kinds=dict(Counter(table.kinds)),
    )


def _by_group(hit: Bool[np.ndarray, "Q"], grouping: Grouping) -> Float[np.ndarray, "Q G"]:
    """What each query adds to the share of hits in each group, in percent: NaN in those that it is not in."""
    inside = np.array(grouping.of)[:, None] == np.array(grouping.groups)
    return np.where(inside, 100.0 * hit[:, None], np.nan)


def _queries_protocol(queries: Sequence[Query]) -> dict[str, Any]:
    rows = [(query.query_id, query.video, query.text, query.duration_seconds, *query.moments) for query in queries]
    text = json.dumps([[*row[:4], *(moment.span for moment in row[4:])] for row in sorted(rows)])
    return {
        "queries": len(queries),
        "videos": len({query.video for query in queries}),
        "sha256 of the queries": hashlib.sha256(text.encode()).hexdigest(),
    }


def _examples(table: _Table, queries: Sequence[Query], seed: int) -> list[Example]:
    """Draw some queries of each kind of answer."""
    rng = np.random.default_rng(seed)
    examples = []
    for kind in KINDS:
        rows = np.flatnonzero([one == kind for one in table.kinds])
        for row in sorted(rng.choice(rows, size=min(EXAMPLES, len(rows)), replace=False)):
            moments = table.predictions[row].moments[:1]
            examples.append(
                Example(kind, queries[row], moments[0].span if moments else None, moments[0].score if moments else None)
            )
    return examples
