"""Chapter 5: attention inside an encoder: residual connections, layer norm and a feed-forward network.

A block attends and adds what it found to what was there; then, if it has a feed-forward network, every word
thinks for itself. An encoder is a stack of blocks. Its attention maps can be read, and a mask for one layer
alone cuts an edge or switches a head off there.
"""

from torch import nn

from attnlib.multihead import MultiHeadAttention
from attnlib.shapes import ShapeError, match, must_be_floating, must_count

SHAPES = {"gain": "(d_model,)", "x": "(batch, n, d_model)"}
WHY = {"d_model": "Every layer reads and writes vectors of d_model numbers, so that layers can be stacked."}
ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU}


class FeedForward(nn.Module):
    """Map every word by itself: widen, bend, narrow.

    output = activation(x W_in + b_in) W_out + b_out (Vaswani et al. 2017, eq. 2, there with ReLU).

    **Shapes**
        d_hidden    width between the two matrices
        activation  "gelu" (Hendrycks and Gimpel 2016, the exact form) or "relu"
        dropout     share of the hidden numbers set to 0 in training
        x, output   (..., d_model)

    **Promises** no word sees another: the same two matrices serve every position.

    **Raises** ``ValueError`` for an activation that is not known or a size below 1.

    **Example**

    >>> import torch
    >>> FeedForward(6, 24)(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(self, d_model, d_hidden, *, activation="gelu", dropout=0.0):
        super().__init__()
        must_count(d_model=d_model, d_hidden=d_hidden)
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation is {activation!r}, expected one of {', '.join(map(repr, ACTIVATIONS))}.")
        self.W_in = nn.Linear(d_model, d_hidden)
        self.activation = ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(dropout)
        self.W_out = nn.Linear(d_hidden, d_model)

    def forward(self, x):
        """Compute the output, word by word."""
        return self.W_out(self.dropout(self.activation(self.W_in(x))))


class EncoderBlock(nn.Module):
    """Add to every word what its attention finds, then what its feed-forward network makes of that.

    pre-norm:   x + attention(norm(x)), then x + feed_forward(norm(x)) (Xiong et al. 2020)
    post-norm:  norm(x + attention(x)), then norm(x + feed_forward(x)) (Vaswani et al. 2017, section 3.1)

    **Shapes**
        d_hidden        width of the feed-forward network; None: the block has none, and attention is all
        layer_norm_eps  the small number under the root of the layer norm
        dropout         share set to 0 in training: of weights, of hidden numbers and of what is added
        rotate          as in ``MultiHeadAttention``

    **Promises** the same as ``nn.TransformerEncoderLayer`` (batch_first) with the same weights.

    **Raises** as ``MultiHeadAttention`` and ``FeedForward``.

    **Example**

    >>> import torch
    >>> EncoderBlock(6, num_heads=2, d_hidden=24)(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(
        self,
        d_model,
        num_heads,
        d_hidden=None,
        *,
        pre_norm=True,
        activation="gelu",
        layer_norm_eps=1e-5,
        dropout=0.0,
        rotate=None,
    ):
        super().__init__()
        self.pre_norm = pre_norm
        self.attention = MultiHeadAttention(d_model, num_heads, dropout=dropout, rotate=rotate)
        self.attention_norm = nn.LayerNorm(d_model, eps=layer_norm_eps)
        self.feed_forward = self.feed_forward_norm = None
        if d_hidden is not None:
            self.feed_forward = FeedForward(d_model, d_hidden, activation=activation, dropout=dropout)
            self.feed_forward_norm = nn.LayerNorm(d_model, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask=None, *, bias=None):
        """Compute the block's output; mask and bias as in ``MultiHeadAttention``.

        **Shapes** x (batch, n, d_model) -> (batch, n, d_model)
        """
        _check(self.attention_norm, x)
        x = self._add(x, self.attention_norm, lambda words: self.attention(words, mask=mask, bias=bias))
        if self.feed_forward is None:
            return x
        return self._add(x, self.feed_forward_norm, self.feed_forward)

    def attention_weights(self, x, mask=None, *, bias=None):
        """Compute the weights that ``forward`` uses for the same arguments.

        **Shapes** x (batch, n, d_model) -> (batch, num_heads, n, n)
        """
        _check(self.attention_norm, x)
        words = self.attention_norm(x) if self.pre_norm else x
        return self.attention.attention_weights(words, mask=mask, bias=bias)

    def _add(self, x, norm, part):
        if self.pre_norm:
            return x + self.dropout(part(norm(x)))
        return norm(x + self.dropout(part(x)))


class Encoder(nn.Module):
    """Let words gather information layer by layer: a stack of ``EncoderBlock``.

    **Shapes**
        positions   a module or a function (batch, n, d_model) -> the same shape, applied to the embeddings
                    first: it adds positions to them; None: the words are a set
        others      as in ``EncoderBlock``

    **Promises** with pre-norm a last layer norm follows the blocks, as their sums are not normalised; with
    post-norm the last block has done it.

    **Raises** as ``EncoderBlock``.

    **Example**

    >>> import torch
    >>> encoder = Encoder(2, 6, num_heads=3)
    >>> [weights.shape for weights in encoder.attention_maps(torch.zeros(5, 7, 6))]
    [torch.Size([5, 3, 7, 7]), torch.Size([5, 3, 7, 7])]
    """

    def __init__(
        self,
        num_layers,
        d_model,
        num_heads,
        d_hidden=None,
        *,
        positions=None,
        pre_norm=True,
        activation="gelu",
        layer_norm_eps=1e-5,
        dropout=0.0,
        rotate=None,
    ):
        super().__init__()
        must_count(num_layers=num_layers)
        options = {"pre_norm": pre_norm, "activation": activation, "layer_norm_eps": layer_norm_eps}
        options |= {"dropout": dropout, "rotate": rotate}
        self.positions = positions
        self.blocks = nn.ModuleList(EncoderBlock(d_model, num_heads, d_hidden, **options) for _ in range(num_layers))
        self.norm = nn.LayerNorm(d_model, eps=layer_norm_eps) if pre_norm else None

    def forward(self, x, mask=None, *, bias=None):
        """Compute what every word has become after the last layer.

        **Shapes**
            x       (batch, n, d_model), embeddings
            mask    boolean, True = may look, broadcasts to (batch, num_heads, n, n), for all layers; or a list
                    with one mask, or None, a layer
            bias    added to the scaled scores in every layer: a tensor that broadcasts as the mask does, or a
                    function of the split queries
            output  (batch, n, d_model)

        **Raises** ``ShapeError`` when sizes disagree or a list has not one mask a layer, ``TypeError`` as
        ``MultiHeadAttention``.
        """
        x = self._with_positions(x)
        for block, mask_here in zip(self.blocks, self._masks(mask), strict=True):
            x = block(x, mask_here, bias=bias)
        return x if self.norm is None else self.norm(x)

    def attention_maps(self, x, mask=None, *, bias=None):
        """Compute the weights of every head in every layer.

        **Shapes** as ``forward`` -> a list with one (batch, num_heads, n, n) a layer

        **Promises** exactly the weights that ``forward`` uses, mask included; dropout in training draws anew.

        **Raises** as ``forward``.
        """
        x, maps = self._with_positions(x), []
        for block, mask_here in zip(self.blocks, self._masks(mask), strict=True):
            maps.append(block.attention_weights(x, mask_here, bias=bias))
            x = block(x, mask_here, bias=bias)
        return maps

    def _with_positions(self, x):
        _check(self.blocks[0].attention_norm, x)
        return x if self.positions is None else self.positions(x)

    def _masks(self, mask):
        if not isinstance(mask, (list, tuple)):
            return [mask] * len(self.blocks)
        if len(mask) != len(self.blocks):
            raise ShapeError(
                f"mask is a list of {len(mask)}, but the encoder has {len(self.blocks)} layers.\n"
                "A list holds one mask a layer, in their order; None where every word may look everywhere."
            )
        return mask


def _check(norm, x):
    must_be_floating(gain=norm.weight, x=x)
    match(SHAPES, WHY, gain=norm.weight, x=x)
