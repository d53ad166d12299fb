import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.records import Moment, Prediction, Query
from leorn.scoring.metrics import recall_table
from leorn.scoring.mistakes import KINDS, kinds_of_answers


def query(name: str, *spans: tuple[float, float], video: str = "v") -> Query:
    return Query(name, video, "a person sits", 100.0, tuple(Moment(*span) for span in spans))


def answer(name: str, *spans: tuple[float, float]) -> Prediction:
    return Prediction(name, "v", tuple(Moment(*span) for span in spans))


@pytest.mark.parametrize(
    ("span", "kind"),
    [
        ((10, 20), "hit"),
        ((14, 24), "half overlap"),  # 6 of 14 seconds
        ((10, 15), "right place, wrong length"),  # exactly one half, and strictly that is no hit
        ((0, 90), "right place, wrong length"),
        ((12, 13), "right place, wrong length"),
        ((19.5, 24.5), "not even near"),  # 0.5 of 14.5 seconds
        ((60, 68), "other event"),
        ((63, 68), "not even near"),  # of the other sentence's ten seconds one half
        ((80, 90), "not even near"),
    ],
)
def test_the_rules_by_hand(span: tuple[float, float], kind: str) -> None:
    queries = [query("a", (10, 20)), query("b", (60, 70)), query("c", (80, 90), video="w")]
    others = [answer("b", (60, 70)), Prediction("c", "w", (Moment(80, 90),))]
    assert kinds_of_answers([answer("a", span), *others], queries) == [kind, "hit", "hit"]


@pytest.mark.parametrize(
    ("truth", "span", "kind"),
    [
        # nine tenths of the answer, in floating point 0.8999999999999999
        ((0, 3), (2.1, 3.1), "right place, wrong length"),
        # less than nine tenths of it
        ((0, 3), (2.15, 3.15), "half overlap"),
        # IoU of a tenth, in floating point 0.09999999999999998
        ((0.1, 1.2), (1.0, 2.1), "half overlap"),
    ],
)
def test_rounding_does_not_decide(truth: tuple[float, float], span: tuple[float, float], kind: str) -> None:
    assert kinds_of_answers([answer("a", span)], [query("a", truth)]) == [kind]


def test_any_of_several_moments_counts_and_only_the_first_answer() -> None:
    queries = [query("a", (10, 20), (50, 60)), query("b", (0, 5))]
    predictions = [answer("a", (50, 59), (0, 1)), answer("b", (90, 95), (0, 5))]
    assert kinds_of_answers(predictions, queries) == ["hit", "not even near"]


def test_a_querys_own_moment_is_no_other_event() -> None:
    # IoU 0.08 with one of its moments, and none with the other: no hit on all
    queries = [query("a", (10, 22), (50, 60))]
    assert kinds_of_answers([answer("a", (20, 35))], queries, 0.05, against="all") == ["not even near"]


def test_half_is_a_hit_where_that_is_the_rule() -> None:
    assert kinds_of_answers([answer("a", (10, 15))], [query("a", (10, 20))], strict=False) == ["hit"]


def test_nothing_proposed_is_a_kind_of_its_own() -> None:
    assert kinds_of_answers([answer("a")], [query("a", (10, 20))]) == ["no answer"]


SPANS = st.tuples(st.integers(0, 20), st.integers(1, 20)).map(lambda pair: (float(pair[0]), float(sum(pair))))


@given(st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=6), st.booleans())
def test_every_answer_is_of_one_kind_and_hits_are_those_of_recall(
    pairs: list[tuple[tuple[float, float], tuple[float, float]]], strict: bool
) -> None:
    queries = [query(str(index), truth) for index, (truth, _) in enumerate(pairs)]
    predictions = [answer(str(index), given) for index, (_, given) in enumerate(pairs)]
    kinds = kinds_of_answers(predictions, queries, strict=strict)
    assert set(kinds) <= set(KINDS)
    share = 100 * kinds.count("hit") / len(kinds)
    assert share == pytest.approx(recall_table(predictions, queries, [0.5], [1], strict)["R1@0.5"])
