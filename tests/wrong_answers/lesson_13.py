"""The usual wrong answers of notebook 13."""

TIMES = "ours = [2.0, 2.1, 11.9, 1.9, 2.0]\ntheirs = [6.1, 5.9, 6.0, 6.0, 21.8]\n"

WRONG = {
    "check_13_1": [
        ("steps_needed = 160 / 10", "Its steps take time as well"),
        ("steps_needed = 160 / 9.5", "so round up"),
        ("steps_needed = 18", "17 steps are enough"),
        ("steps_needed = 320", "From which n on"),
    ],
    "check_13_2": [
        (TIMES + "ratio = statistics.median(ours) / statistics.median(theirs)", "Divide the other way round"),
        (TIMES + "ratio = statistics.mean(theirs) / statistics.mean(ours)", "the ratio of the means"),
        (TIMES + "ratio = min(theirs) / min(ours)", "the ratio of the fastest turns"),
        (TIMES + "ratio = statistics.median(theirs) / statistics.median(ours) - 1", "three times as fast"),
        (TIMES + "ratio = max(theirs) / max(ours)", "the number in the middle"),
    ],
    "check_13_3": [
        ("loss = nn.cross_entropy(logits, 1)", "the loss with one softmax"),
        ("loss = nn.cross_entropy(autograd.softmax(logits), 2)", "the loss of another class"),
        ("loss = -nn.cross_entropy(autograd.softmax(logits), 1)", "a cross-entropy is never negative"),
        ("loss = 1.0", "first softmax(logits)"),
    ],
}
