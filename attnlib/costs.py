"""Chapter 7: what a layer costs, by a formula and, without any formula, from the layer itself.

``formula`` states how many FLOPs a layer needs; ``attnlib.count_flops`` counts them. The other functions measure:
they run a layer and ask its gradients what depends on what.
"""

import math

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from attnlib.layers import Cell, ConvLayer, SelfAttentionLayer
from attnlib.shapes import must_count

# how many matrices of (d, d) every word is multiplied by
MATRICES = {"rnn": 2, "gru": 6, "lstm": 8}
OPERATIONS = (Cell, ConvLayer, SelfAttentionLayer)


def formula(layer, n, d, k=None, r=None):
    """Give the FLOPs of one layer for one sentence: products alone, a multiply-add as 2, projections included.

    conv and dilated_conv: 2 k n d^2; rnn: 2 * 2 n d^2, gru: 3 times, lstm: 4 times as many; attention:
    8 n d^2 + 4 n^2 d; restricted_attention: 8 n d^2 + 4 n r d (Vaswani et al. 2017, table 1, gives the orders k n d^2,
    n d^2, n^2 d and r n d: without the factors, the gates and the projections).

    **Shapes**
        layer   "conv", "dilated_conv", "rnn", "gru", "lstm", "attention" or "restricted_attention"
        n, d    words, d_model
        k       kernel size, for the convolutions
        r       words in a window, for restricted attention: 2 * radius + 1
        -> an integer

    **Promises** for the layers of this course exactly what ``count_flops`` counts: rims are computed, too.

    **Raises** ``ValueError`` for another layer and for a size below 1, ``TypeError`` when k or r is missing.

    **Example**

    >>> formula("attention", n=10, d=4), formula("conv", n=10, d=4, k=3)
    (2880, 960)
    """
    must_count(n=n, d=d)
    if layer in ("conv", "dilated_conv"):
        must_count(k=k)
        return 2 * k * n * d**2
    if layer in MATRICES:
        return 2 * MATRICES[layer] * n * d**2
    if layer in ("attention", "restricted_attention"):
        seen = n if layer == "attention" else r
        must_count(r=seen)
        return 8 * n * d**2 + 4 * n * seen * d
    known = ", ".join(map(repr, ("conv", "dilated_conv", *MATRICES, "attention", "restricted_attention")))
    raise ValueError(f"layer is {layer!r}, expected one of {known}.")


def dependencies(module, n):
    """Find out which input each output depends on, from the gradients.

    sees[i, j] is True when the gradient of output i with respect to input j is not zero.

    **Shapes** module: (batch, n, d_model) -> the same shape, made of this course's layers; -> (n, n) boolean

    **Promises** computed in float64 with random inputs, weights as they are; the module is not changed.

    **Raises** ``ValueError`` when no part of the module has a ``d_model``.

    **Example**

    >>> dependencies(ConvLayer(6, 3), 4).int()
    tensor([[1, 1, 0, 0],
            [1, 1, 1, 0],
            [0, 1, 1, 1],
            [0, 0, 1, 1]], dtype=torch.int32)
    """
    # sentence i of the batch asks for output i
    x = _words(module, n).expand(n, -1, -1).clone().requires_grad_()
    output = _in_float64(module, x)[torch.arange(n), torch.arange(n)]
    (gradient,) = torch.autograd.grad((output * _direction(output)).sum(), x)
    return (gradient != 0).any(dim=-1)


def receptive_field(module, n):
    """Count the places from the first to the last input that one output sees, gaps included, where they are most.

    **Shapes** module and n as in ``dependencies``; -> an integer from 0, for an output that sees nothing, to n

    **Promises** counted from the gradients; n is an upper bound, so choose it larger than what you expect.

    **Example**

    >>> receptive_field(ConvLayer(6, 2, dilation=2, causal=True), 9)
    3
    """
    seen = [row.nonzero() for row in dependencies(module, n) if row.any()]
    return max((int(places.max() - places.min()) + 1 for places in seen), default=0)


def sequential_operations(module, n):
    """Count the operations that wait for one another: the longest chain from the input to an output.

    **Shapes** module and n as in ``dependencies``; -> an integer

    **Promises** counts the nodes of torch's own graph of the computation, so how many there are for one layer
    depends on how it is written: look at how the number grows with n.

    **Raises** ``ValueError`` for torch's recurrent modules, which are one node whatever n.

    **Example**

    >>> layer = SelfAttentionLayer(6)
    >>> sequential_operations(layer, 5) == sequential_operations(layer, 50)
    True
    """
    if any(isinstance(part, nn.RNNBase) for part in module.modules()):
        raise ValueError("torch's own recurrent modules may run in one fused kernel, which hides their steps.")
    x = _words(module, n).requires_grad_()
    return _longest_chain(_in_float64(module, x).grad_fn, x)


def maximum_path_length(stack, n):
    """Count the operations between the first input and the last output, where they can be linked at all.

    An operation is a convolution or an attention with all its words, or one step of a recurrent layer's cell.

    **Shapes** stack: a function, number of layers -> module; n: words; -> an integer, or infinity when n layers
    do not link the two

    **Promises** found from the gradients of the real layers: the least number of layers for which the last output
    depends on the first input is searched for; then every operation halves the gradient that passes it, and the
    number of halvings is counted. In float64, which holds for recurrent layers up to about n = 200.

    **Raises** ``ValueError`` when paths of several lengths mix, as shortcuts make them.

    **Example**

    >>> maximum_path_length(lambda depth: nn.Sequential(*(ConvLayer(6, 3) for _ in range(depth))), 9)
    8
    """
    must_count(n=n)
    for depth in range(1, n + 1):
        module = stack(depth)
        size = _gradient(module, n)
        if size > 0:
            halvings = math.log2(size / _gradient(module, n, halve=True))
            if abs(halvings - round(halvings)) > 1e-6:
                raise ValueError(f"the gradient was halved {halvings:.3f} times: paths of several lengths mix.")
            return round(halvings)
    return math.inf


def _gradient(module, n, *, halve=False):
    # the size of the gradient of the last output with respect to the first input
    parts = [part for part in module.modules() if isinstance(part, OPERATIONS)] if halve else []
    hooks = [part.register_forward_pre_hook(_halve) for part in parts]
    x = _words(module, n).requires_grad_()
    try:
        last = _in_float64(module, x)[:, -1]
    finally:
        for hook in hooks:
            hook.remove()
    (gradient,) = torch.autograd.grad((last * _direction(last)).sum(), x)
    return gradient[:, 0].abs().max().item()


def _halve(module, inputs):
    # hooks sit on copies: what enters by one door is halved once, whoever else uses it
    return tuple(
        tuple(_halve(module, given)) if isinstance(given, tuple) else _halved(given.clone()) for given in inputs
    )


def _halved(tensor):
    if tensor.requires_grad:
        tensor.register_hook(lambda gradient: gradient / 2)
    return tensor


def _longest_chain(start, x):
    # operations from x to start; no recursion, since a chain may be longer than Python's stack
    lengths, waiting = {}, [start]
    while waiting:
        node = waiting[-1]
        before = [other for other, _ in node.next_functions if other is not None]
        missing = [other for other in before if other not in lengths]
        if missing and node not in lengths:
            waiting += missing
            continue
        waiting.pop()
        reached = [lengths[other] for other in before if lengths[other] is not None]
        ends_at_x = getattr(node, "variable", None) is x
        lengths[node] = 0 if ends_at_x else 1 + max(reached) if reached else None
    return lengths[start]


def _in_float64(module, x):
    # the written-out kernel of attention shows its operations
    weights = {name: weight.detach().double() for name, weight in module.state_dict().items()}
    with sdpa_kernel(SDPBackend.MATH):
        return torch.func.functional_call(module, weights, (x,))


def _words(module, n):
    must_count(n=n)
    widths = [part.d_model for part in module.modules() if hasattr(part, "d_model")]
    if not widths:
        raise ValueError(f"no part of {type(module).__name__} has a d_model, so the width of its input is not known.")
    return torch.randn(1, n, widths[0], generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _direction(output):
    return torch.randn(output.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
