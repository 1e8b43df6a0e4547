"""What the native machine does that is no row of the op table: finding operands, sums, matrix products. Compiled by Numba.

This is no module to import but a part of the machine: `machine` copies its text into the machine's two halves, so that all of a half is
compiled and kept together. An operand is the place in memory where its numbers begin, one after the other, with the samples, where there
are any, as their last axis: in storage where it lies in one piece, else a copy behind it. A product is a[m, t] @ b[p, t]ᵀ.

Numbers are passed as pointers: as an array each would be seven arguments, which took longer than to add up a hundred numbers.
"""

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from autograd.compiled.backends.machine.encoding import (
    AT_CODE,
    AT_LISTS,
    AT_NUMBERS,
    COPIED,
    FIELDS,
    FIRST_ONE,
    INNER,
    IS_BATCHED,
    KIND,
    LENT_ROWS,
    LIST,
    LOAN,
    LOANS,
    MANY_THREADS,
    MASK,
    MASKED,
    MATRIX,
    NONE,
    ONE_THREAD,
    OPERANDS,
    OUT,
    PACE,
    PIECE,
    SAMPLES,
    SHARED,
    SIZE,
    START,
    STRIDE,
    TERMS,
    TURNED,
    WANTED,
    WIDTH,
)
from autograd.compiled.backends.machine.wide import bits_of, of_bits, wide_exp

# ruff: noqa: D103, F821 - `machine` sets IS_COMPILED and IS_KEPT before this
# mypy: ignore-errors

numbers, places, lines = types.CPointer(types.float64), types.CPointer(types.int64), types.CPointer(types.uint32)

# The matrix product of BLAS, by which Numba's np.dot goes too, but that can neither add to a matrix nor take one with gaps.
gemm = types.ExternalFunction(
    "numba_xxgemm",
    types.intc(*[types.char] * 3, *[types.intp] * 3, numbers, numbers, types.intp, numbers, types.intp, numbers, numbers, types.intp),
)


def compiled(signature, inside=True, **options):
    """Compiled for these types only. By itself Numba compiles a function again for each constant that it is called with.

    What is only called `inside` of the machine nobody needs where all of it was compiled before: it is part of what calls it.
    """
    if inside and IS_COMPILED:
        return lambda function: function
    signature = signature.replace("numbers", "CPointer(f8)").replace("places", "CPointer(i8)").replace("lines", "CPointer(u4)")
    return njit(signature, cache=IS_KEPT, error_model="numpy", **options)


@intrinsic
def at(typing, start, index):
    """The pointer to this element of an array, counted through all of its axes, or so many after a pointer."""

    def made(context, builder, signature, args):
        first = args[0] if isinstance(start, types.CPointer) else context.make_array(start)(context, builder, args[0]).data
        return builder.gep(first, [args[1]])

    return types.CPointer(start.dtype)(start, types.int64), made


@intrinsic
def widest(typing):
    """Compile this function for vectors as wide as the processor has. LLVM takes half of that where wide ones may slow others down."""

    def made(context, builder, signature, args):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # which llvmlite does not know by name
        return context.get_dummy_value()

    return types.none(), made


@intrinsic
def held(typing, number):
    """The pointer to a number, for who takes nothing else."""
    return numbers(types.float64), lambda context, builder, _, args: cgutils.alloca_once_value(builder, args[0])


@intrinsic
def address_of(typing, start):
    """The bits of a pointer as a whole number."""
    return types.int64(start), lambda context, builder, _, args: builder.ptrtoint(args[0], context.get_value_type(types.int64))


@intrinsic
def pointer(typing, kind, bits):
    """The pointer of this kind whose bits are this whole number."""
    found = kind.instance_type
    return found(kind, types.int64), lambda context, builder, _, args: builder.inttoptr(args[1], context.get_value_type(found))


@register_jitable
def parts_of(run):
    """What a run is, see its columns: the table of steps, the lists, the numbers, what is lent, how many are shared, how many samples."""
    code, lists, x = pointer(places, run[AT_CODE]), pointer(places, run[AT_LISTS]), pointer(numbers, run[AT_NUMBERS])
    return code, lists, x, at(run, LENT_ROWS), run[SHARED], run[SAMPLES]


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
def piece(x, line, k, shared, n):
    """Operand k where it is."""
    return at(x, address(line[OPERANDS + FIELDS * k + START], shared, n))


@register_jitable
def copied(x, line, k, shared, n):
    """Where a copy of operand k may be."""
    return at(x, address(line[OPERANDS + FIELDS * k + COPIED], shared, n))


@register_jitable
def operand(x, line, k, count, samples, lists, shared, n):
    """Operand k, of `count` numbers."""
    if line[OPERANDS + FIELDS * k + KIND] == PIECE:
        return piece(x, line, k, shared, n)
    return gathered(x, line, k, count, samples, lists, shared, n)


@compiled("numbers(numbers, places, i8, i8, i8, places, i8, i8)")
def gathered(x, line, k, count, samples, lists, shared, n):
    """A copy of operand k in one piece."""
    column = OPERANDS + FIELDS * k
    kind, start, found = line[column + KIND], line[column + START], copied(x, line, k, shared, n)
    if kind == NONE:
        return found
    if kind == LIST and samples == 1:
        for e in range(count):
            found[e] = x[address(lists[start + e], shared, n)]
        return found
    inner, stride, pace = (line[column + INNER], line[column + STRIDE], line[column + PACE]) if kind != LIST else (1, 1, 0)
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


@compiled("numbers(numbers, places, i8, i8, places, i8, i8)")
def mask_of(x, line, count, samples, lists, shared, n):
    """Where an output is wanted: 0 where it is not. A shared one is where any sample wants it."""
    if not line[OPERANDS + FIELDS * MASK + IS_BATCHED] or samples != 1:
        return operand(x, line, MASK, count, samples, lists, shared, n)
    found = gathered(x, line, MASK, count, n, lists, shared, n)
    for e in range(count):
        wanted = 0.0
        for i in range(e * n, (e + 1) * n):
            wanted = 1.0 if found[i] != 0.0 else wanted
        found[e] = wanted
    return found


@compiled("void(numbers, numbers, i8, i8, i8)")
def peaks(y, a, count, terms, samples):
    """See the row `peak`; `count` outputs, with their samples."""
    for o in range(count // samples):
        for i in range(samples):
            peak = -np.inf
            for j in range(o * terms, (o + 1) * terms):
                v = a[j * samples + i]
                peak = v if v > peak else peak if peak >= v else v + peak
            y[o * samples + i] = np.floor(0.0 if np.isinf(peak) else peak)


@compiled("void(numbers, numbers, numbers, i8, i8, i8)")
def sums_of_exponentials(total, peak, a, count, terms, samples):
    """The sums of exp(a - peak), and the peaks: see the row `logsumexp`."""
    peaks(peak, a, count, terms, samples)
    for i in range(count):
        total[i] = 0.0
    for o in range(count // samples):
        for j in range(o * terms, (o + 1) * terms):
            for i in range(samples):
                total[o * samples + i] += wide_exp(a[j * samples + i] - peak[o * samples + i])


@register_jitable
def is_turned(line, k):
    """Whether operand k, which has samples, is kept sample by sample."""
    return line[OPERANDS + FIELDS * k + KIND] == TURNED


@register_jitable
def is_matrix(line, k):
    """Whether BLAS can take operand k where it is."""
    return line[OPERANDS + FIELDS * k + KIND] == MATRIX


@register_jitable
def distance(line, k, terms, samples):
    """How far apart the rows of operand k are, as `matrix` gives it."""
    return (line[OPERANDS + FIELDS * k + STRIDE] if is_matrix(line, k) else terms) * samples


@compiled("numbers(numbers, places, i8, i8, i8, i8, places, places, i8, i8)")
def matrix(x, line, k, rows, terms, samples, lists, lent, shared, n):
    """Operand k of a product: its first row. A copy, where it has to be gathered. `lent`: see the columns of a run."""
    if is_matrix(line, k) or is_turned(line, k):
        place = line[OPERANDS + FIELDS * k + START]
        for i in range(0, LOANS * LOAN, LOAN):
            if lent[i] <= place < lent[i + 1]:
                return at(pointer(numbers, lent[i + 2]), place - lent[i])
        return piece(x, line, k, shared, n)
    return gathered(x, line, k, rows * terms, samples, lists, shared, n)


TILE = 64
"""The largest number of rows and columns of a product that is part of a larger one: see `backends.numpy.products`."""


@compiled("void(numbers, i8, b1, numbers, i8, b1, numbers, i8, i8, i8, i8, f8)")
def product(a, row_a, turn_a, b, row_b, turn_b, c, row_c, m, t, p, keep):
    """c[m, p] = keep · c + a[m, t] @ b[t, p], by BLAS; with 0 to keep, c is not read. To `turn` says that a is [t, m], or b [p, t].

    Columns are rows to BLAS: it computes cᵀ = bᵀ aᵀ.
    """
    turned = 116 if turn_b else 110, 116 if turn_a else 110  # "t", "n"
    if m * t * p <= ONE_THREAD or m * t * p >= MANY_THREADS:
        gemm(100, *turned, p, m, t, held(1.0), b, row_b, a, row_a, held(keep), c, row_c)
        return
    for i in range(0, m, TILE):
        rows = min(TILE, m - i)
        for j in range(0, p, TILE):
            columns = min(TILE, p - j)
            depth, kept_here = ONE_THREAD // (rows * columns), keep
            for k in range(0, t, depth):
                one = at(a, k * row_a + i if turn_a else i * row_a + k)
                other = at(b, j * row_b + k if turn_b else k * row_b + j)
                out, terms = at(c, i * row_c + j), min(depth, t - k)
                gemm(100, *turned, columns, rows, terms, held(1.0), other, row_b, one, row_a, held(kept_here), out, row_c)
                kept_here = 1.0


# == forward ============================================================================================================


@compiled("void(numbers, numbers, i8, i8, i8)", fastmath={"reassoc"})
def add_up(y, a, count, terms, samples):
    """Sums of `terms` numbers each, with their samples: those of `a` are in `y`."""
    for o in range(count // samples):
        if samples == 1:
            total = 0.0
            for j in range(o * terms, (o + 1) * terms):
                total += a[j]
            y[o] = total
        else:
            out = at(y, o * samples)
            for i in range(samples):
                out[i] = 0.0
            for j in range(o * terms, (o + 1) * terms):
                one = at(a, j * samples)
                for i in range(samples):
                    out[i] += one[i]


@compiled("void(numbers, numbers, numbers, i8, i8, i8)", fastmath={"reassoc"})
def add_products(y, a, b, count, terms, samples):
    for o in range(count // samples):
        if samples == 1:
            total = 0.0
            for j in range(o * terms, (o + 1) * terms):
                total += a[j] * b[j]
            y[o] = total
        else:
            out = at(y, o * samples)
            for i in range(samples):
                out[i] = 0.0
            for j in range(o * terms, (o + 1) * terms):
                left, right = at(a, j * samples), at(b, j * samples)
                for i in range(samples):
                    out[i] += left[i] * right[i]


@compiled("void(numbers, numbers, numbers, i8, i8, i8)")
def log_of_sums(y, a, total, count, terms, samples):
    """See the row `logsumexp`. `total` is room for the sums."""
    sums_of_exponentials(total, y, a, count, terms, samples)
    for i in range(count):
        y[i] += np.log(total[i])


FEW_SAMPLES = 12


@compiled("void(numbers, i8, numbers, b1, numbers, numbers, i8, i8, i8, i8)", fastmath={"reassoc", "contract"})
def product_of_samples(a, row_a, b, turn_b, turned, c, row_c, m, t, n):
    """c[m, n] = a[m, t] @ b[t, n], for n samples. A small batch does without BLAS, by four rows and two samples at once.

    To `turn` says that b is [n, t]; otherwise `turned` is room for that.
    """
    widest()
    if n > FEW_SAMPLES:
        product(a, row_a, False, b, t if turn_b else n, turn_b, c, row_c, m, t, n, 0.0)
        return
    if turn_b:
        turned = b
    else:
        for j in range(t):
            for i in range(n):
                turned[i * t + j] = b[j * n + i]
    for k in range(0, m, 4):
        k1, k2, k3 = min(k + 1, m - 1), min(k + 2, m - 1), min(k + 3, m - 1)  # the last one again, rather than another loop
        w, w1, w2, w3 = at(a, k * row_a), at(a, k1 * row_a), at(a, k2 * row_a), at(a, k3 * row_a)
        z, z1, z2, z3 = at(c, k * row_c), at(c, k1 * row_c), at(c, k2 * row_c), at(c, k3 * row_c)
        for i in range(0, n, 2):
            i1 = min(i + 1, n - 1)
            x, x1 = at(turned, i * t), at(turned, i1 * t)
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
            z[i], z1[i], z2[i], z3[i] = p, p1, p2, p3
            z[i1], z1[i1], z2[i1], z3[i1] = q, q1, q2, q3


@compiled("void(numbers, places, places, places, i8, i8)")
def multiply(x, line, lists, lent, shared, n):
    m, t, p = line[SIZE], line[TERMS], line[WIDTH]
    a_batched, b_batched = line[OPERANDS + IS_BATCHED], line[OPERANDS + FIELDS + IS_BATCHED]
    for_a, for_b = n if a_batched else 1, n if b_batched else 1
    a, row_a = matrix(x, line, 0, m, t, for_a, lists, lent, shared, n), distance(line, 0, t, for_a)
    b, row_b = matrix(x, line, 1, p, t, for_b, lists, lent, shared, n), distance(line, 1, t, for_b)
    y, turned = at(x, address(line[OUT], shared, n)), copied(x, line, 2, shared, n)
    if not a_batched and not b_batched:
        product(a, row_a, False, b, row_b, True, y, p, m, t, p, 0.0)
    elif not b_batched:
        for o in range(m):
            product_of_samples(b, row_b, at(a, o * row_a), is_turned(line, 0), turned, at(y, o * p * n), n, p, t, n)
    elif not a_batched:
        for k in range(p):
            product_of_samples(a, row_a, at(b, k * row_b), is_turned(line, 1), turned, at(y, k * n), p * n, m, t, n)
    else:
        for o in range(m):
            for k in range(p):
                add_products(at(y, (o * p + k) * n), at(a, o * row_a), at(b, k * row_b), n, t, n)


# == backward ===========================================================================================================


@compiled("void(numbers, numbers, i8)")
def scale(part, factors, count):
    for i in range(count):
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


@compiled("void(numbers, numbers, places, i8, i8, i8, places, i8, i8)")
def scatter(d, part, line, k, count, samples, lists, shared, n):
    """Add to the gradients of operand k. A number that is read several times receives the sum."""
    column = OPERANDS + FIELDS * k
    kind, start, old = line[column + KIND], line[column + START], mask_of_old(line, k)
    if kind == PIECE:
        target = piece(d, line, k, shared, n)
        for i in range(count * samples):
            target[i] = kept(target[i], old) + part[i]
        return
    if kind == LIST and samples == 1:
        for e in range(count):
            begin = address(lists[start + e], shared, n)
            d[begin] = kept(d[begin], old) + part[e]
        return
    inner, stride, pace = (line[column + INNER], line[column + STRIDE], line[column + PACE]) if kind != LIST else (1, 1, 0)
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


@compiled("void(numbers, numbers, i8, i8, i8)")
def keep_wanted(part, mask, count, terms, samples):
    """Set the gradients of the terms to exactly 0 where the output is not wanted, even if they are inf or nan."""
    for e in range(count):
        if mask[(e // samples // terms) * samples + e % samples] == 0.0:
            part[e] = 0.0


@compiled("void(numbers, numbers, i8, i8, i8)")
def spread_gradients(part, g, count, terms, samples):
    """The gradient of each sum, once for each of its terms."""
    for o in range(count // samples):
        for j in range(o * terms, (o + 1) * terms):
            for i in range(samples):
                part[j * samples + i] = g[o * samples + i]


@compiled("void(numbers, numbers, numbers, numbers, i8, i8, i8)")
def share(part, a, peak, total, count, terms, samples):
    """Multiply by the derivatives of log_of_sums. `peak` and `total` are room."""
    sums_of_exponentials(total, peak, a, count, terms, samples)
    for o in range(count // samples):
        for j in range(o * terms, (o + 1) * terms):
            for i in range(samples):
                part[j * samples + i] *= wide_exp(a[j * samples + i] - peak[o * samples + i]) / total[o * samples + i]


@register_jitable
def target(d, line, k, rows, terms, samples, shared, n):
    """Where the gradients of operand k of a product are, or zeros that are to be scattered."""
    if is_matrix(line, k) or not is_wanted(line, k):
        return piece(d, line, k, shared, n)
    part = copied(d, line, k, shared, n)
    for i in range(rows * terms * samples):
        part[i] = 0.0
    return part


@compiled("void(numbers, numbers, places, places, places, i8, i8)")
def multiply_back(x, d, line, lists, lent, shared, n):
    """The gradients with respect to both operands."""
    m, t, p = line[SIZE], line[TERMS], line[WIDTH]
    a_batched, b_batched = line[OPERANDS + IS_BATCHED], line[OPERANDS + FIELDS + IS_BATCHED]
    for_a, for_b = n if a_batched else 1, n if b_batched else 1
    a, row_a = matrix(x, line, 0, m, t, for_a, lists, lent, shared, n), distance(line, 0, t, for_a)
    b, row_b = matrix(x, line, 1, p, t, for_b, lists, lent, shared, n), distance(line, 1, t, for_b)
    da, db = target(d, line, 0, m, t, for_a, shared, n), target(d, line, 1, p, t, for_b, shared, n)
    by_a, by_b = is_wanted(line, 0), is_wanted(line, 1)
    keep_a = 0.0 if is_matrix(line, 0) and mask_of_old(line, 0) == 0 else 1.0  # of what is there
    keep_b = 0.0 if is_matrix(line, 1) and mask_of_old(line, 1) == 0 else 1.0
    g = at(d, address(line[OUT], shared, n))
    if not a_batched and not b_batched:
        if by_a:
            product(g, p, False, b, row_b, False, da, row_a, m, p, t, keep_a)
        if by_b:
            product(g, p, True, a, row_a, False, db, row_b, p, m, t, keep_b)
    elif not b_batched:
        for o in range(m):
            if by_a:
                product(b, row_b, True, at(g, o * p * n), n, False, at(da, o * row_a), n, t, p, n, keep_a)
            if by_b:
                turned = is_turned(line, 0)
                product(at(g, o * p * n), n, False, at(a, o * row_a), t if turned else n, not turned, db, row_b, p, n, t, keep_b)
                keep_b = 1.0
    elif not a_batched:
        for k in range(p):
            if by_a:
                turned = is_turned(line, 1)
                product(at(g, k * n), p * n, False, at(b, k * row_b), t if turned else n, not turned, da, row_a, m, n, t, keep_a)
                keep_a = 1.0
            if by_b:
                product(a, row_a, True, at(g, k * n), p * n, False, at(db, k * row_b), n, t, m, n, keep_b)
    else:
        for o in range(m if keep_a == 0.0 else 0):
            for i in range(o * row_a, o * row_a + t * n):
                da[i] = 0.0
        for k in range(p if keep_b == 0.0 else 0):
            for i in range(k * row_b, k * row_b + t * n):
                db[i] = 0.0
        for o in range(m):
            for k in range(p):
                slope = at(g, (o * p + k) * n)
                for j in range(t):
                    u, v = o * row_a + j * n, k * row_b + j * n
                    for i in range(n):
                        if by_a:
                            da[u + i] += slope[i] * b[v + i]
                        if by_b:
                            db[v + i] += slope[i] * a[u + i]
    if by_a and not is_matrix(line, 0):
        scatter(d, da, line, 0, m * t, for_a, lists, shared, n)
    if by_b and not is_matrix(line, 1):
        scatter(d, db, line, 1, p * t, for_b, lists, shared, n)
