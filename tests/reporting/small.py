"""Seven queries about three videos of 100 s and two methods' answers to them, small enough to reckon by hand."""

from leorn.config import EvaluationConfig
from leorn.records import Moment, Prediction, Query
from leorn.reporting.methods import Method

EVALUATION = EvaluationConfig(ious=(0.3, 0.5), recalls=(1, 2))
Span = tuple[float, float]


def query(query_id: str, text: str, *spans: Span) -> Query:
    return Query(
        query_id, query_id[0], text, 100.0, tuple(Moment(float(start), float(end)) for start, end in spans), "test"
    )


def answer(query_id: str, *moments: tuple[float, float, float | None]) -> Prediction:
    return Prediction(
        query_id, query_id[0], tuple(Moment(float(start), float(end), score) for start, end, score in moments)
    )


QUERIES = (
    query("a0", "a person opens a door", (0, 10)),
    query("a1", "a dog runs", (50, 60)),
    query("b0", "a person sits", (20, 40)),
    query("b1", "the man closes it", (70, 100)),
    query("c0", "she eats", (10, 90)),
    query("c1", "they laugh", (0, 4), (8, 12)),
    query("c2", "the cat jumps", (95, 100)),
)
OURS = Method(
    "ours",
    (
        answer("a0", (0, 9, 0.9)),  # IoU 0.9
        answer("a1", (0, 10, 0.8), (50, 60, 0.7)),  # 0, and all of a0's moment; then 1
        answer("b0", (25, 30, 0.3)),  # 0.25, inside
        answer("b1", (60, 80, 0.2)),  # 0.25
        answer("c0", (10, 90, 1.0)),  # 1
        answer("c1", (40, 50, 0.1)),  # 0
        answer("c2"),
    ),
)
THEIRS = Method(
    "theirs",
    (
        answer("c2", (95, 100, None)),  # 1; in another order than the queries, and without scores
        answer("a0", (50, 60, None)),  # 0, and all of a1's moment
        answer("a1", (50, 60, None)),  # 1
        answer("b0", (20, 40, None)),  # 1
        answer("b1", (70, 100, None)),  # 1
        answer("c0", (0, 5, None)),  # 0, and none of c1's moments: IoU 0.8 with the first
        answer("c1", (8, 12, None)),  # 1
    ),
)
