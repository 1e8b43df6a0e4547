"""The checks of notebook 9: A convolutional network."""

from __future__ import annotations

from typing import Any

from .tools import Check, is_like, is_numeric


def table(rows: Any) -> list[list[float]]:
    """A table of numbers, Values or floats, as floats."""
    return [[float(x if is_numeric(x) else x.data) for x in row] for row in rows]


def is_moved(answer: Any, down: int = 0, right: int = 0, around: bool = False) -> bool:
    """Whether an answer to 9.1 moved the image by so much: zeros came in, or what left at the other side."""
    before, after = table(answer[0]), table(answer[1])
    size = len(before)
    return after == [
        [
            before[(i - down) % size][(j - right) % size] if around or (0 <= i - down < size and 0 <= j - right < size) else 0.0
            for j in range(size)
        ]
        for i in range(size)
    ]


check_9_1 = Check(
    "9.1",
    lambda answer: is_moved(answer, down=1) and answer[2] == 5,
    [
        (lambda answer: len(answer[1]) == 9, "your image has 9 rows: the last one has to drop out."),
        (lambda answer: len(answer[1]) == 7, "your image has 7 rows: a row of zeros comes in where one left."),
        (lambda answer: is_moved(answer, down=-1), "you moved the image up: the row of zeros comes first, not last."),
        (lambda answer: is_moved(answer, down=1, around=True), "what leaves at the bottom comes in at the top: put zeros there."),
        (lambda answer: is_moved(answer, right=1), "you moved the image to the right: what comes in is a row, not a column."),
        (is_moved, "this is the old image: put a row of zeros before its first seven rows."),
        (
            lambda answer: is_moved(answer, down=1) and answer[2] == 6,
            "the image is right, but not all six rows are old ones: what does the kernel touch at its first position?",
        ),
        (
            lambda answer: is_moved(answer, down=1) and answer[2] == 0,
            "the image is right. You compared rows at the same place: row i + 1 of the new output belongs to row i of the old one.",
        ),
        (
            lambda answer: is_moved(answer, down=1) and answer[2] in (3, 4),
            "the image is right, but more rows are old ones: the row that came in is below the kernel only where the kernel is at the top.",
        ),
    ],
    why="The first row alone is new: there, the kernel touches the row that came in.",
)

check_9_2 = Check(
    "9.2",
    lambda answer: is_like(*map(table, answer)),
    [
        (lambda answer: shape(answer[0]) == (6, 6), "your output has 6 × 6 numbers: the kernel still moves by one pixel at a time."),
        (lambda answer: shape(answer[0]) in ((3, 6), (6, 3)), "the stride is missing in one of the two directions."),
        (
            lambda answer: shape(answer[0]) == (3, 3) and len({round(x - y, 9) for x, y in zip(*map(flat, answer), strict=True)}) == 1,
            "all nine numbers are off by the same amount: what about the bias?",
        ),
        (
            lambda answer: shape(answer[0]) == (3, 3) and is_like(answer[0][0][0], answer[1][0][0]),
            "3 × 3 numbers, and the first is right: output (1, 1) lies at row 2 and column 2 of the image, not at row 1 and column 1.",
        ),
        (lambda answer: 4 in shape(answer[0]), "your output has a fourth row or column: there, the kernel hangs over the edge."),
    ],
    why="The kernel begins at rows 0, 2 and 4.",
)


def shape(rows: Any) -> tuple[int, int]:
    """The numbers of rows and columns of a table."""
    return len(rows), len(rows[0])


def flat(rows: Any) -> list[float]:
    """The numbers of a table, row after row."""
    return [x for row in table(rows) for x in row]


check_9_3 = Check(
    "9.3",
    (4.0, 0.0),
    [
        ((1.0, 0.0), "1 is what one window hands to the pixel in the middle. In how many windows does it lie?"),
        ((4.0, lambda other: True), "the middle is right. A maximum hands nothing to the pixels that are not the largest."),
        ((lambda middle: True, 0.25), "that is how averages share. A maximum hands nothing to the pixels that are not the largest."),
        ((2.0, lambda other: True), "there are two rows of two windows each, and the pixel in the middle lies in all of them."),
        ((9.0, lambda other: True), "windows of 2 × 2 have four positions on an image of 3 × 3, not nine."),
    ],
    why="It lies in all four windows and wins each of them.",
)

check_9_4 = Check(
    "9.4",
    (80, 528, 2080, 330),
    [
        (3018, "that is the number of all parameters, and it is right: now say it for each of the four layers."),
        ((72, 512, 2048, 320), "these are the weights. There are biases too: one for each kernel, and one for each output."),
        (lambda answer: answer[1] == 80, "the second convolution sees 8 channels: each kernel has 2 × 2 weights for each of them."),
        (lambda answer: answer[1] == 640, "a kernel of the second convolution has one bias, not one for each channel."),
        (lambda answer: answer[1] == 1168, "the kernels of the second convolution are 2 × 2, not 3 × 3."),
        (lambda answer: answer[2] == 2112, "a fully connected layer has one bias for each output, not one for each input."),
    ],
    why="More than two thirds of all parameters are in the first fully connected layer.",
)
