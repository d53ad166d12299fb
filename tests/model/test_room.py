import torch

from leorn.model.room import Room

LIKE = torch.zeros(1, dtype=torch.float64)


def test_a_buffer_is_used_again_and_grows() -> None:
    room = Room()
    with torch.no_grad():
        large = room.take("a", LIKE, 4, 3)
        small = room.take("a", LIKE, 5)
        larger = room.take("a", LIKE, 20)
        other = room.take("b", LIKE, 5)
    assert large is not None and small is not None and larger is not None and other is not None  # noqa: PT018
    assert (large.shape, large.dtype) == ((4, 3), torch.float64)
    assert small.data_ptr() == large.data_ptr()
    assert len({large.data_ptr(), larger.data_ptr(), other.data_ptr()}) == 3


def test_no_buffer_is_given_where_gradients_need_results() -> None:
    assert Room().take("a", LIKE, 3) is None


def test_what_inference_took_can_be_used_outside_of_it() -> None:
    room = Room()
    with torch.inference_mode():
        torch.mm(LIKE[None], LIKE[None], out=room.take("a", LIKE, 1, 1))
    with torch.no_grad():
        assert torch.mm(LIKE[None] + 2, LIKE[None] + 3, out=room.take("a", LIKE, 1, 1)).item() == 6
