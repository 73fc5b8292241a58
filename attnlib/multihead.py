"""Chapter 4: several attentions side by side.

Every head has projections of its own, so that it can look for something of its own. All heads run in one
call: their projections are blocks of one matrix, and the heads get an axis beside the batch.
"""

import torch
from torch import nn

from attnlib import dot_product
from attnlib.shapes import ShapeError, match, must_be_floating, must_count, must_fit

SHAPES = {
    "W_q": "(d_query, num_heads * head_dim_qk)",
    "W_k": "(d_key, num_heads * head_dim_qk)",
    "W_v": "(d_value, num_heads * head_dim_v)",
    "queries": "(batch, num_queries, d_query)",
    "keys": "(batch, num_keys, d_key)",
    "values": "(batch, num_keys, d_value)",
    "output": "(batch, num_queries, d_out)",
    "weights": "(batch, num_heads, num_queries, num_keys)",
    "x": "(batch, n, num_heads * d_head)",
    "heads": "(batch, num_heads, n, d_head)",
}
WHY = {
    "d_query": "The layer projects queries with W_q; d_query (d_model unless given) says how wide they are.",
    "d_key": "The layer projects keys with W_k; d_key (d_model unless given) says how wide they are."
    " Keys that are not given are the queries.",
    "d_value": "The layer projects values with W_v; d_value (d_model unless given) says how wide they are."
    " Values that are not given are the keys.",
    "num_heads * head_dim_qk": "A head's score is the dot product of its query and its key, so both need the"
    " same head_dim_qk; head_dim_v may be another.",
    "num_keys": dot_product.WHY["num_keys"],
    "batch": "Sentence b of the queries looks at sentence b of the keys and values.",
}
MASK_HINTS = {
    2: "A mask of padding, (batch, num_keys), needs axes for heads and queries: mask[:, None, None].",
    3: "A mask of three axes is (num_heads or 1, num_queries, num_keys). One that differs from sentence to"
    " sentence, (batch, num_queries, num_keys), needs an axis for the heads: mask[:, None].",
}


def split_heads(x, num_heads):
    """Give the heads an axis of their own, in front of the tokens.

    heads[b, h, i] = x[b, i, h * d_head : (h + 1) * d_head] (Vaswani et al. 2017, section 3.2.2).

    **Shapes**
        x           (batch, n, num_heads * d_head)
        heads       (batch, num_heads, n, d_head)

    **Promises** a view of x, nothing is copied; ``merge_heads`` undoes it.

    **Raises** ``ShapeError`` when num_heads does not divide the last axis.

    **Example**

    >>> split_heads(torch.tensor([[[1, 2, 3, 4], [5, 6, 7, 8]]]), 2)[0, 1]
    tensor([[3, 4],
            [7, 8]])
    """
    must_count(num_heads=num_heads)
    width = match(SHAPES, x=x)["num_heads * d_head"]
    if width % num_heads:
        raise ShapeError(
            f"num_heads = {num_heads} does not divide the last axis of x, {width}.\n"
            f"  x         {tuple(x.shape)!s:<18}expected {SHAPES['x']}\n"
            "Every head gets the same number of features."
        )
    return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)


def merge_heads(heads):
    """Put the heads side by side again: the inverse of ``split_heads``.

    x[b, i] = [heads[b, 0, i], heads[b, 1, i], ...] (Vaswani et al. 2017, section 3.2.2: "Concat").

    **Shapes**
        heads       (batch, num_heads, n, d_head)
        x           (batch, n, num_heads * d_head)

    **Raises** ``ShapeError`` unless heads has four axes.

    **Example**

    >>> merge_heads(torch.tensor([[[[1, 2], [5, 6]], [[3, 4], [7, 8]]]]))
    tensor([[[1, 2, 3, 4],
             [5, 6, 7, 8]]])
    """
    match(SHAPES, heads=heads)
    return heads.transpose(1, 2).flatten(2)


class MultiHeadAttention(nn.Module):
    """Attend with several heads at once and mix what they bring.

    output = [head_1, ..., head_h] W_o with head_i = attention(queries W_q[i], keys W_k[i], values W_v[i])
    (Vaswani et al. 2017, section 3.2.2).

    ``W_q, W_k, W_v, W_o`` are ``nn.Linear``, whose ``weight`` is the transpose of the matrix in the equation;
    head i owns the i-th block of columns of W_q, W_k and W_v and the i-th block of rows of W_o.

    **Shapes**
        d_query, d_key, d_value     widths of the three inputs, each d_model unless given
        head_dim_qk, head_dim_v     widths inside a head, each d_model / num_heads unless given
        d_out                       width of the output, d_model unless given
        bias                        whether the four projections add one
        dropout                     share of the weights set to 0 in training (the others grow to make up for it)
        rotate                      a function of the split queries and of the split keys,
                                    (batch, num_heads, n, head_dim_qk) -> the same shape

    **Promises** the same result as ``nn.MultiheadAttention`` with the same weights (see ``from_torch``), batch
    first. The number of parameters does not depend on num_heads unless a head_dim is given.

    **Raises** ``ShapeError`` when a head_dim is left to num_heads and that does not divide d_model,
    ``ValueError`` for a size below 1.

    **Example**

    >>> layer = MultiHeadAttention(6, num_heads=2)
    >>> layer(torch.zeros(5, 7, 6)).shape
    torch.Size([5, 7, 6])
    """

    def __init__(
        self,
        d_model,
        num_heads,
        *,
        d_query=None,
        d_key=None,
        d_value=None,
        head_dim_qk=None,
        head_dim_v=None,
        d_out=None,
        bias=True,
        dropout=0.0,
        rotate=None,
    ):
        super().__init__()
        must_count(d_model=d_model, num_heads=num_heads)
        if None in (head_dim_qk, head_dim_v):
            _must_divide(d_model, num_heads)
        inputs = {"d_query": d_query, "d_key": d_key, "d_value": d_value, "d_out": d_out}
        inside = {"head_dim_qk": head_dim_qk, "head_dim_v": head_dim_v}
        sizes = {name: d_model if size is None else size for name, size in inputs.items()}
        sizes |= {name: d_model // num_heads if size is None else size for name, size in inside.items()}
        must_count(**sizes)
        self.num_heads, self.rotate = num_heads, rotate
        self.dropout = nn.Dropout(dropout)
        self.W_q = _projection(sizes["d_query"], num_heads * sizes["head_dim_qk"], bias)
        self.W_k = _projection(sizes["d_key"], num_heads * sizes["head_dim_qk"], bias)
        self.W_v = _projection(sizes["d_value"], num_heads * sizes["head_dim_v"], bias)
        self.W_o = _projection(num_heads * sizes["head_dim_v"], sizes["d_out"], bias)

    def forward(self, queries, keys=None, values=None, mask=None, *, bias=None):
        """Gather for every query what the heads find, and mix it.

        **Shapes**
            queries     (batch, num_queries, d_query)
            keys        (batch, num_keys, d_key), the queries unless given
            values      (batch, num_keys, d_value), the keys unless given
            mask        boolean, True = may look; broadcasts to (batch, num_heads, num_queries, num_keys)
            bias        added to the scaled scores; a tensor that broadcasts as the mask does, or a function of
                        the split queries (batch, num_heads, num_queries, head_dim_qk) that returns one
            output      (batch, num_queries, d_out)

        **Promises** a query that may look nowhere gets W_o's bias alone; no argument is changed.

        **Raises** ``ShapeError`` when sizes disagree, ``TypeError`` for a mask that is not boolean and for
        tensors that are not of the layer's floating-point dtype.
        """
        keys = queries if keys is None else keys
        values = keys if values is None else values
        self._check(mask, queries=queries, keys=keys, values=values)
        split_values = split_heads(self.W_v(values), self.num_heads)
        if self.dropout.training and self.dropout.p > 0:
            # the fused attention keeps no weights that could be dropped
            heads = self.attention_weights(queries, keys, mask, bias=bias) @ split_values
        else:
            split_queries, split_keys, bias = self._split(queries, keys, bias)
            heads = dot_product.attention(split_queries, split_keys, split_values, mask, bias=bias)
        return self.W_o(merge_heads(heads))

    def attention_weights(self, queries, keys=None, mask=None, *, bias=None):
        """Compute the weights of every head: those that ``forward`` uses.

        **Shapes**
            queries     (batch, num_queries, d_query)
            keys        (batch, num_keys, d_key), the queries unless given
            mask, bias  as in ``forward``
            weights     (batch, num_heads, num_queries, num_keys)

        **Promises** rows sum to 1, or are 0 where a query may look nowhere; with dropout, in training, they do
        not: some weights are 0 and the others are divided by 1 - dropout.

        **Raises** as ``forward``.
        """
        keys = queries if keys is None else keys
        self._check(mask, queries=queries, keys=keys)
        split_queries, split_keys, bias = self._split(queries, keys, bias)
        return self.dropout(dot_product.attention_weights(split_queries, split_keys, mask, bias=bias))

    @classmethod
    def from_torch(cls, module):
        """Make a layer with the weights of an ``nn.MultiheadAttention``.

        **Promises** same output, weights and gradients, dtype, device and mode (training or evaluation). The
        weights are copied. Three conventions stay ours: inputs are batch first whatever ``batch_first`` says,
        True in a mask means may look (there: may not), and a query that may look nowhere gets zeros (there: NaN).

        **Raises** ``TypeError`` for anything else, ``ValueError`` for ``add_bias_kv`` and ``add_zero_attn``,
        which add keys that this layer does not have.

        **Example**

        >>> layer = MultiHeadAttention.from_torch(nn.MultiheadAttention(6, 2, kdim=5, vdim=3))
        >>> layer(torch.zeros(1, 7, 6), torch.zeros(1, 11, 5), torch.zeros(1, 11, 3)).shape
        torch.Size([1, 7, 6])
        """
        if not isinstance(module, nn.MultiheadAttention):
            raise TypeError(f"module is of type {type(module).__name__}, expected a torch.nn.MultiheadAttention.")
        for option, used in {"add_bias_kv": module.bias_k is not None, "add_zero_attn": module.add_zero_attn}.items():
            if used:
                raise ValueError(f"module has {option}=True: a key that belongs to no token, which this layer lacks.")
        state = _state_from_torch(module)
        layer = cls(
            module.embed_dim,
            module.num_heads,
            d_key=module.kdim,
            d_value=module.vdim,
            bias="W_q.bias" in state,
            dropout=module.dropout,
        )
        layer.to(module.out_proj.weight)
        layer.load_state_dict(state)
        return layer.train(module.training)

    def _split(self, queries, keys, bias):
        queries = split_heads(self.W_q(queries), self.num_heads)
        keys = split_heads(self.W_k(keys), self.num_heads)
        if self.rotate is not None:
            queries, keys = self.rotate(queries), self.rotate(keys)
        return queries, keys, bias(queries) if callable(bias) else bias

    def _check(self, mask, **inputs):
        must_be_floating(W_q=self.W_q.weight, **inputs)
        # the matrices first: a size that differs is then the argument's
        matrices = {"W_q": self.W_q.weight.T, "W_k": self.W_k.weight.T, "W_v": self.W_v.weight.T}
        needed = {name: matrix for name, matrix in matrices.items() if name != "W_v" or "values" in inputs}
        sizes = match(SHAPES, WHY, **needed, **inputs)
        if isinstance(mask, torch.Tensor) and mask.dtype == torch.bool:
            scores_shape = sizes["batch"], self.num_heads, sizes["num_queries"], sizes["num_keys"]
            must_fit("mask", mask, scores_shape, MASK_HINTS.get(mask.dim()))


def _projection(d_in, d_out, bias):
    # Glorot and Bengio 2010: inputs of variance 1 give queries, keys and scores of about that variance
    linear = nn.Linear(d_in, d_out, bias=bias)
    nn.init.xavier_uniform_(linear.weight)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear


def _must_divide(d_model, num_heads):
    if d_model % num_heads == 0:
        return
    below = d_model // num_heads * num_heads
    sizes = " or ".join(str(size) for size in (below, below + num_heads) if size)
    counts = ", ".join(str(count) for count in range(1, d_model + 1) if d_model % count == 0)
    raise ShapeError(
        f"d_model is {d_model}, which num_heads = {num_heads} does not divide.\n"
        f"Every head gets d_model / num_heads features. With {num_heads} heads, d_model could be {sizes}; with\n"
        f"d_model = {d_model}, num_heads could be one of {counts}. Or give both head_dim_qk and head_dim_v."
    )


def _state_from_torch(module):
    if module.in_proj_weight is not None:
        weights = module.in_proj_weight.chunk(3)
    else:
        weights = module.q_proj_weight, module.k_proj_weight, module.v_proj_weight
    state = {f"{name}.weight": weight for name, weight in zip(("W_q", "W_k", "W_v"), weights, strict=True)}
    state["W_o.weight"] = module.out_proj.weight
    if module.in_proj_bias is not None:
        biases = module.in_proj_bias.chunk(3)
        state |= {f"{name}.bias": bias for name, bias in zip(("W_q", "W_k", "W_v"), biases, strict=True)}
        state["W_o.bias"] = module.out_proj.bias
    return state
