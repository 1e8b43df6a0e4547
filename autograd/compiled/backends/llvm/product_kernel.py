"""The kernel of matrix products, C = A B or C += A B, and that of transposes, which it needs for some of them.

A block of C stays in registers: some rows, one number of A for each, and some vectors along the rows of B. Rows of B and C have places of
their own; A has strides. Rows of C may coincide, as they are written one after the other.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiled.backends.llvm.frame import PADDED, ROW, VALID, Kernel
from autograd.compiled.backends.llvm.text import FLOAT, Carried, Module, Number

(A_MEMORY, A_START, A_ROW, A_ROW_NUMBERS, A_TERM, A_TERM_NUMBERS) = range(6)
"""Arguments: where A begins, and the distance between its rows and between its terms: in places, and in numbers."""

(B_MEMORY, B_START, B_LIST, B_IN_NUMBERS, C_MEMORY, C_START, C_LIST, ADDED) = range(6, 14)
"""Where B and C begin, and the places of their rows from there on; whether those of B are counted in numbers; whether C += A B."""

(M, N, TERMS) = range(14, 17)
"""The rows of A, the length of the rows of B, the rows of B; PADDED_SAMPLES and SAMPLES stand for the samples of the tile."""

PADDED_SAMPLES, SAMPLES = -1, -2


class _Placed(Kernel):
    """A kernel whose arguments say in which kind of memory it reads and writes."""

    def __init__(self, lanes: int) -> None:
        super().__init__(lanes)
        self._row = self.entry(ROW)

    def base(self, memory: int, start: int) -> tuple[str, str]:
        """The address of a place, and the bytes from one place to the next, by two arguments: the kind of memory, and the place."""
        f, kind = self.f, self.argument(memory)
        is_tile = f.name_of(f"icmp eq i64 {f.name_of(f'and i64 {kind}, 1')}, 1")  # TILE and TILE_GRADIENTS are odd
        unit = f.name_of(f"select i1 {is_tile}, i64 {self._row}, i64 8")
        offset = f.name_of(f"mul i64 {self.argument(start)}, {unit}")
        return f.name_of(f"add i64 {self.integer('%frame', kind)}, {offset}"), unit


class _Product(_Placed):
    def __init__(self, lanes: int) -> None:
        super().__init__(lanes)
        padded, valid = self.entry(PADDED), self.entry(VALID)

        def size(k: int) -> str:
            f, given = self.f, self.argument(k)
            is_padded, is_valid = (f.name_of(f"icmp eq i64 {given}, {x}") for x in (PADDED_SAMPLES, SAMPLES))
            either = f.name_of(f"select i1 {is_valid}, i64 {valid}, i64 {given}")
            return f.name_of(f"select i1 {is_padded}, i64 {padded}, i64 {either}")

        def step(places: int, numbers: int, of_place: str) -> str:
            far = self.f.name_of(f"mul i64 {self.argument(places)}, {of_place}")
            return self.f.name_of(f"add i64 {far}, {self.f.name_of(f'shl i64 {self.argument(numbers)}, 3')}")

        self.a, a_unit = self.base(A_MEMORY, A_START)
        self.a_row, self.a_term = step(A_ROW, A_ROW_NUMBERS, a_unit), step(A_TERM, A_TERM_NUMBERS, a_unit)
        self.b, b_unit = self.base(B_MEMORY, B_START)
        in_numbers = self.f.name_of(f"icmp ne i64 {self.argument(B_IN_NUMBERS)}, 0")
        self.b_unit = self.f.name_of(f"select i1 {in_numbers}, i64 8, i64 {b_unit}")
        self.b_list = self.pointer(self.argument(B_LIST))
        self.c, self.c_unit = self.base(C_MEMORY, C_START)
        self.c_list = self.pointer(self.argument(C_LIST))
        self.added = self.f.name_of(f"icmp ne i64 {self.argument(ADDED)}, 0")
        self.m, self.n, self.terms = size(M), size(N), size(TERMS)
        self.f.fused = True

    def block(self, first: str, rows: int, column: str, vectors: int, mask: Number | None) -> None:
        """Some rows and vectors of C."""
        f, lanes = self.f, self.module.lanes
        starts = []
        for i in range(rows):
            row = f.name_of(f"add i64 {first}, {i}")
            starts.append(f.name_of(f"add i64 {self.a}, {f.name_of(f'mul i64 {row}, {self.a_row}')}"))
        sums = [[Carried(0.0) for _ in range(vectors)] for _ in range(rows)]
        with f.loop(self.terms, carried=[total for row in sums for total in row]) as k:
            offset = f.name_of(f"mul i64 {self.integer(self.b_list, k)}, {self.b_unit}")
            b_row = self.pointer(f.name_of(f"add i64 {self.b}, {offset}"))
            along = [self.load(b_row, column if v == 0 else f.name_of(f"add i64 {column}, {v * lanes}"), mask) for v in range(vectors)]
            far = f.name_of(f"mul i64 {k}, {self.a_term}")
            for start, totals in zip(starts, sums, strict=True):
                a = f.spread(self.scalar(self.pointer(f.name_of(f"add i64 {start}, {far}"))))
                for total, b in zip(totals, along, strict=True):
                    assert total.now is not None
                    total.after = total.now + a * b
        for i, totals in enumerate(sums):
            place = self.integer(self.c_list, f.name_of(f"add i64 {first}, {i}"))
            c_row = self.pointer(f.name_of(f"add i64 {self.c}, {f.name_of(f'mul i64 {place}, {self.c_unit}')}"))
            for v, total in enumerate(totals):
                at = column if v == 0 else f.name_of(f"add i64 {column}, {v * lanes}")
                before = self.load(c_row, at, mask)
                chosen = f.number(
                    f"select i1 {self.added}, {f.type(FLOAT)} {before.name}, {f.type(FLOAT)} {f.literal(0.0)}", FLOAT, pure=False
                )
                self.store(chosen + total.after, c_row, at, mask)

    def columns(self, first: str, rows: int) -> None:
        """Some rows of C, whole."""
        f, lanes = self.f, self.module.lanes
        wide = f.name_of(f"and i64 {self.n}, {-2 * lanes}")
        self._if(
            f"icmp ne i64 {wide}, 0",
            lambda: self._loop(wide, 2 * lanes, "0", lambda j: self.block(first, rows, j, 2, None)),
        )
        self._if(
            f"icmp ult i64 {wide}, {self.n}",
            lambda: self._loop(self.n, lanes, wide, lambda j: self.block(first, rows, j, 1, self.first_lanes(j, self.n))),
        )

    def rows(self, start: str, stop: str, at_once: int) -> None:
        """Rows of C from one to another, some at once."""
        self._if(
            f"icmp ult i64 {start}, {stop}",
            lambda: self._loop(stop, at_once, start, lambda i: self.columns(i, at_once)),
        )

    def _loop(self, stop: str, step: int, start: str, body: Callable[[str], None]) -> None:
        with self.f.loop(stop, step, start) as index:
            body(index)

    def _if(self, condition: str, body: Callable[[], None]) -> None:
        f = self.f
        then, after = f.fresh("then"), f.fresh("after")
        f.line(f"br i1 {f.name_of(condition)}, label %{then}, label %{after}")
        f.block(then)
        with f.scope():
            body()
        f.line(f"br label %{after}")
        f.block(after)


def product_kernel(lanes: int) -> Module:
    """The kernel of all products."""
    kernel = _Product(lanes)
    f = kernel.f
    start = "0"
    for at_once in (8, 4, 2, 1) if lanes == 8 else (4, 2, 1):
        rest = f.name_of(f"sub i64 {kernel.m}, {start}")
        stop = f.name_of(f"add i64 {start}, {f.name_of(f'and i64 {rest}, {-at_once}')}")
        kernel.rows(start, stop, at_once)
        start = stop
    f.end()
    return kernel.module


def transpose_kernel(lanes: int) -> Module:
    """Copy rows as columns.

    The arguments are the memory of the rows, the place of the first, the list of their places from there on, how many there are, their
    length (or SAMPLES), the memory of the copy, and its place.
    """
    kernel = _Placed(lanes)
    f, valid = kernel.f, kernel.entry(VALID)
    (source_base, unit), (copy_base, _) = kernel.base(0, 1), kernel.base(5, 6)
    rows, count, given = kernel.pointer(kernel.argument(2)), kernel.argument(3), kernel.argument(4)
    length = f.name_of(f"select i1 {f.name_of(f'icmp eq i64 {given}, {SAMPLES}')}, i64 {valid}, i64 {given}")
    copy = kernel.pointer(copy_base)
    with f.loop(count) as i:
        place = f.name_of(f"mul i64 {kernel.integer(rows, i)}, {unit}")
        source = kernel.pointer(f.name_of(f"add i64 {source_base}, {place}"))
        with f.loop(length) as j:
            number = kernel.scalar(kernel.at(source, j))
            to = f.name_of(f"add i64 {f.name_of(f'mul i64 {j}, {count}')}, {i}")
            f.line(f"store double {number}, ptr {kernel.at(copy, to)}")
    f.end()
    return kernel.module
