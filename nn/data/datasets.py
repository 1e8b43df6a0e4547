"""The sets that the examples learn from: digits, points in the plane, MNIST."""

from __future__ import annotations

import os
import random
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from autograd._runtime.files import as_path
from autograd._runtime.streams import say
from autograd.errors import FileError, MissingPackageError
from nn.checks import generator, whole
from nn.data.batching import parted, shuffled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = tuple[NDArray[np.float64], NDArray[np.int64]]

Points = tuple[list[list[float]], list[int]]
"""Samples, and the class of each."""


def digits(rng: random.Random | None = None) -> tuple[Points, Points]:
    """scikit-learn's handwritten digits: 1,797 real images of 8 × 8 pixels, scaled to [0, 1]. A fifth is held out.

    Args:
        rng: the generator that shuffles; by default a new one that is seeded by Python's global one.

    Returns:
        ``(X_train, y_train), (X_test, y_test)``: samples of 64 numbers, and classes 0 to 9.

    Raises:
        MissingPackageError: scikit-learn is not installed.
        InputError: `rng` is not a generator.
    """
    rng = generator(rng)
    images = _sklearn().load_digits()
    return parted((images.data / 16.0).tolist(), images.target.tolist(), rng)


def moons(rng: random.Random | None = None, samples: int = 200) -> tuple[Points, Points]:
    """Two interleaving half circles, with some noise. A fifth is held out.

    Args:
        rng: the generator that draws the points and shuffles them; by default a new one that is seeded by Python's global one.
        samples: how many points.

    Returns:
        ``(X_train, y_train), (X_test, y_test)``: samples of two numbers, and classes 0 and 1.

    Raises:
        MissingPackageError: scikit-learn is not installed.
        InputError: `samples` is not a whole number of at least 1, or `rng` is not a generator.
    """
    rng = generator(rng)
    X, y = _sklearn().make_moons(whole("samples", samples), noise=0.1, random_state=rng.randrange(2**32))
    return parted(X.tolist(), y.tolist(), rng)


def circles(rng: random.Random | None = None, samples: int = 200) -> tuple[Points, Points]:
    """Two rings, one inside the other, with some noise: no straight line separates them. Class 1 is the inner ring.

    Args and returns: as for `moons`.

    Raises:
        MissingPackageError: scikit-learn is not installed.
        InputError: `samples` is not a whole number of at least 1, or `rng` is not a generator.
    """
    rng = generator(rng)
    X, y = _sklearn().make_circles(whole("samples", samples), noise=0.07, factor=0.5, random_state=rng.randrange(2**32))
    return parted(X.tolist(), y.tolist(), rng)


def xor(rng: random.Random | None = None, samples: int = 200) -> tuple[Points, Points]:
    """Four clouds of points around (±1, ±1): class 1 is where the signs of the centre differ. It needs no package.

    Args and returns: as for `moons`.

    Raises:
        InputError: `samples` is not a whole number of at least 1, or `rng` is not a generator.

    Example:
        >>> (X_train, y_train), (X_test, y_test) = xor(random.Random(0))
        >>> len(X_train), len(X_test), sorted(set(y_train))
        (160, 40, [0, 1])
    """
    rng = generator(rng)
    centres = [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)]
    chosen = [centres[i % 4] for i in range(whole("samples", samples))]
    X = [[rng.normalvariate(a, 0.3), rng.normalvariate(b, 0.3)] for a, b in chosen]
    return parted(X, [int(a != b) for a, b in chosen], rng)


def mnist(rng: random.Random | None = None, path: str | os.PathLike[str] | None = None) -> tuple[Arrays, Arrays]:
    """MNIST: real handwritten digits of 28 × 28 pixels, downloaded or read from a file.

    Args:
        rng: the generator that chooses which samples of a file are held out; by default Python's global one. A download keeps the
            published split.
        path: an .npz file with ``images``, whole numbers from 0 to 255 of shape (samples, 784), and ``labels``, of shape
            (samples,). A fifth of it is held out. Without a path scikit-learn downloads all 70,000 images once, which is announced.

    Returns:
        ``(X_train, y_train), (X_test, y_test)``: images of shape (samples, 784), scaled to [0, 1], and classes 0 to 9. These are NumPy
        arrays, because 47 million numbers in lists would take 1.5 GB. A download has 60,000 and 10,000 samples, as published.

    Raises:
        MissingPackageError: scikit-learn is not installed, or pandas, which it needs to read the download.
        FileError: the file is damaged, or holds something else.
        InputError: `rng` is not a generator, or `path` is not a path.
        OSError: there is no such file, or no network.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998).
    """
    import numpy as np

    if rng is not None:
        generator(rng)  # before a download
    if path is None:
        images, labels = _mnist_from_the_net()
        train, test = np.arange(60_000), np.arange(60_000, len(images))
    else:
        images, labels = _mnist_from(path)
        order = shuffled(len(images), rng)
        train, test = np.split(np.array(order), [len(order) - len(order) // 5])
    labels = labels.astype(np.int64)
    return (images[train] / 255.0, labels[train]), (images[test] / 255.0, labels[test])


def _mnist_from_the_net() -> tuple[Any, Any]:
    datasets = _sklearn()
    say(f"MNIST: downloading about 15 MB to {datasets.get_data_home()}, unless it is there already", sys.stdout)
    try:
        download = datasets.fetch_openml("mnist_784", version=1, as_frame=False)
    except ImportError as error:
        raise MissingPackageError("scikit-learn reads MNIST with pandas: pip install pandas") from error
    except OSError as error:
        error.add_note("Without a network, read MNIST from a file: mnist(path=…)")
        raise
    return download.data, download.target


def _mnist_from(path: str | os.PathLike[str]) -> tuple[Any, Any]:
    import numpy as np

    path = as_path(path, "mnist(path='mnist.npz')")
    try:
        with open(path, "rb") as stream, np.load(stream) as file:  # np.load alone leaves a damaged file open
            images, labels = file["images"], file["labels"]
    except (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileError(f"{path} is damaged, or not an .npz file of images and labels: {error}") from error
    is_mnist = images.dtype == np.uint8 and images.ndim == 2 and images.shape[1] == 784 and len(images) > 0
    if not is_mnist or labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise FileError(
            f"{path} holds images of shape {images.shape}, {images.dtype}, and labels of shape {labels.shape}, {labels.dtype}: "
            "MNIST is images of shape (samples, 784), uint8, and as many whole numbers"
        )
    return images, labels


def _sklearn() -> Any:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingPackageError("this data needs scikit-learn: pip install 'scalar-autograd[examples]'") from error
    return datasets
