"""A start for networks whose objects are the word vectors of their labels: words and labels have much in common."""

import torch
from torch import nn

from leorn.model.objects import ObjectEmbedding
from leorn.model.sentence import SentenceTransformer
from leorn.model.steering import ObjectSteering

OBJECT_GAIN = 3.0
"""What an object's feature, of length 1, is multiplied by at first, to be heard beside its box."""


@torch.no_grad()
def look_for_words(text: SentenceTransformer, objects: ObjectEmbedding, steering: ObjectSteering | None) -> None:
    """Let a network start out looking at the objects whose features are the vectors of the query's words.

    Words and objects get one projection with orthogonal rows, and the steering what leads from the one to the other. A
    network that starts at random takes long to tell which word means which object, and now and then does not before its
    learning rate has fallen.

    Args:
        text: reads word vectors of the same width as the objects' features.
        objects: embeds them.
        steering: looks for objects, where the network has it.
    """
    words, labels = text.projection.weight, objects.projection.weight
    shared = torch.empty(max(len(words), len(labels)), words.shape[1])
    nn.init.orthogonal_(shared)
    words.copy_(shared[: len(words)])
    labels[:, : words.shape[1]] = OBJECT_GAIN * shared[: len(labels)]
    if steering is not None:
        back = torch.linalg.pinv(words)
        for name, parameter in steering.query.named_parameters():
            if name.endswith("weight"):
                parameter.copy_(shared[: len(labels)] @ back)
