"""Chapter 9: how much memory a call holds, counted in bytes of tensors on any system, and how fast it grows."""

import math
import statistics
import weakref

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_memory(function, *inputs):
    """Call a function and return the most bytes of new tensors that were alive at one moment.

    Inputs do not count, results do. Counted is what torch's operations hand to one another; what a fused kernel
    uses inside itself is not seen.

    **Shapes** inputs: whatever the function takes -> a number of bytes

    **Promises** the same number on every system; a backward pass inside the function is counted, too.

    **Example**

    >>> x = torch.zeros(100, 50)  # 20,000 bytes
    >>> peak_memory(lambda x: ((x + 1) * 2).sum(), x)
    40000
    """
    with _Counter() as counter:
        function(*inputs)
    return counter.peak


def growth_exponent(sizes):
    """Fit the exponent b of size = a * n^b: the slope of the straight line that is closest on logarithmic axes.

    **Shapes** sizes {n: size}, two at least, all above 0 -> a number

    **Promises** 1 for what grows in proportion to n, 2 for what grows with n squared; a does not matter.

    **Raises** ``ValueError`` (``statistics.StatisticsError``) for fewer than two lengths.

    **Example**

    >>> round(growth_exponent({10: 700, 20: 2800, 40: 11200}), 3)
    2.0
    """
    return statistics.linear_regression([math.log(n) for n in sizes], [math.log(size) for size in sizes.values()]).slope


def formula_bytes(n, chunk_size, radius, *, num_heads=8, d=64):
    """Say by formula what attention holds at its peak beyond the inputs, in float32 and without gradients.

    **Shapes** sizes: chunk_size of ``chunked_attention``, radius of ``local_attention``, d the width of a head
    -> {"naive", "chunked", "window", "output alone": bytes}

    **Promises** ``peak_memory`` of inputs (num_heads, n, d) is between 0.8 and 1.25 times the number; for the window
    up to a radius of 256, where torch's fused kernel reads the windows in place (older versions copy wider ones).

    **Example**

    >>> formula_bytes(32768, 256, 1, num_heads=1)["naive"]
    8589934592
    """
    tile = min(chunk_size, n)
    numbers = {
        "naive": 2 * n * n,  # scores and weights
        # scaled queries, output and a number per query; one tile of scores, and three parts that are merged
        "chunked": n * (2 * d + 1) + tile**2 + 3 * tile * d,
        "window": n * (3 * d + 2 * radius + 1),  # padded keys and values, output; the mask
        "output alone": n * d,
    }
    return {name: 4 * num_heads * count for name, count in numbers.items()}


class _Counter(TorchDispatchMode):
    """Sees every operation of torch, and notes when the storage behind a new tensor comes and goes."""

    def __init__(self):
        super().__init__()
        self.alive, self.peak, self.known = 0, 0, weakref.WeakSet()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        for tensor in tree_leaves((args, kwargs or {})):
            if isinstance(tensor, torch.Tensor):
                self.known.add(tensor.untyped_storage())
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage() not in self.known:
                self._welcome(tensor.untyped_storage())
        return result

    def _welcome(self, storage):
        size = storage.nbytes()
        self.known.add(storage)
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._farewell, size)

    def _farewell(self, size):
        self.alive -= size
