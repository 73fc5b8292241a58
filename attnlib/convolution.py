"""Chapter 8: a convolution, written as attention.

One head for each place of the kernel. A head's scores see positions alone and are largest at its place; the
sharper they are, the nearer the head comes to a single place (Cordonnier, Loukas and Jaggi 2020).
"""

import torch
from torch import nn

from attnlib.multihead import MultiHeadAttention
from attnlib.shapes import ShapeError, must_be_floating

NAMES = {nn.Conv1d: "(batch, channels, n)", nn.Conv2d: "(batch, channels, height, width)"}


def conv_as_attention(conv, *, sharpness=40.0):
    """Make a multi-head attention layer that does what a convolution does.

    Head h stands for one offset D_h of the kernel and scores a key at distance d from the query by
    -sharpness |d - D_h|^2 (the quadratic encoding of Cordonnier, Loukas and Jaggi 2020). The sharper, the nearer
    it comes to looking at that one place; its block of W_o is the kernel there.

    **Shapes**
        conv        an ``nn.Conv1d`` or ``nn.Conv2d``, any kernel size, stride, dilation and padding
        sharpness   a number above 0; a whole number keeps the scores free of rounding
        -> ``ConvolutionAttention``, a module that takes and returns what ``conv`` does

    **Promises** with the default sharpness the output differs from the convolution's by rounding alone; weights
    are copied, dtype and device kept. The difference shrinks as exp(-sharpness).

    **Raises** ``TypeError`` for anything but these two, ``ValueError`` for groups, for the padding modes other
    than zeros, replicate and circular, and for a sharpness that is not above 0.

    **Example**

    >>> conv = nn.Conv1d(2, 3, kernel_size=5, padding=2).double()
    >>> x = torch.randn(1, 2, 7, dtype=torch.float64)
    >>> torch.allclose(conv_as_attention(conv)(x), conv(x), atol=1e-12)
    True
    """
    if type(conv) not in NAMES:
        raise TypeError(f"conv is of type {type(conv).__name__}, expected an nn.Conv1d or an nn.Conv2d.")
    if conv.groups != 1:
        raise ValueError(f"conv has groups={conv.groups}, expected 1: here every head reads all the channels.")
    if conv.padding_mode not in ("zeros", "replicate", "circular"):
        raise ValueError(
            f"conv has padding_mode={conv.padding_mode!r}, expected 'zeros', 'replicate' or 'circular': the nearest"
            " place to one beyond the border is never its mirror image."
        )
    if not sharpness > 0:
        raise ValueError(f"sharpness is {sharpness}, expected a number above 0: a head has to prefer its place.")
    return ConvolutionAttention(conv, sharpness)


class ConvolutionAttention(nn.Module):
    """Do what a convolution does, by multi-head attention with relative positional scores.

    ``attention`` is the ``MultiHeadAttention`` inside. Its W_q and W_k are 0, so that contents have no say; its W_v
    hands every head all the channels; its W_o holds the kernel, a block of rows for each head. ``offsets``
    (num_heads, num_axes) tells how far from its query each head looks.

    Borders: with zero padding the keys get a rim of zero tokens. With "replicate" there is no rim: the nearest
    place that exists is the border. With "circular" distances are measured on a ring.

    **Shapes** x (batch, channels, n) or (batch, channels, height, width), as the convolution's; the batch may be
    missing -> the convolution's output
    """

    def __init__(self, conv, sharpness):
        super().__init__()
        self.pattern = NAMES[type(conv)]
        self.stride, self.padding_mode, self.sharpness = conv.stride, conv.padding_mode, sharpness
        self.span = [gap * (size - 1) + 1 for size, gap in zip(conv.kernel_size, conv.dilation, strict=True)]
        self.before, self.after = _padding(conv, self.span)
        taps = _grid([torch.arange(size) * gap for size, gap in zip(conv.kernel_size, conv.dilation, strict=True)])
        self.register_buffer("offsets", (taps - torch.tensor(self.before)).to(conv.weight.device))
        self.attention = _heads_from(conv)

    def forward(self, x):
        x, single = self._batched(x)
        tokens = self._tokens(x)
        scores, shape = self._scores(x)
        # contents have no say, so the queries need nothing but their places, which are in the scores
        nobody = tokens.new_zeros(len(x), scores.shape[-2], tokens.shape[-1])
        output = self.attention(nobody, tokens, bias=scores).transpose(1, 2).unflatten(2, shape)
        return output[0] if single else output

    def attention_weights(self, x):
        """Compute the weights of every head: those that ``forward`` uses. They depend on the size of x alone.

        **Shapes** x as in ``forward`` -> (num_heads, num_queries, num_keys); places of an image row by row, the
        keys with the rim of zero padding
        """
        x, _ = self._batched(x)
        return self._scores(x)[0].softmax(dim=-1)

    def _batched(self, x):
        must_be_floating(weight=self.attention.W_o.weight, x=x)
        axes, channels = len(self.span), self.attention.W_v.in_features
        single = x.dim() == axes + 1
        if x.dim() - (not single) != axes + 1 or x.shape[-axes - 1] != channels or 0 in x.shape:
            raise ShapeError(
                f"x has shape {tuple(x.shape)}, expected {self.pattern} with {channels} channels.\n"
                "The batch may be missing."
            )
        return (x[None] if single else x), single

    def _tokens(self, x):
        if self.padding_mode == "zeros":
            rim = [size for pair in zip(self.before[::-1], self.after[::-1], strict=True) for size in pair]
            x = nn.functional.pad(x, rim)
        return x.flatten(2).transpose(1, 2)

    def _scores(self, x):
        """Return the scores (num_heads, num_queries, num_keys) and how the queries lie on the grid."""
        sizes, rims = x.shape[2:], list(zip(self.before, self.after, strict=True))
        lengths = [size + sum(rim) - span for size, rim, span in zip(sizes, rims, self.span, strict=True)]
        if min(lengths) < 0:
            raise ShapeError(f"x has shape {tuple(x.shape)}: with its padding it is smaller than the kernel.")
        queries = [torch.arange(0, last + 1, step) for last, step in zip(lengths, self.stride, strict=True)]
        if self.padding_mode == "zeros":
            keys = [torch.arange(-low, size + high) for size, (low, high) in zip(sizes, rims, strict=True)]
        else:
            keys = [torch.arange(size) for size in sizes]
        places = (_grid(keys) - _grid(queries)[:, None]).to(x)  # (num_queries, num_keys, num_axes)
        gaps = places - self.offsets[:, None, None].to(x)
        if self.padding_mode == "circular":
            ring = torch.tensor(sizes).to(x)
            gaps = torch.minimum(gaps.remainder(ring), (-gaps).remainder(ring))
        return -self.sharpness * gaps.square().sum(dim=-1), [len(places) for places in queries]


def _grid(axes):
    """Return all combinations of positions, row by row: (num_places, num_axes)."""
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flatten(0, -2)


def _padding(conv, span):
    """Return how many places the padding adds before and after, for every axis."""
    if conv.padding == "same":
        return [(size - 1) // 2 for size in span], [size // 2 for size in span]
    width = [0] * len(span) if conv.padding == "valid" else list(conv.padding)
    return width, width


def _heads_from(conv):
    out_channels, in_channels = conv.weight.shape[:2]
    num_heads = conv.weight[0, 0].numel()
    layer = MultiHeadAttention(
        in_channels, num_heads, head_dim_qk=1, head_dim_v=in_channels, d_out=out_channels, bias=conv.bias is not None
    )
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.W_v.weight.copy_(torch.eye(in_channels).repeat(num_heads, 1))
        # conv.weight is (out, in, *kernel); W_o reads the channels of one head after the other
        layer.W_o.weight.copy_(conv.weight.flatten(2).transpose(1, 2).flatten(1))
        if conv.bias is not None:
            layer.W_o.bias.copy_(conv.bias)
    return layer.to(conv.weight)
