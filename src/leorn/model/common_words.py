"""A start for networks whose objects are the word vectors of their labels: words and labels have much in common."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leorn.model.objects import ObjectEmbedding
from leorn.model.sentence import SentenceTransformer
from leorn.model.steering import ObjectSteering

OBJECT_GAIN = 3.0
"""What an object's feature, of length 1, is multiplied by at first, to be heard beside the encoding of its box."""


@torch.no_grad()
def look_for_words(text: SentenceTransformer, objects: ObjectEmbedding, steering: ObjectSteering | None) -> None:
    """Let a network start out looking at the objects whose features are the vectors of the query's words.

    Words and objects are projected by the first rows of one orthogonal matrix; where a projection has more rows than a
    word vector has numbers, by orthogonal columns of its own, which lose nothing. The steering leads from the words'
    projection to the objects'. A network that starts at random takes long to tell which word means which object, and
    now and then does not before its learning rate has fallen.

    Args:
        text: reads word vectors of the same width as the objects' features.
        objects: embeds them.
        steering: looks for objects, where the network has it.
    """
    words, labels = text.projection.weight, objects.projection.weight
    width = words.shape[1]
    square = nn.init.orthogonal_(torch.empty(width, width))
    words.copy_(_orthogonal(len(words), square))
    of_labels = _orthogonal(len(labels), square)
    labels[:, :width] = OBJECT_GAIN * of_labels
    if steering is not None:
        for project in steering.query.children():
            next(project.parameters()).copy_(of_labels @ words.T)


def _orthogonal(rows: int, square: Float[Tensor, "D D"]) -> Float[Tensor, "{rows} D"]:
    """Return the first rows of an orthogonal matrix, or random orthogonal columns where more rows are asked for."""
    return square[:rows] if rows <= len(square) else nn.init.orthogonal_(torch.empty(rows, len(square)))
