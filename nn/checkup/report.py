"""The answer of `diagnose`: findings, and a table of the layers."""

from __future__ import annotations

import html
import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd.render.lettering import printable
from nn.checkup.curvature import Limit
from nn.checkup.findings import SEVERITIES, Finding
from nn.checkup.layer_row import LayerRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 110
"""Where the lines of findings are broken."""

COLUMNS = {
    "layer": "as model.summary() names it",
    "description": "the layer with its settings",
    "units": "how many neurons or channels it has",
    "mean": "of their outputs",
    "spread": "the standard deviation of their outputs",
    "gradient": "the size of ∂L/∂output for a sample: the root mean square of its norm",
    "|∂L/∂p|": "the mean size of the gradient of the mean loss with respect to its parameters",
    "flat": "the share of outputs at which the derivative of the activation is below 1% of its maximum",
    "stuck": "how many units are there for all samples: dead ReLUs, or saturated sigmoids",
}
"""The columns of the table, and what they say."""


@dataclass(repr=False)
class Diagnosis:
    """What `diagnose` found. Shown as a table, in a notebook as one of HTML.

    Attributes:
        findings: the ailments, serious ones first.
        layers: a row for each layer, in the order of their calls.
        loss: the mean loss.
        chance, guess: the loss of the best answer that is the same for all samples, and what that is; nan and "" if none was found.
        curvature: λ, the largest eigenvalue of the Hessian of the mean loss.
        limit: the largest stable learning rate, and how it follows from λ; None if it is not known.
        lr: the learning rate in question; None if none was given.
        samples, of: how many samples were looked at, and how many were given.
        reason: why the model was not compiled; "" if it was.
    """

    findings: list[Finding]
    layers: list[LayerRow]
    loss: float
    chance: float
    guess: str
    curvature: float
    limit: Limit | None
    lr: float | None
    samples: int
    of: int
    reason: str

    @property
    def healthy(self) -> bool:
        """Whether there is nothing but notes."""
        return all(finding.severity == "note" for finding in self.findings)

    def of_kind(self, ailment: str) -> list[Finding]:
        """The findings of one kind, such as "dead units"."""
        return [finding for finding in self.findings if finding.ailment == ailment]

    def plot(self) -> Figure:
        """A matplotlib figure: the outputs, the gradient and the share of flat outputs, layer by layer.

        Raises:
            MissingPackageError: matplotlib is not installed.
        """
        from nn.checkup.panels import panels_of

        return panels_of(self.layers, self.findings)

    # -- as text --------------------------------------------------------------------------------------------------------------

    def _cells(self) -> list[list[str]]:
        rows = []
        for row in self.layers:
            numbers = [_short(x) for x in (row.mean, row.spread, row.gradient, row.slope)]
            shares = ["–", "–"] if math.isnan(row.flat) else [f"{row.flat:.0%}", f"{row.stuck}"]
            rows.append([printable(row.name), printable(row.description), f"{row.units:,}", *numbers, *shares])
        return rows

    def _groups(self) -> list[list[Finding]]:
        """Findings that differ only in their layers together."""
        groups: dict[tuple[str, str, str], list[Finding]] = {}
        for finding in self.findings:
            groups.setdefault((finding.severity, finding.ailment, finding.advice), []).append(finding)
        return list(groups.values())

    def _facts(self) -> list[str]:
        looked = f"{self.samples:,} {'sample' if self.samples == 1 else 'samples'}"
        looked += "" if self.samples == self.of else f" of {self.of:,}"
        facts = [f"loss {self.loss:.4g} on {looked}"]
        if not math.isnan(self.chance):
            facts[0] += f"; answering with {self.guess}, {self.chance:.4g}"
        if self.limit is not None:
            name = "learning rates" if self.lr is None else f"learning rate {self.lr:g}; rates"
            facts.append(f"{name} are stable below {self.limit.formula} = {self.limit.rate:.2g}, where λ = {self.limit.eigenvalue:.3g}")
        if self.reason:
            facts.append(f"not compiled: {self.reason}")
        return facts

    def __repr__(self) -> str:
        head, rows = list(COLUMNS), self._cells()
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = [
            "  ".join(f"{cell:{'<' if i < 2 else '>'}{width}}" for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in (head, *rows)
        ]
        rule = "─" * (sum(widths) + 2 * len(widths) - 2)
        found = [line for group in self._groups() for line in _paragraph(group)]
        return "\n".join([*self._facts(), "", lines[0], rule, *lines[1:], rule, *(found or ["nothing found"])])

    def _repr_html_(self) -> str:
        def cell(text: str, i: int, kind: str = "td", title: str = "") -> str:
            about = f' title="{html.escape(title)}"' if title else ""
            return f'<{kind} style="text-align: {"left" if i < 2 else "right"}"{about}>{html.escape(text)}</{kind}>'

        head = "".join(cell(name, i, "th", title) for i, (name, title) in enumerate(COLUMNS.items()))
        body = "".join(f"<tr>{''.join(cell(text, i) for i, text in enumerate(row))}</tr>" for row in self._cells())
        facts = "<br>".join(html.escape(fact) for fact in self._facts())
        found = "".join(map(_item, self._groups()))
        findings = f"<ul>{found}</ul>" if found else "<p>nothing found</p>"
        return f"<div><p>{facts}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{findings}</div>"


def _paragraph(group: list[Finding]) -> list[str]:
    """Findings of one kind as lines."""
    first = group[0]
    lines: list[str] = []
    for text in [f"{first.severity}: {first.ailment}", *map(_placed, group), f"what to do: {first.advice}"]:
        start = "  " if lines else ""
        lines += textwrap.wrap(start + printable(text), WIDTH, subsequent_indent="      ", break_on_hyphens=False)
    return lines


def _item(group: list[Finding]) -> str:
    """Findings of one kind as an item of a list in HTML."""
    first = group[0]
    texts = "".join(f"<br>{html.escape(printable(_placed(finding)))}" for finding in group)
    return f"<li><b>{first.severity}: {html.escape(first.ailment)}</b>{texts}<br><i>What to do:</i> {html.escape(first.advice)}.</li>"


def _placed(finding: Finding) -> str:
    return f"{finding.where}: {finding.text}"


def by_severity(findings: list[Finding]) -> list[Finding]:
    """The findings, serious ones first."""
    return sorted(findings, key=lambda finding: -SEVERITIES.index(finding.severity))


def _short(x: float) -> str:
    return "–" if math.isnan(x) else f"{x:.3g}".replace("-", "−")
