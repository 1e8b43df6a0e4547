"""What is found: one ailment of a network, with its number, its place, and what to do."""

from __future__ import annotations

from typing import NamedTuple

SEVERITIES = ("note", "warning", "serious")
"""From what is worth knowing to what keeps a network from learning."""


class Finding(NamedTuple):
    """One ailment.

    Attributes:
        severity: "note", which needs no remedy; "warning"; or "serious", which keeps the network from learning.
        ailment: what kind it is, such as "dead units", "vanishing gradient" or "rate too high".
        where: the layer, as `model.summary()` names it; "inputs"; "loss" or "learning rate".
        neurons: the indices of the neurons, channels or inputs; () if it is not about single ones.
        number: how much, as the text says it: a share, a ratio, a loss, a rate.
        text: what was found.
        advice: what to do.

    Example:
        >>> finding = Finding("warning", "dead units", "layers.0", (3,), 0.25, "1 of 4 is 0 for every sample", "lower the learning rate")
        >>> print(finding)
        warning: dead units in layers.0: 1 of 4 is 0 for every sample. What to do: lower the learning rate.
    """

    severity: str
    ailment: str
    where: str
    neurons: tuple[int, ...]
    number: float
    text: str
    advice: str

    def __str__(self) -> str:
        place = "" if self.where in ("loss", "learning rate") else f" in {self.where}"
        return f"{self.severity}: {self.ailment}{place}: {self.text}. What to do: {self.advice}."


def listed(neurons: tuple[int, ...] | list[int], most: int = 8) -> str:
    """Indices as text, the first of them if there are many.

    Example:
        >>> listed([1, 4]), listed(range(10), most=3)
        ('1, 4', '0, 1, 2, …')
    """
    text = ", ".join(map(str, neurons[:most]))
    return f"{text}, …" if len(neurons) > most else text


def lowered(severity: str) -> str:
    """The severity below this one, for what did not keep a network from learning.

    Example:
        >>> lowered("serious"), lowered("note")
        ('warning', 'note')
    """
    return SEVERITIES[max(0, SEVERITIES.index(severity) - 1)]
