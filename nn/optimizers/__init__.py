"""Optimizers: how parameters follow their gradients.

The formula of an optimizer is written once, on NumPy arrays. `step` takes the numbers from the Values and puts the new ones back. Code that
has them in arrays already, such as compiled training, calls `update`. Both continue from the same state.
"""

from nn.optimizers.adaptive import Adam, AdamW, RMSprop
from nn.optimizers.clipping import clip_grad_norm_, clip_grad_value_
from nn.optimizers.descent import SGD
from nn.optimizers.optimizer import Optimizer

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_grad_norm_", "clip_grad_value_"]
