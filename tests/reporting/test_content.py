import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.config import Against, EvaluationConfig
from leorn.errors import InputError
from leorn.reporting.content import CURVE_IOUS, Example, main_threshold, make_report
from leorn.reporting.methods import Method
from leorn.scoring.bootstrap import Interval, bootstrap
from leorn.scoring.metrics import evaluate_predictions, figures_by_query
from tests.reporting.small import EVALUATION, OURS, QUERIES, THEIRS, answer

VIDEOS = [query.video for query in QUERIES]
WITH_MAP = replace(EVALUATION, map_ious=(0.5, 0.75), length_ranges=True)


def means(figures: Mapping[str, Interval]) -> dict[str, float]:
    return {name: one.mean for name, one in figures.items()}


@pytest.mark.parametrize("evaluation", [EVALUATION, WITH_MAP], ids=["recall", "with mAP"])
def test_figures_and_differences_are_those_of_an_evaluation(evaluation: EvaluationConfig) -> None:
    report = make_report(QUERIES, [OURS, THEIRS], evaluation)
    ours, theirs = (evaluate_predictions(one.predictions, QUERIES, evaluation) for one in (OURS, THEIRS))
    first, second = report.results
    assert means(first.figures) == pytest.approx(ours)
    assert means(second.figures) == pytest.approx(theirs)
    assert first.comparison is None
    assert second.comparison is not None
    expected = {name: theirs[name] - ours[name] for name in ours}
    assert means(second.comparison.differences) == pytest.approx(expected)


def test_intervals_are_those_of_each_figure_alone_and_differences_have_the_same_resamples() -> None:
    found = make_report(QUERIES, [OURS, THEIRS], EVALUATION).results[1]
    ours, theirs = (figures_by_query(one.predictions, QUERIES, EVALUATION) for one in (OURS, THEIRS))
    assert found.comparison is not None
    for name in ours:
        (alone,) = bootstrap(theirs[name][:, None], VIDEOS)
        (difference,) = bootstrap((theirs[name] - ours[name])[:, None], VIDEOS)
        assert (found.figures[name], found.comparison.differences[name]) == (alone, difference)


def test_won_and_lost_are_counted_at_the_main_figure() -> None:
    report = make_report(QUERIES, [OURS, THEIRS], EVALUATION)
    comparison = report.results[1].comparison
    assert comparison is not None
    assert report.main == "R1@0.5"
    # a1, b0, b1, c1, c2 are won; a0 and c0 are lost
    assert (comparison.won, comparison.lost) == (5, 2)
    back = make_report(QUERIES, [THEIRS, OURS], EVALUATION).results[1].comparison
    assert back is not None
    assert (back.won, back.lost) == (2, 5)


def test_groups_have_the_share_of_their_own_queries_that_are_hit() -> None:
    report = make_report(QUERIES, [OURS], EVALUATION)
    lengths, positions, numbers = report.groupings[:3]
    assert lengths.groups == ("below 5%", "5–10%", "10–25%", "25–50%", "50% and more")
    found = report.results[0].groups
    # of 10–25% are a0, a1 and b0, of which a0 is a hit
    assert [one.mean for one in found["moment length"]] == pytest.approx([0, 0, 100 / 3, 0, 100])
    # first fifth: a0, c1; second: b0; third: a1, c0; last: b1, c2
    assert positions.groups == ("first fifth", "second", "third", "last fifth")
    assert [one.mean for one in found["position"]] == [50, 0, 50, 0]
    assert numbers.groups == ("1", "2")
    assert [one.mean for one in found["number of moments"]] == pytest.approx([200 / 6, 0])


def test_recall_over_iou_counts_answers_that_pass() -> None:
    result = make_report(QUERIES, [OURS], EVALUATION).results[0]
    first, best_of_two = [0.9, 0, 0.25, 0.25, 1, 0, 0], [0.9, 1, 0.25, 0.25, 1, 0, 0]
    for n, ious in ((1, first), (2, best_of_two)):
        counts = [sum(iou > threshold + 1e-9 for iou in ious) for threshold in CURVE_IOUS]
        assert result.recall_over_iou[n] == pytest.approx([100 * count / 7 for count in counts])
        assert result.recall_over_iou[n][CURVE_IOUS.index(0.5)] == pytest.approx(result.figures[f"R{n}@0.5"].mean)
    # 0.9 itself is no hit where hits are strict
    at = CURVE_IOUS.index(0.9)
    assert result.recall_over_iou[1][at] == pytest.approx(100 / 7)
    loose = make_report(QUERIES, [OURS], replace(EVALUATION, strict=False)).results[0]
    assert loose.recall_over_iou[1][at] == pytest.approx(200 / 7)


def test_scores_are_held_against_hits_where_there_are_scores() -> None:
    ours, theirs = make_report(QUERIES, [OURS, THEIRS], EVALUATION).results
    assert ours.reliability is not None
    bins = [(one.count, one.mean_score, one.hit_share) for one in ours.reliability.bins]
    assert bins == [(1, 0.1, 0), (1, 0.2, 0), (1, 0.3, 0), (1, 0.8, 0), (2, pytest.approx(0.95), 1)]
    assert ours.reliability.expected_calibration_error == pytest.approx((0.1 + 0.2 + 0.3 + 0.8 + 2 * 0.05) / 6)
    assert theirs.reliability is None


def test_kinds_are_counted_and_examples_belong_to_theirs() -> None:
    report = make_report(QUERIES, [OURS, THEIRS], EVALUATION)
    ours, theirs = report.results
    assert ours.kinds == {
        "hit": 2, "right place, wrong length": 1, "half overlap": 1, "other event": 1, "not even near": 1,
        "no answer": 1,
    }  # fmt: skip
    assert theirs.kinds == {"hit": 5, "other event": 2}
    by_kind = {
        "hit": {"a0", "c0"}, "right place, wrong length": {"b0"}, "half overlap": {"b1"}, "other event": {"a1"},
        "not even near": {"c1"}, "no answer": {"c2"},
    }  # fmt: skip
    assert {kind: {one.query.query_id for one in report.examples if one.kind == kind} for kind in by_kind} == by_kind
    assert Example("other event", QUERIES[1], (0, 10), 0.8) in report.examples
    assert Example("no answer", QUERIES[6], None, None) in report.examples


def test_no_more_than_three_examples_of_a_kind_are_drawn_and_the_seed_says_which() -> None:
    drawn = [make_report(QUERIES, [THEIRS], EVALUATION, seed=seed).examples for seed in (0, 0, 1, 2, 3)]
    for examples in drawn:
        hits = [one.query.query_id for one in examples if one.kind == "hit"]
        assert len(set(hits)) == 3
        assert set(hits) <= {"a1", "b0", "b1", "c1", "c2"}
    assert drawn[0] == drawn[1]
    assert any(other != drawn[0] for other in drawn[2:])


@pytest.mark.parametrize("against", ["any", "all", "median"])
def test_hits_are_the_same_in_figures_and_kinds_however_moments_count(against: Against) -> None:
    # c1 has two moments, of which theirs is the second alone
    result = make_report(QUERIES, [THEIRS], replace(EVALUATION, against=against)).results[0]
    assert 100 * result.kinds["hit"] / 7 == pytest.approx(result.figures["R1@0.5"].mean)
    assert result.kinds["hit"] == (5 if against == "any" else 4)


def test_the_protocol_says_what_was_scored() -> None:
    protocol = make_report(QUERIES, [OURS], EVALUATION, protocol={"split": "test"}).protocol
    assert (protocol["queries"], protocol["videos"], protocol["split"], protocol["nms_threshold"]) == (
        7,
        3,
        "test",
        0.5,
    )
    digest = "sha256 of the queries"
    assert make_report(QUERIES[::-1], [OURS], EVALUATION).protocol[digest] == protocol[digest]
    other = [replace(QUERIES[0], text="a person shuts a door"), *QUERIES[1:]]
    assert make_report(other, [OURS], EVALUATION).protocol[digest] != protocol[digest]


@pytest.mark.parametrize(
    ("ious", "threshold"), [((0.3, 0.5, 0.7), 0.5), ((0.7, 0.5), 0.5), ((0.7, 0.3), 0.7), ((0.1,), 0.1)]
)
def test_the_main_figure_is_at_one_half_or_the_first_threshold(ious: tuple[float, ...], threshold: float) -> None:
    evaluation = replace(EVALUATION, ious=ious)
    assert main_threshold(evaluation) == threshold
    assert make_report(QUERIES, [OURS], evaluation).main == f"R1@{threshold}"


def test_the_whole_report_is_plain_for_json() -> None:
    content = make_report(QUERIES, [OURS, THEIRS], WITH_MAP, train=QUERIES).to_dict()
    again = json.loads(json.dumps(content))
    assert again["groupings"][2] == {"name": "number of moments", "rule": "true moments of the query",
                                     "queries": {"1": 6, "2": 1}}  # fmt: skip
    assert again["groupings"][-1]["name"] == "rare words"
    assert {"kind": "half overlap", "query_id": "b1", "answer": [60.0, 80.0], "score": 0.2} in again["examples"]
    assert again["results"][1]["comparison"]["won"] == 5


def test_two_methods_of_one_name_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        make_report(QUERIES, [OURS, THEIRS, replace(THEIRS, name="ours", baseline=True)], EVALUATION)
    assert str(caught.value) == "two methods are called ours; expected a name of its own for each"


def test_a_method_whose_predictions_do_not_fit_is_named() -> None:
    with pytest.raises(InputError) as caught:
        make_report(QUERIES, [OURS, replace(THEIRS, predictions=THEIRS.predictions[1:])], EVALUATION)
    assert str(caught.value) == ("theirs: queries without a prediction (1): c2; expected one prediction for each query")


SPANS = st.tuples(st.integers(0, 99), st.integers(1, 50)).map(lambda pair: (pair[0], min(100, sum(pair)), None))


@settings(max_examples=20)
@given(st.lists(SPANS, min_size=7, max_size=7), st.lists(SPANS, min_size=7, max_size=7))
def test_won_less_lost_is_the_difference_and_kinds_are_all_queries(
    one: list[tuple[float, float, None]], other: list[tuple[float, float, None]]
) -> None:
    ids = [query.query_id for query in QUERIES]
    methods = [
        Method(name, [answer(query_id, span) for query_id, span in zip(ids, spans, strict=True)])
        for name, spans in (("one", one), ("other", other))
    ]
    results = make_report(QUERIES, methods, EVALUATION).results
    comparison = results[1].comparison
    assert comparison is not None
    share = 100 * (comparison.won - comparison.lost) / len(QUERIES)
    assert comparison.differences["R1@0.5"].mean == pytest.approx(share)
    for result in results:
        assert sum(result.kinds.values()) == len(QUERIES)
        for intervals in result.groups.values():
            known = [found for found in intervals if found.is_known]
            assert all(0 <= found.low <= found.mean <= found.high <= 100 for found in known)
            assert np.isfinite([found.mean for found in intervals]).all()
