import math

import pytest
import torch

from leorn.model.objects import AttentivePooling, MeanPooling, ObjectEmbedding, TokenNorm


def test_batch_norm_counts_every_token() -> None:
    norm = TokenNorm("batch", 1).train()
    tokens = torch.tensor([[[1.0], [0.0]], [[0.0], [3.0]]])
    variance = (0 + 1 + 1 + 4) / 4
    torch.testing.assert_close(norm(tokens), (tokens - 1) / math.sqrt(variance + 1e-5))


def test_layer_norm_looks_at_one_token() -> None:
    tokens = torch.tensor([[[1.0, 3.0], [10.0, 20.0], [0.0, 0.0]]])
    found = TokenNorm("layer", 2)(tokens)
    torch.testing.assert_close(found, torch.tensor([[[-1.0, 1], [-1, 1], [0, 0]]]), atol=1e-4, rtol=0)


def embedding(*, box_encoding: bool) -> ObjectEmbedding:
    torch.manual_seed(0)
    return ObjectEmbedding(3, 8, norm="batch", box_encoding=box_encoding, box_dropout=0.1).eval()


def test_the_sentinel_comes_first_and_is_always_valid() -> None:
    layer = embedding(box_encoding=True)
    mask = torch.tensor([[[True, False], [False, False]]])
    tokens, valid = layer(torch.randn(1, 2, 2, 3), mask, torch.rand(1, 2, 2, 4))
    assert valid.tolist() == [[[True, True, False], [True, False, False]]]
    assert torch.equal(tokens[0, :, 0], layer.sentinel.expand(2, 8))
    assert (layer.sentinel.abs() <= 8**-0.5).all()
    assert layer.sentinel.std() > 0


def test_a_masked_slot_is_zero_whatever_it_holds() -> None:
    tokens, _ = embedding(box_encoding=True)(
        torch.randn(1, 1, 2, 3), torch.tensor([[[True, False]]]), torch.rand(1, 1, 2, 4)
    )
    assert tokens[0, 0, 1].any()
    assert not tokens[0, 0, 2].any()


@pytest.mark.parametrize("box_encoding", [True, False])
def test_boxes_count_only_when_they_are_encoded(box_encoding: bool) -> None:
    layer, objects, mask = embedding(box_encoding=box_encoding), torch.randn(1, 2, 2, 3), torch.ones(1, 2, 2).bool()
    one, _ = layer(objects, mask, torch.rand(1, 2, 2, 4))
    other, _ = layer(objects, mask, torch.rand(1, 2, 2, 4))
    assert torch.equal(one, other) is not box_encoding


def test_a_weight_goes_with_the_cosine_to_the_query() -> None:
    pooling = AttentivePooling(2).eval()
    with torch.no_grad():
        pooling.query.weight.copy_(torch.eye(2))
        pooling.query.bias.zero_()
    # cosines with the query: 1, 0, -1; the last token is masked
    tokens = torch.tensor([[[[0.0, 5.0], [2.0, 0.0], [0.0, -1.0], [0.0, 9.0]]]])
    pooled, weights = pooling(tokens, torch.tensor([[[True, True, True, False]]]), torch.tensor([[0.0, 3.0]]))
    expected = torch.tensor([math.e, 1, 1 / math.e, 0]) / (math.e + 1 + 1 / math.e)
    torch.testing.assert_close(weights[0, 0], expected)
    torch.testing.assert_close(pooled[0, 0], expected @ tokens[0, 0] / math.sqrt(1 + 1e-5))


def test_tokens_of_zero_leave_finite_gradients() -> None:
    pooling = AttentivePooling(4)
    tokens = torch.zeros(2, 3, 2, 4, requires_grad=True)
    mask = torch.tensor([True, False]).expand(2, 3, 2)
    pooled, weights = pooling(tokens, mask, torch.randn(2, 4))
    pooled.square().sum().backward()
    assert weights[..., 0].eq(1).all()
    assert tokens.grad is not None
    assert tokens.grad.isfinite().all()


def test_the_mean_is_over_valid_tokens() -> None:
    tokens = torch.tensor([[[[1.0], [3.0], [100.0]], [[4.0], [50.0], [60.0]]]])
    mask = torch.tensor([[[True, True, False], [True, False, False]]])
    pooled, weights = MeanPooling()(tokens, mask, torch.zeros(1, 1))
    assert pooled[0, :, 0].tolist() == [2, 4]
    assert weights[0].tolist() == [[0.5, 0.5, 0], [1, 0, 0]]
