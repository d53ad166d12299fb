"""LEORN-P in evaluation mode, slow and obvious: one query, one step, one neighbour at a time, in float64.

Written from the network's description alone, with the state dict's names for the weights, and without any padding: a
video has as many steps as it has. Letters: L words, T frames, S tokens of a frame, C channels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leorn.config import ModelConfig, PyramidConfig
from tests.model.reference import embed, reason
from tests.model.reference_layers import Array, Weights, linear, multi_head_attention, normalise, relu, softmax


@dataclass
class Proposal:
    """What one step proposes: its logit, and a moment in frames."""

    logit: float
    start: float
    end: float


@dataclass
class PyramidReference:
    """Proposals of a query, finest level first, and the weights of tokens (T, S) and words (L)."""

    proposals: list[Proposal]
    objects: Array
    words: Array


def pyramid_reference(
    config: PyramidConfig,
    weights: Weights,
    words: Array,
    objects: Array,
    object_mask: Array,
    boxes: Array,
    frames: Array | None = None,
) -> PyramidReference:
    """Answer one query (L, D_w) on one video (T, …)."""
    weights = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    alike = ModelConfig(
        hidden_size=config.hidden_size,
        num_heads=config.num_heads,
        temporal_shift=config.temporal_shift,
        box_encoding=config.box_encoding,
        object_attention=config.object_attention,
        text_attention=False,
    )
    tokens, valid = embed(weights, alike, objects, object_mask, boxes)
    for number in range(config.num_layers):
        tokens = reason(weights, f"reasoning.{number}", alike, tokens, valid, np.zeros(0))
    vectors = tokens[:, 0]
    if not config.object_attention or config.num_layers == 0:
        vectors = np.array([frame[there].mean(0) for frame, there in zip(tokens, valid, strict=True)])
    if frames is not None:
        vectors = vectors + linear(weights, "frames", frames)
    levels = make_levels(weights, config, vectors)
    states = sentence_states(weights, config, words)
    token_weights, word_weights = np.zeros(valid.shape), np.zeros(len(words))
    token_weights[:, 0] = 1
    if config.steering:
        own, token_weights, state_weights = steer(weights, config, tokens, valid, boxes, words, states)
        word_weights = state_weights[1:]
        for number in range(config.levels):
            if number > 0:
                own = pairs(own)
                own = own + conv_norm(weights, "steering.coarser", own)
            levels[number] = levels[number] + own
    proposals = []
    for number, level in enumerate(levels):
        x = level
        for layer in range(config.num_conditioning_layers):
            x = condition(weights, f"conditioning.{layer}", config, x, states)
        proposals += propose(weights, config, x, number)
    return PyramidReference(proposals, token_weights, word_weights)


def make_levels(weights: Weights, config: PyramidConfig, x: Array) -> list[Array]:
    """Return the steps of each level."""
    for layer in range(2):
        x = conv_norm(weights, f"pyramid.stem.{layer}", x)
    for number in range(config.stem_blocks):
        x = local_block(weights, f"pyramid.finest.{number}", config, x)
    levels = [x]
    for number in range(config.levels - 1):
        x = local_block(weights, f"pyramid.coarser.{number}", config, pairs(x))
        levels.append(x)
    return levels


def conv_norm(weights: Weights, name: str, x: Array) -> Array:
    """Convolution of width 3, LayerNorm, ReLU."""
    convolved = conv3(x, weights[f"{name}.conv.weight"]) + weights[f"{name}.conv.bias"]
    return relu(normalise(weights, f"{name}.norm", convolved))


def conv3(x: Array, kernel: Array) -> Array:
    """Convolve steps (T, D) with a kernel (C, D, 3), zeros around them."""
    out = np.zeros((len(x), len(kernel)))
    for step in range(len(x)):
        for tap in range(3):
            if 0 <= step + tap - 1 < len(x):
                out[step] += kernel[:, :, tap] @ x[step + tap - 1]
    return out


def local_block(weights: Weights, name: str, config: PyramidConfig, x: Array) -> Array:
    """One pre-norm transformer block."""
    attended = local_attention(weights, f"{name}.attention", config, normalise(weights, f"{name}.attention_norm", x))
    x = x + weights[f"{name}.attention_scale"] * attended
    return x + feed_forward(weights, f"{name}.feedforward", x)


def local_attention(weights: Weights, name: str, config: PyramidConfig, x: Array) -> Array:
    """Attention of each step to those at most half a window away."""
    depthwise = weights[f"{name}.neighbours.weight"]  # three of each channel: for queries, keys and values
    parts = []
    for kind in range(3):
        near = np.zeros_like(x)
        for channel in range(x.shape[1]):
            near[:, channel] = conv3(x[:, [channel]], depthwise[[3 * channel + kind]])[:, 0]
        parts.append(linear(weights, f"{name}.projections.{kind}", normalise(weights, f"{name}.norms.{kind}", near)))
    width, reach = x.shape[1] // config.num_heads, config.window // 2
    query, key, value = (part.reshape(len(x), config.num_heads, width) for part in parts)
    out = np.zeros_like(query)
    for step in range(len(x)):
        near = slice(max(step - reach, 0), step + reach + 1)
        for head in range(config.num_heads):
            out[step, head] = softmax(key[near, head] @ query[step, head] / np.sqrt(width)) @ value[near, head]
    return linear(weights, f"{name}.out", out.reshape(len(x), -1))


def feed_forward(weights: Weights, name: str, x: Array) -> Array:
    """What the feed-forward part adds."""
    inner = gelu(linear(weights, f"{name}.expand", normalise(weights, f"{name}.norm", x)))
    return weights[f"{name}.scale"] * linear(weights, f"{name}.contract", inner)


def gelu(x: Array) -> Array:
    """Return x times the standard normal distribution function."""
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def pairs(x: Array) -> Array:
    """The larger value of each two steps; an odd last one stays as it is."""
    return np.array([x[step : step + 2].max(0) for step in range(0, len(x), 2)])


def sentence_states(weights: Weights, config: PyramidConfig, words: Array) -> Array:
    """Return states (L + 1, W), that of the background token first."""
    size = config.text_size
    x = linear(weights, "text.projection", words)
    for place in range(len(words)):
        for channel in range(size):
            angle = place / 10000 ** (channel // 2 * 2 / size)
            x[place, channel] += math.sqrt(2 / size) * (math.cos(angle) if channel % 2 else math.sin(angle))
    x = np.concatenate([weights["text.background"][None], x])
    every = np.ones(len(x), bool)
    for layer in range(config.num_text_layers):
        name = f"text.layers.{layer}"
        normal = normalise(weights, f"{name}.norm1", x)
        x = x + multi_head_attention(weights, f"{name}.self_attn", normal, every, config.num_heads)
        inner = gelu(linear(weights, f"{name}.linear1", normalise(weights, f"{name}.norm2", x)))
        x = x + linear(weights, f"{name}.linear2", inner)
    return normalise(weights, "text.norm", x)


def steer(
    weights: Weights,
    config: PyramidConfig,
    tokens: Array,
    valid: Array,
    boxes: Array,
    words: Array,
    states: Array,
) -> tuple[Array, Array, Array]:
    """Return the query's own view (T, C), and the weights of tokens (T, S) and states (L + 1)."""
    views, paths, token_weights, state_weights = [], [], [], []
    left = np.ones(len(states))
    named = np.concatenate([weights["text.background"][None], linear(weights, "text.projection", words)])
    for view in range(config.views if config.attentive_pooling else 1):
        share = np.zeros(len(states))
        if config.attentive_pooling:
            scores = states @ weights["steering.words.weight"][view] + weights["steering.words.bias"][view]
            share = softmax(scores + 2 * np.log(np.maximum(left, 1e-3)))
            left = left - share
        token_weight = np.zeros(valid.shape)
        for frame, there in enumerate(valid):
            if config.attentive_pooling:
                asked = linear(weights, f"steering.query.{view}", share @ named)
                cosines = [x @ asked / np.linalg.norm(x) / np.linalg.norm(asked) for x in tokens[frame, there]]
                sharp = np.exp(weights["steering.log_sharpness"][view]) * np.array(cosines)
                token_weight[frame, there] = softmax(sharp)
            else:
                token_weight[frame, there] = 1 / there.sum()
        views.append([weight @ frame for weight, frame in zip(token_weight, tokens, strict=True)])
        if config.box_encoding:
            paths.append(path(config, token_weight, boxes))
        token_weights.append(token_weight)
        state_weights.append(share)
    x = np.concatenate(views + paths, 1)
    for layer in range(2):
        x = conv_norm(weights, f"steering.mix.{layer}", x)
    return x, np.mean(token_weights, 0), np.mean(state_weights, 0)


def path(config: PyramidConfig, token_weight: Array, boxes: Array) -> Array:
    """Return where one view looks and the share of it that goes to objects (T, 5), and what changes over each reach."""
    place, share = np.zeros((len(boxes), 4)), token_weight[:, 1:].sum(1)
    for frame, weight in enumerate(token_weight):
        if share[frame] > 0:
            place[frame] = 4 * (weight[1:] @ (boxes[frame] - 0.5)) / share[frame]
    numbers = [place * share[:, None], share[:, None]]
    last = len(place) - 1
    for reach in config.motion_reaches:
        for_reach = np.zeros((len(place), 5))
        for frame in range(len(place)):
            end, start = min(frame + reach, last), max(frame - reach, 0)
            for_reach[frame, :4] = (place[end] - place[start]) * share[end] * share[start] * 4 / reach
            for_reach[frame, 4] = (share[end] - share[start]) * 4 / reach
        numbers.append(for_reach)
    return np.concatenate(numbers, 1)


def condition(weights: Weights, name: str, config: PyramidConfig, x: Array, states: Array) -> Array:
    """Let each step read in the sentence, and scale and shift its channels."""
    normal = normalise(weights, f"{name}.norm", x)
    query = linear(weights, f"{name}.query", normal)
    key, value = np.split(linear(weights, f"{name}.key_value", states), 2, axis=1)
    width = x.shape[1] // config.num_heads
    read = np.zeros_like(x)
    for step in range(len(x)):
        for head in range(config.num_heads):
            of_head = slice(head * width, (head + 1) * width)
            scores = key[:, of_head] @ query[step, of_head] / np.sqrt(width)
            read[step, of_head] = softmax(scores) @ value[:, of_head]
    scale, shift = np.split(linear(weights, f"{name}.scale_shift", read), 2, axis=1)
    x = x + normal * scale + shift
    return x + feed_forward(weights, f"{name}.feedforward", x)


def propose(weights: Weights, config: PyramidConfig, x: Array, level: int) -> Sequence[Proposal]:
    """Return what each step of a level proposes."""
    score = span = x
    for layer in range(config.num_head_layers):
        score = conv_norm(weights, f"heads.score.{layer}", score)
        span = conv_norm(weights, f"heads.span.{layer}", span)
    logits = linear(weights, "heads.logit", score)[:, 0]
    scaled = linear(weights, "heads.distances", span) * weights["heads.level_scale"][level]
    distances = np.log1p(np.exp(scaled))
    stride = 2**level
    return [
        Proposal(logit, (step + 0.5 - back) * stride, (step + 0.5 + on) * stride)
        for step, (logit, (back, on)) in enumerate(zip(logits, distances, strict=True))
    ]
