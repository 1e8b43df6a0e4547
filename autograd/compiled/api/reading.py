"""How a function reads its arguments: a number of each sample, or whole arrays. It is found out by trials, where `in_axes` does not say."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from autograd._runtime.temporary import During
from autograd.compiled.api.in_axes import Batching
from autograd.compiled.api.signature import Call
from autograd.errors import InputError
from autograd.interop.numpy_protocol import OneOfArray

FAILURES = TypeError, AttributeError, InputError
"""What a function raises that gets a number where it expects a sequence."""

_OF_NUMBERS = re.compile(r"'(Value|float)' object (is not (subscriptable|iterable)|does not support item)|has no len|takes an array|unpack")
"""How Python says that a number was used as a sequence."""


class Reading:
    """The attempts to call a function: first it is refused to combine a number of a sample with an array, then it is not.

    Args:
        batching: how its arguments are batched.
        call: the call.
        attempt: records the function for a call.

    Attributes:
        context: the context of the next attempt.
    """

    def __init__(self, batching: Batching, call: Call, attempt: Callable[[Call], Any]) -> None:
        self._batching, self._call, self._attempt = batching, call, attempt
        self._refusal = OneOfArray(lambda: batching.is_unclear(call))
        self._guessed = False
        self.context: AbstractContextManager[Any] = During(lambda: self._refusal)

    def fail(self, failure: Exception) -> None:
        """Say how an attempt has failed. Returns if there is another way, which the next attempt takes.

        Raises:
            Exception: there is none. If the function takes arrays, and fails with them too, it is the error of that.
        """
        found = False
        if not self._guessed:
            self._guessed = True
            failure, found = self._guess(failure)
        if found:
            return
        if not self._refusal.was_refused:
            raise failure from None
        self._batching.takes_numbers(self._call)  # it takes numbers beside arrays after all
        self._refusal.was_refused = self._guessed = False

    def _guess(self, failure: Exception) -> tuple[Exception, bool]:
        """The error to be raised, and whether a way was found."""
        tried = [failure]

        def trial(call: Call) -> Exception | None:
            try:
                with self.context:
                    self._attempt(call)
            except Exception as error:
                tried.append(error)
                return error
            return None

        other = self._batching.guess(self._call, failure, trial)
        if other is None:
            return failure, True
        takes_arrays = any(_OF_NUMBERS.search(str(error)) for error in tried[:-1]) and not _OF_NUMBERS.search(str(tried[-1]))
        return (tried[-1] if takes_arrays else other), False
