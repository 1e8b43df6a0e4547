"""Notebook 9: a convolutional network."""

STRIDE = """\
def convolve_with_stride(image, kernel, bias, stride):
    return {}


strided = Conv2d(1, 1, kernel_size=3, stride=2, rng=random.Random(3))
strided.bias[0].data = 0.5
own = convolve_with_stride(image, [[w.data for w in row] for row in strided.weight[0][0]], strided.bias[0].data, stride=2)
theirs = [[v.data for v in row] for row in strided([image])[0]]"""

WRONG = {
    "check_9_1": [
        ("moved = [[0.0] * 8, *image]\nalike = 6", "has 9 rows"),
        ("moved = image[:-1]\nalike = 5", "has 7 rows"),
        ("moved = [*image[1:], [0.0] * 8]\nalike = 5", "moved the image up"),
        ("moved = [image[-1], *image[:-1]]\nalike = 5", "leaves at the bottom"),
        ("moved = [[0.0, *row[:-1]] for row in image]\nalike = 5", "to the right"),
        ("moved = image\nalike = 6", "the old image"),
        ("moved = [[0.0] * 8, *image[:-1]]\nalike = 6", "not all six"),
        ("moved = np.vstack([np.zeros(8), image[:-1]])\nalike = 0", "at the same place"),
        ("moved = [[0.0] * 8, *image[:-1]]\nalike = 4", "more rows"),
    ],
    "check_9_2": [
        (STRIDE.format("convolve(image, kernel, bias)"), "6 × 6 numbers"),
        (STRIDE.format("convolve(image, kernel, bias)[::stride]"), "one of the two directions"),
        (STRIDE.format("[row[::stride] for row in convolve(image, kernel, 0.0)[::stride]]"), "what about the bias"),
        (STRIDE.format("[row[:3] for row in convolve(image, kernel, bias)[:3]]"), "at row 2 and column 2"),
        (STRIDE.format("[row[::stride] for row in convolve([*image, image[0]], kernel, bias)[::stride]]"), "the kernel hangs over"),
    ],
    "check_9_3": [
        ("middle = 1.0\nothers = 0.0", "In how many windows"),
        ("middle = 4.0\nothers = 1.0", "not the largest"),
        ("middle = 1.0\nothers = 0.25", "how averages share"),
        ("middle = 2.0\nothers = 0.0", "two rows of two"),
        ("middle = 9.0\nothers = 0.0", "of 3 × 3, not nine"),
    ],
    "check_9_4": [
        ("counts = 3018", "each of the four"),
        ("counts = [72, 512, 2048, 320]", "these are the weights"),
        ("counts = [80, 16 * (2 * 2 + 1), 2080, 330]", "sees 8 channels"),
        ("counts = [80, 16 * 8 * (2 * 2 + 1), 2080, 330]", "not one for each channel"),
        ("counts = [80, 528, 64 * (32 + 1), 32 * (10 + 1)]", "not one for each input"),
        ("counts = [80, 16 * (8 * 3 * 3 + 1), 2080, 330]", "2 × 2, not 3 × 3"),
    ],
}
