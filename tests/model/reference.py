"""The whole network in evaluation mode, slow and obvious: one video, one frame, one cell at a time, in float64.

Written from the network's description alone, with the state dict's names for the weights. Letters: L words, T frames,
S tokens of a frame (token 0 is the sentinel), C clips, H hidden width, F feed-forward width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from leorn.config import ModelConfig
from tests.model.reference_layers import (
    Array,
    Weights,
    convolve,
    gru,
    linear,
    multi_head_attention,
    normalise,
    relu,
    softmax,
)


@dataclass
class Reference:
    """What the network should say: `logits` (B, C, C), `mask` (C, C), weights of tokens (B, T, S) and words (B, L)."""

    logits: Array
    mask: Array
    objects: Array
    words: Array


def reference(
    config: ModelConfig,
    weights: Weights,
    words: Array,
    word_mask: Array,
    objects: Array,
    object_mask: Array,
    boxes: Array,
    frames: Array | None = None,
) -> Reference:
    """Score the cells of every video of the batch."""
    weights = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    mask = cells_that_exist(config.clips, config.num_scale_layers)
    logits, token_weights, word_weights = [], [], []
    for video in range(len(words)):
        states = gru(weights, "text.gru", words[video][word_mask[video]], config.num_text_layers)
        sentence = states.mean(0)
        word_weight = attend_to_words(weights, states, sentence)
        query = word_weight @ states
        tokens, valid = embed(weights, config, objects[video], object_mask[video], boxes[video])
        for number in range(config.num_layers if config.reasoning else 0):
            tokens = reason(weights, f"reasoning.{number}", config, tokens, valid, query)
        pooled, token_weight = pool_tokens(weights, config, tokens, valid, query)
        clips = make_clips(weights, config, pooled, None if frames is None else frames[video])
        logits.append(score_cells(weights, config, clips, sentence, mask))
        token_weights.append(token_weight)
        word_weights.append(np.concatenate([word_weight, np.zeros(len(words[video]) - len(word_weight))]))
    return Reference(np.array(logits), mask, np.array(token_weights), np.array(word_weights))


def attend_to_words(weights: Weights, states: Array, sentence: Array) -> Array:
    """Return the weight of each word (L)."""
    whole = relu(linear(weights, "text.attention.sentence", sentence))
    scores = []
    for state in states:
        hidden = relu(linear(weights, "text.attention.hidden", np.concatenate([state, whole])))
        scores.append(linear(weights, "text.attention.score", hidden)[0])
    return softmax(np.array(scores))


def embed(
    weights: Weights, config: ModelConfig, objects: Array, object_mask: Array, boxes: Array
) -> tuple[Array, Array]:
    """Return the tokens (T, S, H) and where they are valid (T, S)."""
    tokens, valid = [], []
    for frame_objects, frame_mask, frame_boxes in zip(objects, object_mask, boxes, strict=True):
        tokens.append([weights["objects.sentinel"]])
        valid.append([True, *frame_mask])
        for vector, box, present in zip(frame_objects, frame_boxes, frame_mask, strict=True):
            if config.box_encoding:
                inner = relu(linear(weights, "objects.box_encoding.0", box))
                vector = np.concatenate([vector, linear(weights, "objects.box_encoding.3", inner)])
            token = linear(weights, "objects.projection", vector) if present else np.zeros(config.hidden_size)
            tokens[-1].append(normalise(weights, "objects.norm.norm", token))
    return np.array(tokens), np.array(valid)


def reason(weights: Weights, name: str, config: ModelConfig, tokens: Array, valid: Array, query: Array) -> Array:
    """Run one block of object reasoning over the tokens (T, S, H)."""
    if config.text_attention:
        tokens = gate_by_text(weights, f"{name}.text_attention", tokens, valid, query)
    attended = tokens
    if config.object_attention:
        attention = f"{name}.object_attention.attention"
        frames = zip(tokens, valid, strict=True)
        attended = np.array([multi_head_attention(weights, attention, *frame, config.num_heads) for frame in frames])
    residual = np.where(valid[..., None], tokens + attended, 0)
    tokens = normalise(weights, f"{name}.object_attention.norm.norm", residual)
    return feed_forward(weights, f"{name}.feedforward", config, tokens, valid)


def gate_by_text(weights: Weights, name: str, tokens: Array, valid: Array, query: Array) -> Array:
    """Let the query gate the channels of each token; 0 where masked."""
    gated = np.zeros_like(tokens)
    question = relu(linear(weights, f"{name}.query", query))
    for frame, slot in zip(*np.nonzero(valid), strict=True):
        token = relu(linear(weights, f"{name}.token", tokens[frame, slot]))
        inner = relu(linear(weights, f"{name}.inner", np.concatenate([token, question])))
        gated[frame, slot] = normalise(weights, f"{name}.norm.norm", token * linear(weights, f"{name}.outer", inner))
    return gated


def feed_forward(weights: Weights, name: str, config: ModelConfig, tokens: Array, valid: Array) -> Array:
    """Feed-forward layer with temporal context shift, of the sentinel alone or of every token."""
    inner = relu(linear(weights, f"{name}.expand", tokens))
    if config.temporal_shift and config.shift_sentinel_only:
        shifted = shift(inner[:, 0], config.temporal_shift)
        inner[:, 0] = relu(linear(weights, f"{name}.sentinel", shifted))
    elif config.temporal_shift:
        for slot in range(inner.shape[1]):
            inner[:, slot] = shift(inner[:, slot], config.temporal_shift)
    residual = np.where(valid[..., None], tokens + linear(weights, f"{name}.contract", inner), 0)
    return normalise(weights, f"{name}.norm.norm", residual)


def shift(x: Array, frames: int) -> Array:
    """Frame t sees of t - frames the first quarter of the channels, of t + frames the second, of itself the rest."""
    shifted, quarter = np.zeros_like(x), x.shape[1] // 4
    for t in range(len(x)):
        if t - frames >= 0:
            shifted[t, :quarter] = x[t - frames, :quarter]
        if t + frames < len(x):
            shifted[t, quarter : 2 * quarter] = x[t + frames, quarter : 2 * quarter]
        shifted[t, 2 * quarter :] = x[t, 2 * quarter :]
    return shifted


def pool_tokens(
    weights: Weights, config: ModelConfig, tokens: Array, valid: Array, query: Array
) -> tuple[Array, Array]:
    """Return frame vectors (T, H) and the weights of the tokens (T, S)."""
    token_weights = np.zeros(valid.shape)
    for frame, frame_valid in enumerate(valid):
        if config.attentive_pooling:
            target = linear(weights, "pooling.query", query)
            cosines = [x @ target / np.linalg.norm(x) / np.linalg.norm(target) for x in tokens[frame, frame_valid]]
            token_weights[frame, frame_valid] = softmax(np.array(cosines))
        else:
            token_weights[frame, frame_valid] = 1 / frame_valid.sum()
    pooled = np.array([weight @ frame for weight, frame in zip(token_weights, tokens, strict=True)])
    return normalise(weights, "pooling.norm.norm", pooled) if config.attentive_pooling else pooled, token_weights


def make_clips(weights: Weights, config: ModelConfig, pooled: Array, frames: Array | None) -> Array:
    """Return clips (C, H), each the mean of its frames."""
    if frames is None:
        projected = relu(linear(weights, "clips.projection", pooled))
    else:
        beside = relu(linear(weights, "clips.frame_projection", frames))
        fused = linear(weights, "clips.fusion", np.concatenate([pooled, beside], 1))
        projected = relu(normalise(weights, "clips.norm.norm", fused))
    edges = np.linspace(0, config.frames, config.clips + 1).astype(int)
    return np.array([projected[start:end].mean(0) for start, end in pairwise(edges)])


def score_cells(weights: Weights, config: ModelConfig, clips: Array, sentence: Array, mask: Array) -> Array:
    """Return the logits (C, C), 0 on cells that do not exist."""
    x = np.zeros((config.clips, config.clips, config.hidden_size))
    for i, j in zip(*np.nonzero(mask), strict=True):
        cell = linear(weights, "moment_map.cell", clips[i : j + 1].max(0))
        cell = cell * linear(weights, "moment_map.sentence", sentence)
        x[i, j] = cell / np.linalg.norm(cell)
    x = convolve_map(weights, "map_conv", config.map_kernel_sizes, x, mask)
    return np.where(mask, linear(weights, "prediction", x)[..., 0], 0)


def convolve_map(weights: Weights, name: str, kernel_sizes: Sequence[int], x: Array, mask: Array) -> Array:
    """Run the residual convolutions over a map (C, C, H), each cell weighted by the valid cells under its kernel."""
    x = normalise(weights, f"{name}.norms.0", x)
    for layer, size in enumerate(kernel_sizes):
        kernel, bias = weights[f"{name}.convs.{layer}.weight"], weights[f"{name}.convs.{layer}.bias"]
        convolved = convolve(x, kernel) + bias
        counts = count_neighbours(mask, size)
        share = np.where(counts > 0, 1 / np.maximum(counts, 1), 0)
        x = relu(normalise(weights, f"{name}.norms.{layer + 1}", convolved + x)) * share[..., None]
        mask = counts > 0
    return x


def count_neighbours(mask: Array, size: int) -> Array:
    """Count the valid cells of a size × size window around each cell."""
    half = size // 2
    counts = np.zeros(mask.shape, int)
    for i, j in np.ndindex(mask.shape):
        counts[i, j] = mask[max(i - half, 0) : i + half + 1, max(j - half, 0) : j + half + 1].sum()
    return counts


def cells_that_exist(clips: int, num_scale_layers: Sequence[int]) -> Array:
    """Walk through the scales as 2D-TAN does: pool the sequence again and again, note where each value came from."""
    mask = np.zeros((clips, clips), bool)
    covered = [(clip, clip) for clip in range(clips)]  # first and last clip of each element
    for scale, diagonals in enumerate(num_scale_layers):
        if scale > 0:  # window 3, stride 2
            covered = [(a[0], c[1]) for a, _, c in zip(covered[::2], covered[1::2], covered[2::2], strict=False)]
        for diagonal in range(diagonals):
            if diagonal > 0:  # window 2, stride 1
                covered = [(a[0], b[1]) for a, b in pairwise(covered)]
            for first, last in covered:
                mask[first, last] = True
    return mask
