"""Smaller cases with the same disagreement, and scripts that show it."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import autograd
import nn
from fuzzers.function_calls import Call, Case, Checked, arguments_of, package_names, seeds_of, tangent_of
from fuzzers.function_forms import Function
from fuzzers.loop_thresholds import AS_THEY_ARE


def simpler(case: Case) -> Iterator[Case]:
    """Cases with less: calls, samples, code, arguments, digits."""
    f = case.function
    if len(case.calls) > 1:
        for k in range(len(case.calls)):
            yield replace(case, calls=case.calls[:k] + case.calls[k + 1 :])
    if case.thresholds != AS_THEY_ARE:
        yield replace(case, thresholds=AS_THEY_ARE)
    for source in _simpler_sources(f.source):
        yield replace(case, function=replace(f, source=source))
    for k, call in enumerate(case.calls):
        for less in _fewer_samples(f, call):
            yield replace(case, calls=(*case.calls[:k], less, *case.calls[k + 1 :]))
    for i, a in enumerate(f.arguments):
        for r, row in enumerate(a.rows):
            for j, x in enumerate(row):
                for plainer in (0.0, 1.0, 2.0):
                    if x not in (0.0, 1.0, 2.0) or (plainer < x and x != 1.0):
                        rows = (*a.rows[:r], (*row[:j], plainer, *row[j + 1 :]), *a.rows[r + 1 :])
                        yield replace(case, function=replace(f, arguments=(*f.arguments[:i], replace(a, rows=rows), *f.arguments[i + 1 :])))


def _fewer_samples(function: Function, call: Call) -> Iterator[Call]:
    """Calls with one sample less, or with plainer ways."""
    if call.shape is not None and len(call.shape) == 1 and call.shape[0] > 1:
        for s in range(call.shape[0]):
            rows = [r if len(r) == 1 else r[:s] + r[s + 1 :] for r in call.rows]
            shapes = [None if own is None else own if own in ((), (1,)) else (call.shape[0] - 1,) for own in call.shapes]
            yield replace(call, shape=(call.shape[0] - 1,), rows=tuple(rows), shapes=tuple(shapes))
    if call.shape is not None and function.in_axes is None:
        for s in range(call.size):
            rows = [(r[call.spread(k)[s]],) for k, r in enumerate(call.rows)]
            yield replace(call, shape=None, rows=tuple(rows), shapes=tuple([None] * len(rows)))
    if call.reduce == "mean":
        yield replace(call, reduce="sum")
    if call.reduce is not None:
        yield replace(call, reduce=None)
    if call.wrt is not None:
        yield replace(call, wrt=None)
    plain = frozenset(i for i in call.named if function.arguments[i].passing)
    if plain != call.named:
        yield replace(call, named=plain)


class _Cut(ast.NodeTransformer):
    """Replace the n-th node of a tree by another one, or by none."""

    def __init__(self, place: int, new: Any) -> None:
        self.place = place
        self.new = new
        self.count = -1

    def visit(self, node: ast.AST) -> Any:
        self.count += 1
        if self.count == self.place:
            return self.new
        return self.generic_visit(node)


def _simpler_sources(source: str) -> Iterator[str]:
    """Less code: statements dropped, expressions replaced by a part of them or by a number."""
    seen = {source}
    results: list[tuple[int, str]] = []

    def numbered(node: ast.AST) -> Iterator[ast.AST]:
        yield node
        for child in ast.iter_child_nodes(node):
            yield from numbered(child)

    whole = ast.parse(source)
    kept = {id(node.func) for node in ast.walk(whole) if isinstance(node, ast.Call)}
    kept |= {
        id(part)
        for node in ast.walk(whole)
        if isinstance(node, ast.ClassDef) and node.name in ("Point", "Model")
        for part in ast.walk(node)
    }
    kept |= {id(node.context_expr) for node in ast.walk(whole) if isinstance(node, ast.withitem)}
    for place, node in enumerate(numbered(whole)):
        if id(node) in kept:
            continue
        news: list[Any] = []
        if isinstance(node, ast.stmt) and not isinstance(node, ast.Return):
            news = [None]
            if isinstance(node, (ast.If, ast.For, ast.With)):
                news += [node.body, getattr(node, "orelse", None) or None]
            if isinstance(node, ast.If) and node.orelse:
                news.append(ast.If(node.test, node.body, []))
        elif isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and not isinstance(node, ast.Constant):
            news = [child for child in ast.walk(node) if isinstance(child, ast.expr) and child is not node][:12]
            news += [ast.Constant(1.0), ast.Constant(0.0)]
        for new in news:
            tree = ast.parse(source)
            try:
                text = ast.unparse(ast.fix_missing_locations(_Cut(place, new).visit(tree)))
                ast.parse(text)
            except (SyntaxError, ValueError, AttributeError, TypeError):
                continue
            if text not in seen and len(text) < len(source):
                seen.add(text)
                results.append((len(text), text))
    for _, text in sorted(results):
        yield text


def literal(x: Any) -> str:
    """An argument as source text."""
    if isinstance(x, np.ndarray):
        return f"np.array({literal(x.tolist())})"
    if isinstance(x, autograd.Value):
        return f"Value({literal(x.data)})"
    if isinstance(x, nn.Module):
        return f"Model({', '.join(map(literal, vars(x).values()))})"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{key!r}: {literal(branch)}" for key, branch in x.items()) + "}"
    if isinstance(x, list):
        return f"[{', '.join(map(literal, x))}]"
    if isinstance(x, tuple):
        inside = ", ".join(map(literal, x))
        return f"Point({inside})" if hasattr(x, "_fields") else f"({inside},)" if len(x) == 1 else f"({inside})"
    return repr(x) if isinstance(x, str) or x is None or math.isfinite(x) else f"float('{x}')"


def script(case: Case, who: str, what: str) -> str:
    """A program that shows the disagreement."""
    f = case.function
    used = sorted(name for name in package_names() if re.search(rf"\b{name}\b", f.source) and hasattr(autograd, name) and name != "abs")
    targets = sorted({c.method for c in case.calls} & {"grad", "second", "hessian"})
    targets = sorted({"grad" if t == "second" else t for t in targets})
    lines = [f"# {who}, {what}".replace("\n", " ")]
    lines += ["import functools", "from typing import NamedTuple", "import numpy as np"]
    names = sorted({*used, *targets, "Value", "compile", *(["to_c"] if who == "c" else [])})
    lines += [f"from autograd import {', '.join(names)}", "from nn import Module", "", f.source, ""]
    lines += case.thresholds.lines()
    checked = Checked(case)
    executor = who if who in ("numpy", "native", "jax") else "numpy"
    for key in sorted({c.method if c.method in ("grad", "second", "hessian") else "" for c in case.calls}):
        target = {"": f.made, "grad": f"grad({f.made})", "second": f"grad({f.made})", "hessian": f"hessian({f.made})"}[key]
        lines.append(f"compiled{key and '_' + key} = compile({target}, in_axes={f.in_axes}, executor={executor!r})")
    for call in case.calls:
        args, kwargs = arguments_of(f, call, checked.eager)
        given = [*map(literal, args), *[f"{name}={literal(x)}" for name, x in kwargs.items()]]
        name = "compiled" + (f"_{call.method}" if call.method in ("grad", "second", "hessian") else "")
        if isinstance(checked.eager.get("W"), autograd.Value):
            lines.append(f"W.data = {call.captured}")
        if call.method in ("call", "grad", "hessian"):
            lines.append(f"print({name}({', '.join(given)}))")
        elif call.method == "vjp":
            lines.append(f"value, pull_back = {name}.vjp({', '.join(given)})")
            lines.append(f"print(value, pull_back({literal(seeds_of(checked.sample(call, 0).like, call))}))")
        elif call.method == "jvp":
            tangents = tuple(tangent_of(checked, call, k, checked.eager) for k in range(len(call.passed)))
            lines.append(f"print({name}.jvp({literal(tuple(args))}, {literal(tangents)}))")
        else:
            if call.wrt is not None:
                given.append(f"wrt={call.wrt!r}")
            if call.reduce is not None:
                given.append(f"reduce={call.reduce!r}")
            if f.output == "aux":
                given.append("has_aux=True")
            lines.append(f"print({name}.value_and_grad({', '.join(given)}))")
        for s in range(call.size):
            want = checked.sample(call, s)
            outside = "outside of a domain; " if want.may_warn else ""
            lines.append(f"# sample {s}, {checked.numbers(call, s)}: {outside}{want.values}, gradient {want.gradients}")
    return "\n".join([*lines, *(["print(to_c(compiled))"] if who == "c" else [])])
