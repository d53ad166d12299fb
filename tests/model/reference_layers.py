"""The usual layers, slow and obvious: numpy in float64, with the state dict's names for the weights."""

from collections.abc import Mapping

import numpy as np

Array = np.ndarray
Weights = Mapping[str, Array]


def linear(weights: Weights, name: str, x: Array) -> Array:
    """Apply a linear layer to the last dimension."""
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def relu(x: Array) -> Array:
    """Return x where it is positive, 0 elsewhere."""
    return np.where(x > 0, x, 0.0)


def sigmoid(x: Array) -> Array:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))


def softmax(x: Array) -> Array:
    """Return weights that sum to 1."""
    return np.exp(x) / np.exp(x).sum()


def normalise(weights: Weights, name: str, x: Array) -> Array:
    """Normalise the last dimension: with stored statistics where there are any (BatchNorm), else with its own."""
    if f"{name}.running_mean" in weights:
        mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    else:
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gru(weights: Weights, name: str, words: Array, num_layers: int) -> Array:
    """Run a bidirectional GRU over words (L, D); return the mean of the last layer's directions (L, H)."""
    inputs = words
    for layer in range(num_layers):
        forward = gru_direction(weights, name, f"l{layer}", inputs)
        backward = gru_direction(weights, name, f"l{layer}_reverse", inputs[::-1])[::-1]
        inputs = np.concatenate([forward, backward], 1)
    return np.mean(np.split(inputs, 2, axis=1), axis=0)


def gru_direction(weights: Weights, name: str, layer: str, inputs: Array) -> Array:
    """Run one direction of one layer (Cho et al., 2014, with the reset gate after the matrix)."""
    state = np.zeros(weights[f"{name}.weight_hh_{layer}"].shape[1])
    states = []
    for word in inputs:
        of_word = weights[f"{name}.weight_ih_{layer}"] @ word + weights[f"{name}.bias_ih_{layer}"]
        of_state = weights[f"{name}.weight_hh_{layer}"] @ state + weights[f"{name}.bias_hh_{layer}"]
        reset_word, update_word, new_word = np.split(of_word, 3)
        reset_state, update_state, new_state = np.split(of_state, 3)
        reset, update = sigmoid(reset_word + reset_state), sigmoid(update_word + update_state)
        state = (1 - update) * np.tanh(new_word + reset * new_state) + update * state
        states.append(state)
    return np.array(states)


def multi_head_attention(weights: Weights, name: str, tokens: Array, valid: Array, num_heads: int) -> Array:
    """Multi-head attention of tokens (S, H) to the valid ones among them (Vaswani et al., 2017)."""
    projected = tokens @ weights[f"{name}.in_proj_weight"].T + weights[f"{name}.in_proj_bias"]
    width = tokens.shape[1] // num_heads
    queries, keys, values = (part.reshape(-1, num_heads, width) for part in np.split(projected, 3, axis=1))
    attended = np.zeros((len(tokens), num_heads, width))
    for token in range(len(tokens)):
        for head in range(num_heads):
            scores = keys[valid, head] @ queries[token, head] / np.sqrt(width)
            attended[token, head] = softmax(scores) @ values[valid, head]
    return linear(weights, f"{name}.out_proj", attended.reshape(len(tokens), -1))


def convolve(x: Array, kernel: Array) -> Array:
    """Convolve a map (C, C, H_in) with a kernel (H_out, H_in, K, K), zeros around it."""
    clips, size = len(x), kernel.shape[-1]
    out = np.zeros((clips, clips, len(kernel)))
    for i in range(clips):
        for j in range(clips):
            for a in range(size):
                for b in range(size):
                    row, column = i + a - size // 2, j + b - size // 2
                    if 0 <= row < clips and 0 <= column < clips:
                        out[i, j] += kernel[:, :, a, b] @ x[row, column]
    return out
