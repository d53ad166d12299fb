import torch

from leorn.model.buffers import Buffers

LIKE = torch.zeros(1, dtype=torch.float64)


def test_a_buffer_is_used_again_and_grows() -> None:
    buffers = Buffers()
    with torch.no_grad():
        large = buffers.take("a", LIKE, 4, 3)
        small = buffers.take("a", LIKE, 5)
        larger = buffers.take("a", LIKE, 20)
        other = buffers.take("b", LIKE, 5)
    assert large is not None and small is not None and larger is not None and other is not None  # noqa: PT018
    assert (large.shape, large.dtype) == ((4, 3), torch.float64)
    assert small.data_ptr() == large.data_ptr()
    assert len({large.data_ptr(), larger.data_ptr(), other.data_ptr()}) == 3


def test_precisions_have_buffers_of_their_own() -> None:
    buffers = Buffers()
    with torch.no_grad():
        taken = [buffers.take("a", LIKE.to(dtype), 3) for dtype in (torch.float64, torch.bfloat16, torch.float64)]
    assert [buffer is not None and buffer.dtype for buffer in taken] == [torch.float64, torch.bfloat16, torch.float64]


def test_no_buffer_is_given_where_gradients_need_results() -> None:
    assert Buffers().take("a", LIKE, 3) is None


def test_what_inference_took_can_be_used_outside_of_it() -> None:
    buffers = Buffers()
    with torch.inference_mode():
        torch.mm(LIKE[None], LIKE[None], out=buffers.take("a", LIKE, 1, 1))
    with torch.no_grad():
        assert torch.mm(LIKE[None] + 2, LIKE[None] + 3, out=buffers.take("a", LIKE, 1, 1)).item() == 6
