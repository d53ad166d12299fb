"""Candidates on a plane of start and end."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.scoring.candidate_map import candidate_map
from tests.model.small import SMALL, random_inputs, random_network


def test_the_map_of_a_network_with_a_map_comes_back() -> None:
    network = random_network(SMALL)
    with torch.no_grad():
        scored = network(*random_inputs(SMALL))
    candidates = network.candidates(scored)
    for row in range(2):
        scores, mask = candidate_map(candidates.spans[row].numpy(), candidates.scores[row].numpy(), network.map_clips)
        np.testing.assert_array_equal(mask, scored.mask)
        np.testing.assert_array_equal(scores[mask], scored.logits[row].sigmoid()[scored.mask])
        assert not scores[~mask].any()


def test_the_highest_score_of_a_cell_counts_and_spans_without_length_do_not() -> None:
    spans = np.array([[0.0, 0.26], [0.02, 0.24], [0.5, 0.5], [0.74, 0.76], [0.9, 1.0]])
    scores, mask = candidate_map(spans, np.array([0.2, 0.3, 0.9, 0.4, 0.5]), 4)
    # too short for a clip: the one from where it begins
    assert np.argwhere(mask).tolist() == [[0, 0], [3, 3]]
    assert (scores[0, 0], scores[3, 3]) == (0.3, 0.5)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), max_size=20),
    st.integers(1, 12),
)
def test_each_candidate_is_in_the_cell_nearest_to_it(rows: list[tuple[float, float, float]], clips: int) -> None:
    spans = np.array([sorted(row[:2]) for row in rows]).reshape(-1, 2)
    given_scores = np.array([row[2] for row in rows])
    scores, mask = candidate_map(spans, given_scores, clips)
    assert not np.tril(mask, -1).any()
    for (start, end), score in zip(spans, given_scores, strict=True):
        if end - start < 1 / clips:
            continue
        i = min(range(clips), key=lambda clip: abs(clip / clips - start))
        j = min(range(clips), key=lambda clip: abs((clip + 1) / clips - end))
        near = scores[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
        assert near.max() >= score
