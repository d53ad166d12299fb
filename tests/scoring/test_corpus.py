"""Corpus recall and rejection, against a slow count and by hand."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.records import Moment, Query
from leorn.scoring.corpus import (
    Confident,
    Found,
    SearchRun,
    corpus_recall,
    is_right,
    rejection,
    restore_search,
    targets,
)

VIDEOS = ("a", "b", "c")
SPANS = st.tuples(st.integers(0, 8), st.integers(1, 4)).map(lambda pair: (float(pair[0]), float(sum(pair))))
ANSWERS = st.lists(st.tuples(st.sampled_from(VIDEOS), SPANS), max_size=6)
ASKED = st.lists(
    st.tuples(st.sampled_from(VIDEOS), st.lists(SPANS, min_size=1, max_size=2), ANSWERS), min_size=1, max_size=5
)


def query(video: str, *spans: tuple[float, float]) -> Query:
    return Query(f"{video}{spans}", video, "a cat", 20.0, tuple(Moment(*span) for span in spans))


def slow_recall(answers: list[list[Found]], queries: list[Query], k: int, threshold: float | None) -> float:
    """Count query by query and answer by answer; the video alone where there is no threshold."""
    found = 0
    for asked, given_ in zip(queries, answers, strict=True):
        good = False
        for video, (start, end) in given_[:k]:
            if video != asked.video:
                continue
            for moment in asked.moments:
                common = max(0.0, min(end, moment.end_seconds) - max(start, moment.start_seconds))
                union = (end - start) + (moment.end_seconds - moment.start_seconds) - common
                good = good or threshold is None or common / union > threshold + 1e-9
        found += good
    return 100 * found / len(queries)


@given(ASKED)
def test_recall_is_that_of_a_slow_count(asked: list[tuple[str, list[tuple[float, float]], list[Found]]]) -> None:
    queries = [query(video, *spans) for video, spans, _ in asked]
    answers = [given_ for _, _, given_ in asked]
    found = corpus_recall(answers, [{one.video: one.moments} for one in queries], recalls=(1, 3, 10), ious=(0.5, 0.7))
    expected = {f"R@{k},IoU>{iou}": slow_recall(answers, queries, k, iou) for iou in (0.5, 0.7) for k in (1, 3, 10)}
    expected |= {f"R@{k},video": slow_recall(answers, queries, k, None) for k in (1, 3, 10)}
    assert found == pytest.approx(expected)


def test_a_moment_of_another_video_is_no_hit() -> None:
    there = {"a": (Moment(2.0, 6.0),)}
    assert is_right(("a", (2.0, 5.0)), there)
    assert not is_right(("b", (2.0, 5.0)), there)
    assert not is_right(("a", (2.0, 4.0)), there)  # one half is not above one half
    with pytest.raises(InputError, match="answers to 0 queries; expected those to 1"):
        corpus_recall([], [there])
    with pytest.raises(InputError, match="one or more"):
        corpus_recall([], [])


def test_whatever_a_sentence_is_said_of_is_right() -> None:
    first, second, third = query("a", (1.0, 3.0)), query("b", (4.0, 6.0)), query("b", (7.0, 9.0))
    other = Query("x", "c", "a dog", 20.0, (Moment(0, 1),))
    both = {"a": first.moments, "b": (*second.moments, *third.moments)}
    assert targets([third, other], [first, second, third, other]) == [both, {"c": other.moments}]
    assert is_right(("b", (4.0, 6.0)), both)
    assert not is_right(("c", (4.0, 6.0)), both)


def test_rejection_by_hand() -> None:
    there = Confident.of([(0.9, True), (0.55, True), (0.15, False), (0.75, True)])
    gone = Confident.of([(0.65, True), (0.05, False), (0.05, False), (0.15, False)])
    absent = Confident.of([(0.0, False)])
    found = rejection(there, np.array([True, False, False, True]), gone, absent)
    # pairs in order: 0.9 and 0.75 above all four, 0.55 above three, 0.15 above two and level with one
    area = (4 + 4 + 3 + 2.5) / 16
    # bins: 0.05 ×2 none right, 0.15 ×2 none, 0.55, 0.65, 0.75 right, 0.9 right
    error = (2 * 0.05 + 2 * 0.15 + 0.55 + 0.65 + 0.25 + 0.1) / 8
    assert found == pytest.approx(
        {
            "rejected, video there": 25.0,
            "rejected, video gone": 75.0,
            "rejected, from elsewhere": 100.0,
            "AUROC, video gone": area,
            "AUROC, from elsewhere": 1.0,
            "calibration error": error,
        }
    )
    none = Confident.of([])
    assert set(rejection(there, np.zeros(4, bool), gone)) == {name for name in found if "elsewhere" not in name}
    assert set(rejection(there, np.zeros(4, bool), none, none)) == {"rejected, video there", "calibration error"}


def test_a_run_comes_back_from_its_values() -> None:
    run = SearchRun("lib", 3, 60, "demo", "labels", 20, 5, 0, 0, {"R@1,video": 40.0})
    assert restore_search(asdict(run), "x.json") == run
    with pytest.raises(InputError, match=r"x\.json: missing metrics"):
        restore_search({name: value for name, value in asdict(run).items() if name != "metrics"}, "x.json")
