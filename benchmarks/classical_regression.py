"""Weighted logistic regression, plain and with one hidden layer, in NumPy."""

import numpy as np
from numpy.typing import NDArray

HIDDEN, EPOCHS, BATCH, RATE, DECAY = 24, 20, 2048, 0.01, 1e-4

Floats = NDArray[np.floating]


def train(
    x: Floats, label: Floats, weight: Floats, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Weights of the hidden layer (F, HIDDEN), its bias, its output, those of the features
    themselves, and the bias, for features x (N, F) float32 of zero mean and unit spread.

    Adam (Kingma and Ba 2015) on the weighted log loss, the rate falling as a cosine.
    """
    size = x.shape[1]
    shapes = ((size, HIDDEN), (HIDDEN,), (HIDDEN,), (size,), (1,))
    values = [np.zeros(shape, np.float32) for shape in shapes]
    values[0] = rng.normal(0, size**-0.5, shapes[0]).astype(np.float32)
    values[4][:] = -3
    first, second = ([np.zeros_like(v) for v in values] for _ in range(2))
    steps = EPOCHS * (len(x) // BATCH)
    for step in range(steps):
        if step % (len(x) // BATCH) == 0:
            order = rng.permutation(len(x))
        batch = order[step % (len(x) // BATCH) * BATCH :][:BATCH]
        rate = RATE / 2 * (1 + np.cos(np.pi * step / steps))
        gradients = _gradients(values, x[batch], label[batch], weight[batch])
        for k, gradient in enumerate(gradients):
            first[k] += np.float32(0.1) * (gradient - first[k])
            second[k] += np.float32(0.001) * (gradient**2 - second[k])
            mean, square = first[k] / (1 - 0.9 ** (step + 1)), second[k] / (1 - 0.999 ** (step + 1))
            values[k] -= (rate * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)
    return values


def _gradients(
    values: list[NDArray[np.float32]], x: Floats, label: Floats, weight: Floats
) -> list[Floats]:
    hidden, hidden_bias, out, weights, bias = values
    active = np.tanh(x @ hidden + hidden_bias)
    odds = active @ out + x @ weights + bias
    error = weight * (1 / (1 + np.exp(-np.clip(odds, -30, 30))) - label) / len(x)
    inner = error[:, None] * out * (1 - active**2)
    return [
        x.T @ inner + DECAY * hidden,
        inner.sum(axis=0),
        active.T @ error + DECAY * out,
        x.T @ error + DECAY * weights,
        error.sum(keepdims=True),
    ]


def logistic(features: Floats, label: Floats, weight: Floats, ridge: float) -> Floats:
    """Newton's method (iteratively reweighted least squares), intercept first, unpenalised."""
    design = np.column_stack([np.ones(len(features)), features])
    penalty = np.diag([0.0, *[ridge] * features.shape[1]])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (weight * (label - p)) - penalty @ beta
        curvature = (design * (weight * p * (1 - p) + 1e-9)[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        beta += step * min(1.0, 3.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-8:
            break
    return beta
