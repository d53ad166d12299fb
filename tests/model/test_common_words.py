"""What the start that words and labels share makes of the weights; that it finds things, test_leorn_pyramid.py says."""

from itertools import product

import pytest
import torch

from leorn.model.common_words import look_for_words
from leorn.model.objects import ObjectEmbedding
from leorn.model.sentence import SentenceTransformer
from leorn.model.steering import ObjectSteering

WIDTH = 12
"""Of word vectors."""
Parts = tuple[SentenceTransformer, ObjectEmbedding, ObjectSteering]


def started(text_size: int, hidden_size: int) -> Parts:
    torch.manual_seed(0)
    text = SentenceTransformer(WIDTH, text_size, 1, 2, 0.0)
    objects = ObjectEmbedding(WIDTH, hidden_size, norm="layer", box_encoding=True, box_dropout=0.0)
    steering = ObjectSteering(text_size, hidden_size, 8, 2, levels=1, attentive=True, reaches=None)
    look_for_words(text, objects, steering)
    return text, objects, steering


@pytest.mark.parametrize("size", [8, 12, 20])
def test_words_keep_their_lengths_and_labels_are_three_times_as_long(size: int) -> None:
    text, objects, _ = started(size, size)
    for weight, gain in ((text.projection.weight, 1), (objects.projection.weight[:, :WIDTH], 3)):
        # of rows where there are few, of columns where there are many
        products = weight @ weight.T if size <= WIDTH else weight.T @ weight
        torch.testing.assert_close(products, gain**2 * torch.eye(min(size, WIDTH)), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("text_size", "hidden_size"), [*product([8, 12, 20], repeat=2)])
def test_each_view_asks_for_the_label_that_is_the_word(text_size: int, hidden_size: int) -> None:
    text, objects, steering = started(text_size, hidden_size)
    words = torch.randn(5, WIDTH)
    if text_size < WIDTH:
        # those of which nothing is lost
        words = words @ text.projection.weight.T @ text.projection.weight
    labels = words @ objects.projection.weight[:, :WIDTH].T / 3
    for project in steering.query.children():
        asked = words @ text.projection.weight.T @ next(project.parameters()).T
        torch.testing.assert_close(asked, labels, atol=1e-5, rtol=1e-5)


def test_a_network_without_steering_starts_too() -> None:
    text, objects, _ = started(12, 12)
    look_for_words(text, objects, None)
    torch.testing.assert_close(objects.projection.weight[:, :WIDTH], 3 * text.projection.weight)
