"""What the native machine does that is no row of the op table: finding operands, sums, matrix products. Compiled by Numba.

This is no module to import but a part of the machine: `machine` copies its text, from the first function on, so that all of it is
compiled and kept together. An operand is one array of plain numbers, with the samples, where there are any, as its last axis: a view of
storage where it lies in one piece, else a copy.
"""

import numpy as np
from numba import njit
from numba.extending import register_jitable

from autograd.compiled.encoding import (
    FIELDS,
    INNER,
    IS_BATCHED,
    KIND,
    LIST,
    MASK,
    MASKED,
    NONE,
    OPERANDS,
    OUT,
    PACE,
    PIECE,
    SIZE,
    START,
    STRIDE,
    TERMS,
    WANTED,
    WIDTH,
)

# ruff: noqa: D103
# mypy: ignore-errors


@register_jitable
def address(place, shared, n):
    """Where a place is in memory; those below 0 are batched."""
    return place if place >= 0 else shared + (-1 - place) * n


@register_jitable
def moved(place, by):
    """So many numbers further on."""
    return place + by if place >= 0 else place - by


@register_jitable
def is_wanted(line, k):
    return line[OPERANDS + FIELDS * k + WANTED] != 0


@register_jitable
def is_direct(line, k):
    """Whether the gradients of operand k can be added to where they are."""
    return line[OPERANDS + FIELDS * k + KIND] == PIECE and not line[MASKED]


@register_jitable
def piece(x, line, k, count, samples, shared, n):
    """Operand k where it is."""
    begin = address(line[OPERANDS + FIELDS * k + START], shared, n)
    return x[begin : begin + count * samples]


@njit(cache=True, error_model="numpy")
def gathered(x, line, k, count, samples, lists, shared, n):
    """Operand k, of `count` numbers, as one array."""
    at = OPERANDS + FIELDS * k
    kind, start = line[at + KIND], line[at + START]
    if kind == PIECE:
        return piece(x, line, k, count, samples, shared, n)
    if kind == NONE:
        return x[0:0]
    found = np.empty(count * samples)
    inner, stride, pace = (line[at + INNER], line[at + STRIDE], line[at + PACE]) if kind != LIST else (1, 1, 0)
    for o in range(count // inner):
        for j in range(inner):
            e = o * inner + j
            place = lists[start + e] if kind == LIST else moved(start, o * stride + j * pace)
            if samples == 1:
                found[e] = x[address(place, shared, n)]
            elif place >= 0:
                found[e * samples : (e + 1) * samples] = x[place]
            else:
                begin = address(place, shared, n)
                found[e * samples : (e + 1) * samples] = x[begin : begin + samples]
    return found


@njit(cache=True, error_model="numpy")
def scatter(d, part, line, k, count, samples, lists, shared, n):
    """Add to the gradients of operand k. A number that is read several times receives the sum."""
    at = OPERANDS + FIELDS * k
    kind, start = line[at + KIND], line[at + START]
    if kind == PIECE:
        target = piece(d, line, k, count, samples, shared, n)
        target += part
        return
    inner, stride, pace = (line[at + INNER], line[at + STRIDE], line[at + PACE]) if kind != LIST else (1, 1, 0)
    for o in range(count // inner):
        for j in range(inner):
            e = o * inner + j
            place = lists[start + e] if kind == LIST else moved(start, o * stride + j * pace)
            if samples == 1:
                d[address(place, shared, n)] += part[e]
            elif place >= 0:
                total = 0.0
                for i in range(samples):
                    total += part[e * samples + i]
                d[place] += total
            else:
                begin = address(place, shared, n)
                for i in range(samples):
                    d[begin + i] += part[e * samples + i]


@njit(cache=True, error_model="numpy")
def mask_of(x, line, count, samples, lists, shared, n):
    """Where an output is wanted: 0 where it is not. A shared one is where any sample wants it."""
    if not line[OPERANDS + FIELDS * MASK + IS_BATCHED] or samples != 1:
        return gathered(x, line, MASK, count, samples, lists, shared, n)
    each = gathered(x, line, MASK, count, n, lists, shared, n)
    found = np.zeros(count)
    for e in range(count):
        for i in range(n):
            if each[e * n + i] != 0.0:
                found[e] = 1.0
    return found


@njit(cache=True, error_model="numpy")
def keep_wanted(part, mask, terms, samples):
    """Set the gradients by terms to exactly 0 where the output is not wanted, also if they are inf or nan."""
    for e in range(part.size):
        if mask[(e // samples // terms) * samples + e % samples] == 0.0:
            part[e] = 0.0


# -- sums: `a` and `b` have `terms` numbers, each with its samples, for each of the `y` ------------------------------------------


@njit(cache=True, error_model="numpy", fastmath={"reassoc"})
def add_up(y, a, terms, samples):
    for o in range(y.size // samples):
        if samples == 1:
            total = 0.0
            for j in range(o * terms, (o + 1) * terms):
                total += a[j]
            y[o] = total
        else:
            out = y[o * samples : (o + 1) * samples]
            out[:] = 0.0
            for j in range(o * terms, (o + 1) * terms):
                one = a[j * samples : (j + 1) * samples]
                for i in range(samples):
                    out[i] += one[i]


@njit(cache=True, error_model="numpy", fastmath={"reassoc"})
def add_products(y, a, b, terms, samples):
    for o in range(y.size // samples):
        if samples == 1:
            total = 0.0
            for j in range(o * terms, (o + 1) * terms):
                total += a[j] * b[j]
            y[o] = total
        else:
            out = y[o * samples : (o + 1) * samples]
            out[:] = 0.0
            for j in range(o * terms, (o + 1) * terms):
                left, right = a[j * samples : (j + 1) * samples], b[j * samples : (j + 1) * samples]
                for i in range(samples):
                    out[i] += left[i] * right[i]


@njit(cache=True, error_model="numpy")
def spread_gradients(g, terms, samples):
    """The gradient of each sum, once for each of its terms."""
    found = np.empty(g.size * terms)
    for o in range(g.size // samples):
        for j in range(o * terms, (o + 1) * terms):
            for i in range(samples):
                found[j * samples + i] = g[o * samples + i]
    return found


@njit(cache=True, error_model="numpy")
def peaks(y, a, terms, samples):
    """See the row `peak`."""
    for o in range(y.size // samples):
        for i in range(samples):
            peak = -np.inf
            for j in range(o * terms, (o + 1) * terms):
                v = a[j * samples + i]
                peak = v if v > peak else peak if peak >= v else v + peak
            y[o * samples + i] = np.floor(0.0 if np.isinf(peak) else peak)


@njit(cache=True, error_model="numpy")
def exponentials(a, terms, samples):
    """exp(a - peak) of each term, the sums of these, and the peaks: see the row `logsumexp`."""
    count = a.size // terms
    peak, total, found = np.empty(count), np.zeros(count), np.empty(a.size)
    peaks(peak, a, terms, samples)
    for o in range(count // samples):
        for j in range(o * terms, (o + 1) * terms):
            for i in range(samples):
                e = np.exp(a[j * samples + i] - peak[o * samples + i])
                found[j * samples + i] = e
                total[o * samples + i] += e
    return found, total, peak


@njit(cache=True, error_model="numpy")
def log_of_sums(y, a, terms, samples):
    _, total, peak = exponentials(a, terms, samples)
    for i in range(y.size):
        y[i] = peak[i] + np.log(total[i])


@njit(cache=True, error_model="numpy")
def shares(a, terms, samples):
    """The derivatives of log_of_sums."""
    found, total, _ = exponentials(a, terms, samples)
    return found / spread_gradients(total, terms, samples)


# -- matrix products a[m, t] @ b[p, t]ᵀ; samples are the last axis of what has them ---------------------------------------------


@njit(cache=True, error_model="numpy")
def multiply(x, line, lists, shared, n):
    m, t, p = line[SIZE], line[TERMS], line[WIDTH]
    a_batched, b_batched = line[OPERANDS + IS_BATCHED], line[OPERANDS + FIELDS + IS_BATCHED]
    a = gathered(x, line, 0, m * t, n if a_batched else 1, lists, shared, n)
    b = gathered(x, line, 1, p * t, n if b_batched else 1, lists, shared, n)
    begin = address(line[OUT], shared, n)
    if not a_batched and not b_batched:
        np.dot(a.reshape(m, t), b.reshape(p, t).T, x[begin : begin + m * p].reshape(m, p))
        return
    y = x[begin : begin + m * p * n].reshape(m, p, n)
    if not b_batched:
        for o in range(m):
            np.dot(b.reshape(p, t), a.reshape(m, t, n)[o], y[o])
    elif not a_batched:
        for k in range(p):
            y[:, k] = np.dot(a.reshape(m, t), b.reshape(p, t, n)[k])
    else:
        y[:] = 0.0
        for o in range(m):
            for k in range(p):
                for j in range(t):
                    left, right = a[(o * t + j) * n : (o * t + j + 1) * n], b[(k * t + j) * n : (k * t + j + 1) * n]
                    for i in range(n):
                        y[o, k, i] += left[i] * right[i]


@njit(cache=True, error_model="numpy")
def multiply_back(x, d, line, lists, shared, n):
    """The gradients by both operands."""
    m, t, p = line[SIZE], line[TERMS], line[WIDTH]
    a_batched, b_batched = line[OPERANDS + IS_BATCHED], line[OPERANDS + FIELDS + IS_BATCHED]
    a = gathered(x, line, 0, m * t, n if a_batched else 1, lists, shared, n)
    b = gathered(x, line, 1, p * t, n if b_batched else 1, lists, shared, n)
    begin = address(line[OUT], shared, n)
    by_a, by_b = is_wanted(line, 0), is_wanted(line, 1)
    if not a_batched and not b_batched:
        g = d[begin : begin + m * p].reshape(m, p)
        if by_a:
            scatter(d, np.dot(g, b.reshape(p, t)).ravel(), line, 0, m * t, 1, lists, shared, n)
        if by_b:
            scatter(d, np.dot(g.T, a.reshape(m, t)).ravel(), line, 1, p * t, 1, lists, shared, n)
        return
    g3 = d[begin : begin + m * p * n].reshape(m, p, n)
    if m == 1 and not b_batched:  # a layer, of one sample that was recorded: without sums it takes half the time
        if by_a:
            scatter(d, np.dot(b.reshape(p, t).T, g3[0]).ravel(), line, 0, t, n, lists, shared, n)
        if by_b:
            scatter(d, np.dot(g3[0], a.reshape(t, n).T).ravel(), line, 1, p * t, 1, lists, shared, n)
        return
    da, db = np.zeros(a.size if by_a else 0), np.zeros(b.size if by_b else 0)
    if not b_batched:
        for o in range(m):
            if by_a:
                np.dot(b.reshape(p, t).T, g3[o], da.reshape(m, t, n)[o])
            if by_b:
                db += np.dot(g3[o], a.reshape(m, t, n)[o].T).ravel()
    elif not a_batched:
        for k in range(p):
            g = np.ascontiguousarray(g3[:, k])
            if by_a:
                da += np.dot(g, b.reshape(p, t, n)[k].T).ravel()
            if by_b:
                np.dot(a.reshape(m, t).T, g, db.reshape(p, t, n)[k])
    else:
        for o in range(m):
            for k in range(p):
                for j in range(t):
                    u, v = (o * t + j) * n, (k * t + j) * n
                    for i in range(n):
                        if by_a:
                            da[u + i] += g3[o, k, i] * b[v + i]
                        if by_b:
                            db[v + i] += g3[o, k, i] * a[u + i]
    if by_a:
        scatter(d, da, line, 0, m * t, n if a_batched else 1, lists, shared, n)
    if by_b:
        scatter(d, db, line, 1, p * t, n if b_batched else 1, lists, shared, n)
