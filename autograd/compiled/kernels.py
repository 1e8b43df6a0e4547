"""What the native machine does that is no row of the op table: finding operands, sums, matrix products. Compiled by Numba.

This is no module to import but a part of the machine: `machine` copies its text into the machine's two halves, so that all of a half is
compiled and kept together. An operand is one array of plain numbers, with the samples, where there are any, as its last axis: a view of
storage where it lies in one piece, else a copy. A product is a[m, t] @ b[p, t]ᵀ.

Numbers are copied by loops, not by slices: for each slice that is assigned to, Numba compiles what an error about its shape would say,
which takes a second.
"""

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, register_jitable

from autograd.compiled.encoding import (
    FIELDS,
    FIRST_ONE,
    GRID,
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
from autograd.compiled.wide import bits_of, of_bits, wide_exp

# ruff: noqa: D103
# mypy: ignore-errors

# The matrix product of BLAS, by which Numba's np.dot goes too, but that can neither add to a matrix nor take one with gaps.
numbers = types.CPointer(types.float64)
gemm = types.ExternalFunction(
    "numba_xxgemm",
    types.intc(*[types.char] * 3, *[types.intp] * 3, numbers, numbers, types.intp, numbers, types.intp, numbers, numbers, types.intp),
)


def compiled(signature, **options):
    """Compiled for these types only. By itself Numba compiles a function again for each constant that it is called with."""
    return njit(signature, cache=True, error_model="numpy", **options)


@intrinsic
def lent(typing, array):
    """The array without its owner: every piece of it would count one more reference, and one less, which took longer than the rest."""

    def made(context, builder, signature, args):
        own = context.make_array(signature.return_type)(context, builder, args[0])
        own.meminfo = own.meminfo.type(None)
        own.parent = own.parent.type(None)
        return own._getvalue()

    return array(array), made


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
def piece(x, line, k, count, samples, shared, n):
    """Operand k where it is."""
    begin = address(line[OPERANDS + FIELDS * k + START], shared, n)
    return x[begin : begin + count * samples]


@compiled("f8[::1](f8[::1], i8[::1], i8, i8, i8, i8[::1], i8, i8)")
def gathered(x, line, k, count, samples, lists, shared, n):
    """Operand k, of `count` numbers, as one array."""
    at = OPERANDS + FIELDS * k
    kind, start = line[at + KIND], line[at + START]
    if kind == PIECE:
        return piece(x, line, k, count, samples, shared, n)
    if kind == NONE:
        return x[0:0]
    found = np.empty(count * samples)
    if kind == LIST and samples == 1:
        for e in range(count):
            found[e] = x[address(lists[start + e], shared, n)]
        return found
    inner, stride, pace = (line[at + INNER], line[at + STRIDE], line[at + PACE]) if kind != LIST else (1, 1, 0)
    for o in range(count // inner):
        for j in range(inner):
            e = o * inner + j
            place = lists[start + e] if kind == LIST else moved(start, o * stride + j * pace)
            begin = address(place, shared, n)
            if samples == 1:
                found[e] = x[begin]
            elif place >= 0:
                for i in range(samples):
                    found[e * samples + i] = x[place]
            else:
                for i in range(samples):
                    found[e * samples + i] = x[begin + i]
    return found


@compiled("f8[::1](f8[::1], i8[::1], i8, i8, i8[::1], i8, i8)")
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


@compiled("void(f8[::1], f8[::1], i8, i8)")
def peaks(y, a, terms, samples):
    """See the row `peak`."""
    for o in range(y.size // samples):
        for i in range(samples):
            peak = -np.inf
            for j in range(o * terms, (o + 1) * terms):
                v = a[j * samples + i]
                peak = v if v > peak else peak if peak >= v else v + peak
            y[o * samples + i] = np.floor(0.0 if np.isinf(peak) else peak)


@compiled("UniTuple(f8[::1], 3)(f8[::1], i8, i8)")
def exponentials(a, terms, samples):
    """exp(a - peak) of each term, the sums of these, and the peaks: see the row `logsumexp`."""
    count = a.size // terms
    peak, total, found = np.empty(count), np.zeros(count), np.empty(a.size)
    peaks(peak, a, terms, samples)
    for o in range(count // samples):
        for j in range(o * terms, (o + 1) * terms):
            for i in range(samples):
                e = wide_exp(a[j * samples + i] - peak[o * samples + i])
                found[j * samples + i] = e
                total[o * samples + i] += e
    return found, total, peak


@register_jitable
def is_matrix(line, k, terms):
    """Whether the rows of operand k are pieces of storage at an even distance, as BLAS takes them."""
    at = OPERANDS + FIELDS * k
    even = line[at + PACE] == 1 and line[at + INNER] == terms and line[at + STRIDE] >= terms
    return line[at + KIND] == PIECE or (line[at + KIND] == GRID and even)


@compiled("Tuple((f8[::1], i8, i8))(f8[::1], i8[::1], i8, i8, i8, i8, i8[::1], i8, i8)")
def matrix(x, line, k, rows, terms, samples, lists, shared, n):
    """Operand k: the array in which it is, where it begins, and how far apart its rows are. A copy, where it has to be gathered."""
    at = OPERANDS + FIELDS * k
    if is_matrix(line, k, terms):
        distance = terms if line[at + KIND] == PIECE else line[at + STRIDE]
        return x, address(line[at + START], shared, n), distance * samples
    return gathered(x, line, k, rows * terms, samples, lists, shared, n), 0, terms * samples


@compiled("void(f8[::1], i8, i8, b1, f8[::1], i8, i8, b1, f8[::1], i8, i8, i8, i8, i8, f8)")
def product(a, begin_a, row_a, turn_a, b, begin_b, row_b, turn_b, c, begin_c, row_c, m, t, p, keep):
    """c[m, p] = keep · c + a[m, t] @ b[t, p], by BLAS, each where it is. To `turn` says that a is stored as [t, m], or b as [p, t].

    Columns are rows to BLAS: it computes cᵀ = bᵀ aᵀ.
    """
    factors = np.empty(2)
    factors[0], factors[1] = 1.0, keep
    turned = 116 if turn_b else 110, 116 if turn_a else 110  # "t", "n"
    one, other = factors[:1].ctypes, factors[1:].ctypes
    gemm(100, *turned, p, m, t, one, b[begin_b:].ctypes, row_b, a[begin_a:].ctypes, row_a, other, c[begin_c:].ctypes, row_c)


# == forward ============================================================================================================


@compiled("void(f8[::1], f8[::1], i8, i8)", fastmath={"reassoc"})
def add_up(y, a, terms, samples):
    """Sums of `terms` numbers each, with their samples: those of `a` are in `y`."""
    for o in range(y.size // samples):
        if samples == 1:
            total = 0.0
            for j in range(o * terms, (o + 1) * terms):
                total += a[j]
            y[o] = total
        else:
            out = y[o * samples : (o + 1) * samples]
            for i in range(samples):
                out[i] = 0.0
            for j in range(o * terms, (o + 1) * terms):
                one = a[j * samples : (j + 1) * samples]
                for i in range(samples):
                    out[i] += one[i]


@compiled("void(f8[::1], f8[::1], f8[::1], i8, i8)", fastmath={"reassoc"})
def add_products(y, a, b, terms, samples):
    for o in range(y.size // samples):
        if samples == 1:
            total = 0.0
            for j in range(o * terms, (o + 1) * terms):
                total += a[j] * b[j]
            y[o] = total
        else:
            out = y[o * samples : (o + 1) * samples]
            for i in range(samples):
                out[i] = 0.0
            for j in range(o * terms, (o + 1) * terms):
                left, right = a[j * samples : (j + 1) * samples], b[j * samples : (j + 1) * samples]
                for i in range(samples):
                    out[i] += left[i] * right[i]


@compiled("void(f8[::1], f8[::1], i8, i8)")
def log_of_sums(y, a, terms, samples):
    _, total, peak = exponentials(a, terms, samples)
    for i in range(y.size):
        y[i] = peak[i] + np.log(total[i])


FEW_SAMPLES = 12


@compiled("void(f8[::1], i8, i8, f8[::1], i8, f8[::1], i8, i8, i8, i8, i8)", fastmath={"reassoc", "contract"})
def product_of_samples(a, begin_a, row_a, b, begin_b, c, begin_c, row_c, m, t, n):
    """c[m, n] = a[m, t] @ b[t, n], for n samples. A small batch takes BLAS twice as long as four rows by two samples at once, or longer."""
    if n > FEW_SAMPLES:
        product(a, begin_a, row_a, False, b, begin_b, n, False, c, begin_c, row_c, m, t, n, 0.0)
        return
    samples = np.empty(n * t)
    for j in range(t):
        for i in range(n):
            samples[i * t + j] = b[begin_b + j * n + i]
    for k in range(0, m, 4):
        k1, k2, k3 = min(k + 1, m - 1), min(k + 2, m - 1), min(k + 3, m - 1)  # the last one again, rather than another loop
        u, u1, u2, u3 = begin_a + k * row_a, begin_a + k1 * row_a, begin_a + k2 * row_a, begin_a + k3 * row_a
        w, w1, w2, w3 = a[u : u + t], a[u1 : u1 + t], a[u2 : u2 + t], a[u3 : u3 + t]
        z, z1, z2, z3 = begin_c + k * row_c, begin_c + k1 * row_c, begin_c + k2 * row_c, begin_c + k3 * row_c
        for i in range(0, n, 2):
            i1 = min(i + 1, n - 1)
            x, x1 = samples[i * t : (i + 1) * t], samples[i1 * t : (i1 + 1) * t]
            p, p1, p2, p3, q, q1, q2, q3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for j in range(t):
                p += w[j] * x[j]
                p1 += w1[j] * x[j]
                p2 += w2[j] * x[j]
                p3 += w3[j] * x[j]
                q += w[j] * x1[j]
                q1 += w1[j] * x1[j]
                q2 += w2[j] * x1[j]
                q3 += w3[j] * x1[j]
            c[z + i], c[z1 + i], c[z2 + i], c[z3 + i] = p, p1, p2, p3
            c[z + i1], c[z1 + i1], c[z2 + i1], c[z3 + i1] = q, q1, q2, q3


@compiled("void(f8[::1], i8[::1], i8[::1], i8, i8)")
def multiply(x, line, lists, shared, n):
    m, t, p = line[SIZE], line[TERMS], line[WIDTH]
    a_batched, b_batched = line[OPERANDS + IS_BATCHED], line[OPERANDS + FIELDS + IS_BATCHED]
    a, begin_a, row_a = matrix(x, line, 0, m, t, n if a_batched else 1, lists, shared, n)
    b, begin_b, row_b = matrix(x, line, 1, p, t, n if b_batched else 1, lists, shared, n)
    begin = address(line[OUT], shared, n)
    if not a_batched and not b_batched:
        product(a, begin_a, row_a, False, b, begin_b, row_b, True, x, begin, p, m, t, p, 0.0)
    elif not b_batched:
        for o in range(m):
            product_of_samples(b, begin_b, row_b, a, begin_a + o * row_a, x, begin + o * p * n, n, p, t, n)
    elif not a_batched:
        for k in range(p):
            product_of_samples(a, begin_a, row_a, b, begin_b + k * row_b, x, begin + k * n, p * n, m, t, n)
    else:
        for o in range(m):
            for k in range(p):
                y = x[begin + (o * p + k) * n : begin + (o * p + k + 1) * n]
                for i in range(n):
                    y[i] = 0.0
                for j in range(t):
                    u, v = begin_a + o * row_a + j * n, begin_b + k * row_b + j * n
                    for i in range(n):
                        y[i] += a[u + i] * b[v + i]


# == backward ===========================================================================================================


@compiled("void(f8[::1], f8[::1])")
def scale(part, factors):
    for i in range(part.size):
        part[i] *= factors[i]


@register_jitable
def is_direct(line, k):
    """Whether the gradients of operand k can be added to where they are."""
    return line[OPERANDS + FIELDS * k + KIND] == PIECE and not line[MASKED]


@register_jitable
def mask_of_old(line, k):
    """What `kept` keeps of the gradients of operand k: all bits, or none where what is there is no gradient yet."""
    return line[OPERANDS + FIELDS * k + FIRST_ONE] - 1


@register_jitable(forceinline=True)
def kept(number, mask):
    """The number, or 0 in place of whatever it is; without a branch, in loops over many."""
    return of_bits(bits_of(number) & mask)


@compiled("void(f8[::1], f8[::1], i8[::1], i8, i8, i8, i8[::1], i8, i8)")
def scatter(d, part, line, k, count, samples, lists, shared, n):
    """Add to the gradients of operand k. A number that is read several times receives the sum."""
    at = OPERANDS + FIELDS * k
    kind, start, old = line[at + KIND], line[at + START], mask_of_old(line, k)
    if kind == PIECE:
        target = piece(d, line, k, count, samples, shared, n)
        for i in range(part.size):
            target[i] = kept(target[i], old) + part[i]
        return
    if kind == LIST and samples == 1:
        for e in range(count):
            begin = address(lists[start + e], shared, n)
            d[begin] = kept(d[begin], old) + part[e]
        return
    inner, stride, pace = (line[at + INNER], line[at + STRIDE], line[at + PACE]) if kind != LIST else (1, 1, 0)
    for o in range(count // inner):
        for j in range(inner):
            e = o * inner + j
            place = lists[start + e] if kind == LIST else moved(start, o * stride + j * pace)
            begin = address(place, shared, n)
            if samples == 1:
                d[begin] = kept(d[begin], old) + part[e]
            elif place >= 0:
                total = 0.0
                for i in range(e * samples, (e + 1) * samples):
                    total += part[i]
                d[place] = kept(d[place], old) + total
            else:
                for i in range(samples):
                    d[begin + i] = kept(d[begin + i], old) + part[e * samples + i]


@compiled("void(f8[::1], f8[::1], i8, i8)")
def keep_wanted(part, mask, terms, samples):
    """Set the gradients by terms to exactly 0 where the output is not wanted, also if they are inf or nan."""
    for e in range(part.size):
        if mask[(e // samples // terms) * samples + e % samples] == 0.0:
            part[e] = 0.0


@compiled("f8[::1](f8[::1], i8, i8)")
def spread_gradients(g, terms, samples):
    """The gradient of each sum, once for each of its terms."""
    found = np.empty(g.size * terms)
    if samples == 1:
        for o in range(g.size):
            for j in range(o * terms, (o + 1) * terms):
                found[j] = g[o]
        return found
    for o in range(g.size // samples):
        for j in range(o * terms, (o + 1) * terms):
            for i in range(samples):
                found[j * samples + i] = g[o * samples + i]
    return found


@compiled("f8[::1](f8[::1], i8, i8)")
def shares(a, terms, samples):
    """The derivatives of log_of_sums."""
    found, total, _ = exponentials(a, terms, samples)
    whole = spread_gradients(total, terms, samples)
    for i in range(found.size):
        found[i] /= whole[i]
    return found


@compiled("Tuple((f8[::1], i8, i8))(f8[::1], i8[::1], i8, i8, i8, i8, i8, i8)")
def target(d, line, k, rows, terms, samples, shared, n):
    """The same for the gradients of operand k: where they are, or zeros that are to be scattered."""
    at = OPERANDS + FIELDS * k
    if not is_wanted(line, k):
        return d, 0, 0
    if is_matrix(line, k, terms):
        distance = terms if line[at + KIND] == PIECE else line[at + STRIDE]
        return d, address(line[at + START], shared, n), distance * samples
    return np.zeros(rows * terms * samples), 0, terms * samples


@compiled("void(f8[::1], f8[::1], i8[::1], i8[::1], i8, i8)")
def multiply_back(x, d, line, lists, shared, n):
    """The gradients by both operands."""
    m, t, p = line[SIZE], line[TERMS], line[WIDTH]
    a_batched, b_batched = line[OPERANDS + IS_BATCHED], line[OPERANDS + FIELDS + IS_BATCHED]
    for_a, for_b = n if a_batched else 1, n if b_batched else 1
    a, begin_a, row_a = matrix(x, line, 0, m, t, for_a, lists, shared, n)
    b, begin_b, row_b = matrix(x, line, 1, p, t, for_b, lists, shared, n)
    da, begin_da, row_da = target(d, line, 0, m, t, for_a, shared, n)
    db, begin_db, row_db = target(d, line, 1, p, t, for_b, shared, n)
    by_a, by_b = is_wanted(line, 0), is_wanted(line, 1)
    keep_a = 0.0 if is_matrix(line, 0, t) and mask_of_old(line, 0) == 0 else 1.0  # by BLAS
    keep_b = 0.0 if is_matrix(line, 1, t) and mask_of_old(line, 1) == 0 else 1.0
    begin = address(line[OUT], shared, n)
    if not a_batched and not b_batched:
        if by_a:
            product(d, begin, p, False, b, begin_b, row_b, False, da, begin_da, row_da, m, p, t, keep_a)
        if by_b:
            product(d, begin, p, True, a, begin_a, row_a, False, db, begin_db, row_db, p, m, t, keep_b)
    elif not b_batched:
        for o in range(m):
            g, own = begin + o * p * n, begin_a + o * row_a
            if by_a:
                product(b, begin_b, row_b, True, d, g, n, False, da, begin_da + o * row_da, n, t, p, n, keep_a)
            if by_b:
                product(d, g, n, False, a, own, n, True, db, begin_db, row_db, p, n, t, keep_b)
                keep_b = 1.0
    elif not a_batched:
        for k in range(p):
            g, own = begin + k * n, begin_b + k * row_b
            if by_a:
                product(d, g, p * n, False, b, own, n, True, da, begin_da, row_da, m, n, t, keep_a)
                keep_a = 1.0
            if by_b:
                product(a, begin_a, row_a, True, d, g, p * n, False, db, begin_db + k * row_db, n, t, m, n, keep_b)
    else:
        for o in range(m if keep_a == 0.0 else 0):
            for i in range(begin_da + o * row_da, begin_da + o * row_da + t * n):
                da[i] = 0.0
        for k in range(p if keep_b == 0.0 else 0):
            for i in range(begin_db + k * row_db, begin_db + k * row_db + t * n):
                db[i] = 0.0
        for o in range(m):
            for k in range(p):
                g = begin + (o * p + k) * n
                for j in range(t):
                    for i in range(n):
                        if by_a:
                            da[begin_da + o * row_da + j * n + i] += d[g + i] * b[begin_b + k * row_b + j * n + i]
                        if by_b:
                            db[begin_db + k * row_db + j * n + i] += d[g + i] * a[begin_a + o * row_a + j * n + i]
    if by_a and not is_matrix(line, 0, t):
        scatter(d, da, line, 0, m * t, for_a, lists, shared, n)
    if by_b and not is_matrix(line, 1, t):
        scatter(d, db, line, 1, p * t, for_b, lists, shared, n)
