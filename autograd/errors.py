"""The exceptions, one tree.

Each is also a built-in exception: where plain Python floats raise one, it is that one, so existing `except` clauses keep working::

    AutogradError
    ├── DomainError         (ValueError)         log(-1): no real result
    ├── PoleError           (ZeroDivisionError)  1/0, 0**-1: the result is infinite
    ├── InputError          (TypeError)          not a real number: a string, None, an array
    ├── MagnitudeError      (OverflowError)      an integer that no float can hold
    ├── DefinitionError     (ValueError)         an operation's row is not legal
    ├── StaleGraphError     (RuntimeError)       `.data` was changed since the graph was built
    ├── AnomalyError        (ArithmeticError)    nan or inf, under `detect_anomaly`
    ├── GradientCheckError  (AssertionError)     a derivative differs from the numeric one
    ├── ConvergenceError    (ArithmeticError)    an iteration did not come to its end
    ├── CompileError        (ValueError)         a graph or function that cannot be compiled
    ├── TrainingError       (ArithmeticError)    the loss or a gradient is not finite
    ├── FileError           (ValueError)         a file that is damaged or does not fit
    └── MissingPackageError (ImportError)        an optional package is not installed
"""

from __future__ import annotations


class AutogradError(Exception):
    """The root of every exception this package raises on purpose.

    Attributes:
        is_refusal: whether a function that is differentiated or recorded did what cannot be followed.
    """

    is_refusal = False


class DomainError(AutogradError, ValueError):
    """An operand lies outside the domain of the operation: `log(-1)`."""


class PoleError(AutogradError, ZeroDivisionError):
    """An operand lies on a pole of the operation: `1/0`."""


class InputError(AutogradError, TypeError):
    """Something that is not a real number was used as one."""


class MagnitudeError(AutogradError, OverflowError):
    """An integer or fraction is too large for a float."""


class DefinitionError(AutogradError, ValueError):
    """An operation was defined in a way that cannot work."""


class StaleGraphError(AutogradError, RuntimeError):
    """The data of a graph changed since the graph was built, so its stored values no longer belong together."""


class AnomalyError(AutogradError, ArithmeticError):
    """A nan or inf appeared while `detect_anomaly` was looking for one."""


class GradientCheckError(AutogradError, AssertionError):
    """A derivative disagrees with the numeric one, or there is nothing to compare it with."""


class ConvergenceError(AutogradError, ArithmeticError):
    """An iteration did not come to its end."""


class CompileError(AutogradError, ValueError):
    """A graph or a function cannot be compiled."""


class TrainingError(AutogradError, ArithmeticError):
    """A loss or a gradient is not finite during training."""


class FileError(AutogradError, ValueError):
    """A file is damaged, or does not fit the model."""


class MissingPackageError(AutogradError, ImportError):
    """An optional package is needed and not installed."""
