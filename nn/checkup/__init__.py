"""What is wrong with a network: dead and saturated units, gradients that vanish, copies, inputs, the loss, the learning rate.

`watching` has a copy of the model whose layers report, `running` runs it for all samples, `measures` and `curvature` say what there is, and
the rules say what is wrong with it.
"""

from nn.checkup.examination import diagnose
from nn.checkup.findings import Finding
from nn.checkup.layer_row import LayerRow
from nn.checkup.report import Diagnosis

__all__ = ["Diagnosis", "Finding", "LayerRow", "diagnose"]
