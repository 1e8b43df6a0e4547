"""The branches of a compiled function in words, for a picture of them: their conditions, and their instructions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograd.compiled.api.branch import Branch
from autograd.compiled.export.listing import Line, outline_of_function


@dataclass(frozen=True)
class BranchOutline:
    """A branch in words.

    Attributes:
        conditions: those that lead to it, in order, such as "line 4, if x > 0: was True".
        lines: its instructions; those with `is_result` compute what is returned.
    """

    conditions: tuple[str, ...]
    lines: list[Line]


@dataclass(frozen=True)
class BranchOutlines:
    """The branches of a function for one form of arguments.

    Attributes:
        branches: some of them, in the order of their conditions: True comes before False.
        left_out: how many more there are.
        others: how many programs were recorded for other forms of arguments.
    """

    branches: list[BranchOutline]
    left_out: int
    others: int


def outlines(forms: Sequence[list[Branch]], most: int) -> BranchOutlines:
    """The branches in words: those of the form of arguments with the most branches, or the last of these forms.

    Args:
        forms: the branches for each form, at least one.
        most: so many branches are described, those that were recorded first.
    """
    form = max(reversed(forms), key=len)
    chosen = sorted(form[:most], key=lambda branch: branch.order)
    described = []
    for branch in chosen:
        conditions = tuple([f"{_statement(line)} {truth}" for line, truth in branch.conditions()])
        described.append(BranchOutline(conditions, outline_of_function(branch.tape, branch.code, branch.shapes, branch.returned)))
    return BranchOutlines(described, len(form) - len(chosen), sum(map(len, forms)) - len(form))


def _statement(line: str) -> str:
    """A line of the user's code with its number, without the name of its file."""
    found = re.fullmatch(r".*:(\d+) \((.*)\)", line)
    return f"line {found[1]}, {found[2]}" if found else line
