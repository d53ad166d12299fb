"""Questions that go through a network together."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.retrieval import batches
from leorn.retrieval.prepared import PreparedVideo
from tests.objects import objects_of


def prepared(frames: int, slots: int) -> PreparedVideo:
    """What a network might make of a video: tensors, a list of them, nothing, and a number."""
    encoded: Any = (torch.zeros(1, frames, slots), [torch.zeros(1, frames)], None, slots)
    return PreparedVideo("v", 1.0, objects_of("v", frames), encoded)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), max_size=12),
    st.integers(1, 12),
)
def test_every_video_is_in_one_batch_of_its_shape_that_is_no_larger_than_memory_allows(
    shapes: list[tuple[int, int]], most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "FRAMES_AT_ONCE", most)
        parts = list(batches.alike([prepared(*shape) for shape in shapes]))
    assert sorted(place for part in parts for place in part) == list(range(len(shapes)))
    for part in parts:
        assert len({shapes[place] for place in part}) == 1
        assert len(part) == 1 or len(part) * shapes[part[0]][0] <= most
    # none could have been put to another
    for shape in set(shapes):
        sizes = [len(part) for part in parts if shapes[part[0]] == shape]
        assert all(size == max(1, most // shape[0]) for size in sizes[:-1])
