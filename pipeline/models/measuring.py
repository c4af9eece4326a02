"""How a network does on dev while it is trained: its loss and a score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.models import batches, heads, inputs
from pipeline.models.batches import Plan
from pipeline.models.inputs import Prepared
from pipeline.models.network import Network
from pipeline.models.recipe import Recipe

_ROOM = 1 << 24
"""Scores held at a time."""


def measure(recipe: Recipe, network: Network, data: Prepared, plan: Plan) -> tuple[float, float]:
    """Return loss and score on dev: the share answered right (all labels of a text), or minus the loss."""
    right, losses, total = 0.0, 0.0, 0.0
    wanted_loss = heads.loss(recipe)
    counted = recipe.head.kind == "labels"
    lengths = batches.total_lengths(list(data.texts.values()))
    plan = replace(plan, tokens=2 * plan.tokens, rows=4 * plan.rows)
    if recipe.head.kind == "next":  # the scores of all units at all places are large
        plan = replace(plan, tokens=min(plan.tokens, max(64, _ROOM // network.shape.sizes["encoder"].learned)))
    for rows in batches.in_length_order(lengths, plan):
        given, wanted, weights = inputs.targets(recipe, data, batches.lay_out(data.texts, rows, plan))
        logits = network.logits(given)
        weight = float(weights.sum())
        losses += float(wanted_loss(wanted, logits, sample_weight=weights)) * weight
        total += weight
        if counted:
            right += _right(recipe, logits, wanted, weights)
    loss = losses / max(total, 1e-9)
    return loss, right / len(data) if counted else -loss


def _right(recipe: Recipe, logits: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> float:
    if recipe.head.several:
        hits = ((logits > 0) == (wanted > 0.5)).all(-1)
    else:
        hits = logits.argmax(-1) == wanted.argmax(-1)
        if recipe.head.each:
            hits = (hits | (weights == 0)).all(-1)
            weights = weights.max(-1)
    return float((hits & (weights > 0)).sum())
