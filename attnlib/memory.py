"""Chapter 9: how much memory a call holds, counted in bytes of tensors on any system."""

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
