"""The one implementation of `Hooks`: what happens to Values within contexts and in functions that are recorded or differentiated."""

from __future__ import annotations

from collections.abc import Callable

from autograd._runtime.messages import described
from autograd._runtime.state import STATE
from autograd.conditions import Condition, compare, equals
from autograd.contexts import current_line, gradient_check
from autograd.differentiation import backward_on_graphs
from autograd.errors import CompileError, InputError
from autograd.graph import Node
from autograd.recording import observed, recorder
from autograd.tracing import Trace, called_by_library, here, trace_of


class Supervision:
    """See `Hooks`."""

    def created(self, node: Node) -> None:
        """See `Hooks`."""
        observed(node)

    def gradient_check(self) -> Callable[[Node], None] | None:
        """See `Hooks`."""
        return gradient_check()

    def differentiate(self, root: Node) -> None:
        """See `Hooks`."""
        backward_on_graphs(root)

    def backward_called(self, root: Node) -> None:
        """
        Raises:
            InputError: the node depends on an argument of a traced function.
        """
        trace = trace_of(root)
        if trace is not None:
            raise trace.refused(
                InputError(
                    f"{described(root)}.backward() was called at {current_line()} in a function that is differentiated or compiled: the "
                    "gradients would be plain numbers, without derivatives of their own. Write grad(f)(x) there, or "
                    "backward(create_graph=True)"
                )
            )

    def is_recorded(self) -> bool:
        """See `Hooks`."""
        return recorder() is not None

    def compared(self, symbol: str, a: Node, b: object) -> object:
        """See `Hooks`, `autograd.conditions.compare` and `equals`."""
        if symbol == "==":
            return equals(a, b)
        if symbol == "!=":
            equal = equals(a, b)
            return ~equal if isinstance(equal, Condition) else not equal
        return compare(symbol, a, b)

    def truth(self, node: Node) -> bool:
        """See `Hooks`."""
        return not compare("==", node, 0.0)

    def number_read(self, node: Node) -> None:
        """
        Raises:
            CompileError: the function is being recorded.
        """
        _refuse_frozen(node, "data")

    def gradient_read(self, node: Node) -> None:
        """
        Raises:
            CompileError: the function is being recorded.
        """
        _refuse_frozen(node, "grad")

    def number_assigned(self, node: Node) -> None:
        """
        Raises:
            CompileError: the function is being recorded.
        """
        _refuse_recorded(
            node,
            "the .data of {node} was assigned at {line} while the function was recorded: no run would do that. Compute a new Value "
            "from it, and assign outside of the compiled function",
        )

    def hashed(self, node: Node) -> None:
        """
        Raises:
            CompileError, InputError: the function, and not our own code, asks for the hash.
        """
        trace = here() or trace_of(node)
        if trace is not None and not called_by_library():
            raise trace.refused(_misleading(node, "hash", trace))

    def is_shown_as_number(self, node: Node) -> bool:
        """
        Raises:
            CompileError: the function, and not our own code, asks for the text while it is recorded.
        """
        trace = here() or trace_of(node)
        if trace is None or called_by_library():
            return False
        if not _is_recorded(trace):
            return True  # as the float that the function is called with
        raise trace.refused(_misleading(node, "text", trace))

    def refused(self, node: Node, error: Exception) -> Exception:
        """See `Hooks`."""
        trace = here() or trace_of(node)
        return error if trace is None else trace.refused(error)


def _is_recorded(trace: Trace) -> bool:
    return trace.is_recorded or recorder() is not None


def _recording_of(node: Node) -> Trace | None:
    """The function that is being recorded around this thread, or that the node depends on an argument of."""
    trace = here() or trace_of(node)
    return trace if trace is not None and _is_recorded(trace) else None


def _refuse_frozen(node: Node, attribute: str) -> None:
    """
    Raises:
        CompileError: the function is being recorded.
    """
    _refuse_recorded(
        node,
        f"the .{attribute} of {{node}} was read at {{line}} while the function was recorded: the number would be frozen into the program. "
        "Compute with the Value itself; choose with where(x > 0, a, b); stop its gradient with no_grad(); define an operation of your own "
        'with define("name", value, derivative); '
        f"or read .{attribute} outside of the compiled function",
    )


def _refuse_recorded(node: Node, message: str) -> None:
    """
    Raises:
        CompileError: the function is being recorded. The message may name the {node} and the {line}.
    """
    trace = _recording_of(node)
    if trace is not None:
        raise trace.refused(CompileError(message.format(node=described(node), line=current_line())))


_DONE = {"hash": "hashed", "text": "converted to text"}
_ADVICE = {
    "hash": "Outside of the function, look it up by v.data, or by id(v) for the node itself; in the function, choose by `if`",
    "text": "Choose with where(x > 0, a, b), or by `if`; to print numbers, call the function that was compiled: f.__wrapped__(…)",
}


def _misleading(node: Node, what: str, trace: Trace) -> CompileError | InputError:
    """The exception for a hash or a text."""
    error, state = (CompileError, "recorded") if _is_recorded(trace) else (InputError, "differentiated")
    return error(
        f"{described(node)} was {_DONE[what]} at {current_line()} while the function was {state}, where a Value stands for a number, whose "
        f"{what} is another one. {_ADVICE[what]}"
    )


STATE.hooks = Supervision()
