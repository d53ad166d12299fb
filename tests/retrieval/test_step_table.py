from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.retrieval.curve import MOST_STEPS
from leorn.retrieval.step_table import StepTable, VideoSteps, cut_steps

pytest.importorskip("lancedb")


@given(st.floats(0.05, 20_000))
def test_steps_are_equal_parts_of_a_second_at_most(duration_seconds: float) -> None:
    steps = cut_steps(duration_seconds)
    assert steps[0].start_seconds == 0
    assert steps[-1].end_seconds == pytest.approx(duration_seconds)
    assert [one.end_seconds for one in steps[:-1]] == [one.start_seconds for one in steps[1:]]
    lengths = [one.end_seconds - one.start_seconds for one in steps]
    assert max(lengths) == pytest.approx(min(lengths), abs=1e-6)
    assert len(steps) <= MOST_STEPS
    assert max(lengths) <= max(1.0, duration_seconds / MOST_STEPS) + 1e-6
    # no more than are needed
    assert len(steps) == 1 or duration_seconds / (len(steps) - 1) > 1 - 1e-6


def test_what_is_written_is_read_in_half_precision(tmp_path: Path) -> None:
    rng, table = np.random.default_rng(0), StepTable(tmp_path)
    assert table.read(["a"]) == {}
    table.remove(["a"])
    table.keep_only([])
    held = {video: VideoSteps(2.5, rng.normal(size=(3, 4)).astype(np.float32)) for video in ("a", "it's", "電影")}
    table.replace(held)
    table.replace({"a": VideoSteps(1.5, held["a"].vectors[:2])})
    table.tidy()
    found = StepTable(tmp_path).read(["a", "電影", "a' OR '1'='1"])
    assert set(found) == {"a", "電影"}
    assert found["a"].duration_seconds == 1.5
    assert found["a"].vectors.dtype == np.float32
    np.testing.assert_array_equal(found["a"].vectors, held["a"].vectors[:2].astype(np.float16))
    np.testing.assert_allclose(found["電影"].vectors, held["電影"].vectors, rtol=1e-3)
    table.remove(["a"])
    table.keep_only(["it's"])
    assert set(StepTable(tmp_path).read(list(held))) == {"it's"}
