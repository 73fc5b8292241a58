"""Chapter 7: three ways to map n vectors to n vectors: convolution, recurrence, attention.

All of them take and return (batch, n, d_model), so that they can be exchanged, stacked and compared.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnlib.masks import causal_mask
from attnlib.multihead import MultiHeadAttention, merge_heads, split_heads
from attnlib.shapes import match, must_be_floating, must_count
from attnlib.windows import local_attention

SHAPES = {"layer": "(d_model,)", "x": "(batch, n, d_model)"}
WHY = {"d_model": "Every layer reads and writes vectors of d_model numbers, so that layers can be stacked."}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


class ConvLayer(nn.Module):
    """Mix every word with its neighbours, by the same matrices at every place.

    output[i] = bias + sum over t of x[i + dilation * (t - centre)] W[t]; zeros stand beyond the ends.

    **Shapes**
        kernel_size     how many words an output sees: odd, unless causal
        dilation        how many places they are apart
        causal          whether the last of them is word i itself; else word i is in the middle
        x, output       (batch, n, d_model)

    **Promises** with causal, no output depends on a later word.

    **Raises** ``ValueError`` for a size below 1 and for an even kernel_size without a middle, ``ShapeError`` when
    x does not fit.

    **Example**

    >>> ConvLayer(6, 3, dilation=2)(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(self, d_model, kernel_size, *, dilation=1, causal=False):
        super().__init__()
        must_count(d_model=d_model, kernel_size=kernel_size, dilation=dilation)
        if kernel_size % 2 == 0 and not causal:
            raise ValueError(f"kernel_size is {kernel_size}, expected an odd number: word i stands in the middle.")
        self.d_model = d_model
        self.conv = nn.Conv1d(d_model, d_model, kernel_size, dilation=dilation)
        reach = dilation * (kernel_size - 1)
        self.rim = (reach, 0) if causal else (reach // 2, reach // 2)

    def forward(self, x):
        """Compute the output.

        **Shapes** x (batch, n, d_model) -> (batch, n, d_model)
        """
        _check(self, self.conv.bias, x)
        return self.conv(F.pad(x.transpose(1, 2), self.rim)).transpose(1, 2)


class Cell(nn.Module):
    """Rewrite the state of a recurrent layer after one word.

    rnn: h = tanh(word + h W_h) (Elman 1990); gru: Cho et al. 2014, in the form of ``nn.GRU``, where the reset gate
    acts after the product; lstm: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    **Shapes**
        word    (batch, gates * d_model), the word after its own product W_x; gates is 1, 3 or 4
        state   a tuple of (batch, d_model): h alone, or h and c for lstm
        -> the next state, a tuple like it
    """

    def __init__(self, d_model, kind):
        super().__init__()
        self.kind = kind
        self.W_h = nn.Linear(d_model, GATES[kind] * d_model)

    def forward(self, word, state):
        """Compute the next state."""
        h, seen = state[0], self.W_h(state[0])
        if self.kind == "rnn":
            return (torch.tanh(word + seen),)
        if self.kind == "gru":
            word, new_word = word.tensor_split([2 * h.shape[-1]], dim=-1)
            seen, new_seen = seen.tensor_split([2 * h.shape[-1]], dim=-1)
            reset, keep = torch.sigmoid(word + seen).chunk(2, dim=-1)
            new = torch.tanh(new_word + reset * new_seen)
            return (new + keep * (h - new),)
        write, keep, new, show = (word + seen).chunk(4, dim=-1)
        c = torch.sigmoid(keep) * state[1] + torch.sigmoid(write) * torch.tanh(new)
        return torch.sigmoid(show) * torch.tanh(c), c


class RecurrentLayer(nn.Module):
    """Read the words one after the other, with a state that is rewritten at every word.

    state[i] = cell(x[i] W_x, state[i - 1]), output[i] = state[i]; the state before the first word is 0.

    **Shapes**
        kind        "rnn", "gru" or "lstm"
        x, output   (batch, n, d_model)

    **Promises** the same as ``nn.RNN``, ``nn.GRU`` and ``nn.LSTM`` (batch_first, one layer) with the same weights:
    theirs are called weight_ih_l0 (our W_x) and weight_hh_l0 (our cell.W_h). Unrolled step by step: torch's
    fused kernels are faster, but can neither be counted nor looked into.

    **Raises** ``ValueError`` for another kind or a size below 1, ``ShapeError`` when x does not fit.

    **Example**

    >>> RecurrentLayer(6, "gru")(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(self, d_model, kind):
        super().__init__()
        must_count(d_model=d_model)
        if kind not in GATES:
            raise ValueError(f"kind is {kind!r}, expected one of {', '.join(map(repr, GATES))}.")
        self.d_model = d_model
        self.W_x = nn.Linear(d_model, GATES[kind] * d_model)
        self.cell = Cell(d_model, kind)
        for weight in self.parameters():
            nn.init.uniform_(weight, -(d_model**-0.5), d_model**-0.5)

    def forward(self, x):
        """Compute the state after every word.

        **Shapes** x (batch, n, d_model) -> (batch, n, d_model)
        """
        _check(self, self.cell.W_h.weight[0], x)
        state, states = (x.new_zeros(len(x), self.d_model),) * 2, []
        for word in self.W_x(x).unbind(dim=1):  # the only part that needs no order is done at once
            state = self.cell(word, state)
            states.append(state[0])
        return torch.stack(states, dim=1)


class SelfAttentionLayer(nn.Module):
    """Let every word look at all words, or at those at most ``radius`` places away (restricted self-attention).

    **Shapes**
        num_heads   as in ``MultiHeadAttention``, which holds the weights
        radius      how far a word may look; None: everywhere
        causal      whether it may look back only
        x, output   (batch, n, d_model)

    **Promises** with a radius the same result as full attention under ``window_mask``, but only the pairs in the
    window are computed: each word's window is gathered, 2 * radius + 1 keys (radius + 1 with causal). Places
    beyond the ends are computed, too, and masked. A mask alone hides pairs; it saves nothing.

    **Raises** ``ValueError`` for a size below 1, ``ShapeError`` when sizes do not fit.

    **Example**

    >>> SelfAttentionLayer(6, num_heads=2, radius=1)(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(self, d_model, num_heads=1, *, radius=None, causal=False):
        super().__init__()
        must_count(**({} if radius is None else {"radius": radius}))
        self.d_model, self.radius, self.causal = d_model, radius, causal
        self.heads = MultiHeadAttention(d_model, num_heads)

    def forward(self, x):
        """Compute the output.

        **Shapes** x (batch, n, d_model) -> (batch, n, d_model)
        """
        _check(self, self.heads.W_q.weight[0], x)
        if self.radius is not None:
            return self._in_windows(x)
        return self.heads(x, mask=causal_mask(x.shape[1]).to(x.device) if self.causal else None)

    def _in_windows(self, x):
        part = self.heads
        parts = [split_heads(W(x), part.num_heads) for W in (part.W_q, part.W_k, part.W_v)]
        return part.W_o(merge_heads(local_attention(*parts, self.radius, causal=self.causal)))


def make_layer(kind, d_model, k, depth=1):
    """Make a layer of any kind from the same few sizes, so that all kinds can be compared in one loop.

    **Shapes**
        kind    "conv", "dilated_conv" (causal), "rnn", "gru", "lstm", "attention" (two heads) or
                "restricted_attention" (two heads that see k words)
        k       words in a kernel or a window; the other kinds do not ask for it
        depth   the place in a stack, from 0: the gaps of a dilated convolution are k**depth
        -> a module (batch, n, d_model) -> (batch, n, d_model)

    **Raises** ``ValueError`` for another kind, and as the layers do.

    **Example**

    >>> make_layer("restricted_attention", 6, k=5).radius
    2
    """
    if kind == "conv":
        return ConvLayer(d_model, k)
    if kind == "dilated_conv":
        return ConvLayer(d_model, k, dilation=k**depth, causal=True)
    if kind in GATES:
        return RecurrentLayer(d_model, kind)
    if kind == "attention":
        return SelfAttentionLayer(d_model, 2)
    if kind == "restricted_attention":
        return SelfAttentionLayer(d_model, 2, radius=k // 2)
    known = ["conv", "dilated_conv", *GATES, "attention", "restricted_attention"]
    raise ValueError(f"kind is {kind!r}, expected one of {', '.join(map(repr, known))}.")


def _check(layer, weight, x):
    must_be_floating(layer=weight, x=x)
    match(SHAPES, WHY, layer=weight[: layer.d_model], x=x)
