import math

import numpy as np
import pytest

from leorn.errors import InputError
from leorn.scoring.bootstrap import Interval, bootstrap


def holds_zero(values: np.ndarray, videos: list[str]) -> bool:
    (interval,) = bootstrap(values, videos, resamples=500)
    return interval.low <= 0 <= interval.high


def test_the_mean_is_over_queries_and_not_over_videos() -> None:
    (interval,) = bootstrap(np.array([[1.0], [0.0], [0.0], [0.0]]), ["a", "b", "b", "b"])
    assert interval.mean == 0.25
    # both videos, a twice, or b twice
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_one_video_tells_no_range() -> None:
    values = np.array([[1.0, 3.0], [2.0, 5.0], [np.nan, 6.0]])
    one, two = bootstrap(values, ["a", "a", "b"])
    assert (one.mean, one.is_known, math.isnan(one.high)) == (1.5, False, True)
    assert (two.mean, two.low, two.high) == (pytest.approx(14 / 3), 4.0, 6.0)
    assert str(one) == "1.50"


def test_the_interval_is_that_of_the_normal_distribution_where_there_are_many_videos() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(5, 2, size=(4000, 1))
    (interval,) = bootstrap(values, [str(index) for index in range(4000)])
    width = 1.96 * values.std() / math.sqrt(4000)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - width, abs=width / 10)
    assert interval.high == pytest.approx(values.mean() + width, abs=width / 10)


def test_the_interval_holds_the_truth_as_often_as_it_says_though_queries_of_a_video_are_alike() -> None:
    rng = np.random.default_rng(0)
    videos = np.repeat(np.arange(60), 5)
    clustered = single = 0
    for _ in range(200):
        values = (rng.normal(size=60)[videos] + rng.normal(size=300) / 2)[:, None]
        clustered += holds_zero(values, [str(video) for video in videos])
        single += holds_zero(values, [str(row) for row in range(300)])
    assert 180 <= clustered <= 198
    # what would be claimed of queries that count as independent
    assert single < 150


def test_a_query_that_does_not_count_for_a_figure_is_left_out_of_it() -> None:
    values = np.array([[1.0, np.nan, np.nan], [0.0, 0.0, np.nan], [np.nan, 1.0, np.nan]])
    first, second, third = bootstrap(values, ["a", "b", "c"])
    assert (first.mean, second.mean) == (0.5, 0.5)
    assert math.isnan(third.mean)
    assert math.isnan(third.low)


def test_a_seed_fixes_the_draws() -> None:
    values = np.random.default_rng(1).random((30, 2))
    videos = [str(index % 7) for index in range(30)]
    assert bootstrap(values, videos, seed=4) == bootstrap(values, videos, seed=4)
    assert bootstrap(values, videos, seed=4) != bootstrap(values, videos, seed=5)


def test_as_many_resamples_are_drawn_as_are_asked_for() -> None:
    values = np.random.default_rng(1).random((30, 1))
    videos = [str(row) for row in range(30)]
    (one,) = bootstrap(values, videos, resamples=1)
    assert one.low == one.high
    (more,) = bootstrap(values, videos, resamples=251)
    (many,) = bootstrap(values, videos, resamples=500)
    assert (more.low, more.high) != (many.low, many.high)


def test_the_order_of_the_queries_does_not_matter() -> None:
    values = np.random.default_rng(1).random((30, 1))
    videos = np.array([str(index % 7) for index in range(30)])
    order = np.random.default_rng(2).permutation(30)
    (one,), (other,) = bootstrap(values, videos.tolist()), bootstrap(values[order], videos[order].tolist())
    assert (one.mean, one.low, one.high) == pytest.approx((other.mean, other.low, other.high))


def test_rows_without_videos_are_refused() -> None:
    with pytest.raises(InputError, match="2 rows and 1 videos"):
        bootstrap(np.zeros((2, 1)), ["a"])
    with pytest.raises(InputError, match="0 rows and 0 videos"):
        bootstrap(np.zeros((0, 1)), [])


def test_an_interval_reads_as_a_figure_with_its_range() -> None:
    assert str(Interval(72.244, 65.1, 78.9)) == "72.24 [65.10, 78.90]"
