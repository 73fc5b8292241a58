"""Chapter 7: layers that are compared on tests of memory, in models of about 11,500 parameters each.

The widths differ so that the sizes agree: an LSTM has eight matrices of (d, d), one layer of attention four.
"""

import copy

import torch
from torch import nn

from attnlib.layers import ConvLayer, RecurrentLayer, SelfAttentionLayer
from attnlib.shapes import must_count

WIDTHS = {
    "attention": 52,
    "attention, 2 layers": 36,
    "dilated CNN": 24,
    "CNN": 24,
    "LSTM": 36,
    "GRU": 42,
    "RNN": 72,
}


def layers_of(name, *, recurrent=RecurrentLayer):
    """Make the layers of one of the rivals, to be put into ``Recall(WIDTHS[name], ...)``.

    The CNNs have six causal layers with k = 3; the dilated one has steps 1, 2, 4, ..., 32.

    **Shapes**
        name        "attention", "attention, 2 layers", "dilated CNN", "CNN", "LSTM", "GRU" or "RNN"
        recurrent   what makes a recurrent layer from its width and kind
        -> a list of modules (batch, n, d_model) -> the same shape

    **Raises** ``KeyError`` for another name.

    **Example**

    >>> len(layers_of("dilated CNN"))
    6
    """
    d_model = WIDTHS[name]
    if name in ("CNN", "dilated CNN"):
        return [_causal(d_model, 2**depth if name == "dilated CNN" else 1) for depth in range(6)]
    if name in ("LSTM", "GRU", "RNN"):
        return [recurrent(d_model, name.lower())]
    return [SelfAttentionLayer(d_model, 2) for _ in range(2 if "2" in name else 1)]


def _causal(d_model, dilation):
    return nn.Sequential(ConvLayer(d_model, 3, dilation=dilation, causal=True), nn.ReLU())


def gradient_to_first(layers, d_model, distance, *, generator, batch=32):
    """Measure how much of a change of the first word arrives at the last one, ``distance`` words later.

    Around every layer goes a shortcut, x + layer(x), as in ``Recall``. The last output is multiplied by one random
    vector of norm 1; the result is the norm of its gradient with respect to the first input.

    **Shapes**
        layers      modules (batch, n, d_model) -> the same shape
        -> a number: the geometric mean over ``batch`` sentences of random vectors

    **Promises** computed in float64, since float32 has no numbers as small as some of these; the layers are not
    changed.

    **Raises** ``ValueError`` for a count below 1.

    **Example**

    >>> gradient_to_first([ConvLayer(6, 3)], 6, 2, generator=torch.Generator())  # it sees one word to each side
    0.0
    """
    must_count(d_model=d_model, distance=distance, batch=batch)
    draw = {"generator": generator, "dtype": torch.float64}
    direction = nn.functional.normalize(torch.randn(d_model, **draw), dim=0)
    x = start = torch.randn(batch, distance + 1, d_model, **draw).requires_grad_()
    for layer in layers:
        x = x + copy.deepcopy(layer).double()(x)
    (gradient,) = torch.autograd.grad((x[:, -1] @ direction).sum(), start)
    return gradient[:, 0].norm(dim=-1).log().mean().exp().item()


def by_model(rows):
    """Sort recorded results by their models.

    **Shapes** rows: dicts with "model", "length" and "accuracy" -> {model: {length: accuracy}}

    **Example**

    >>> by_model([{"model": "RNN", "length": 4, "accuracy": [1.0, 0.9]}])
    {'RNN': {4: [1.0, 0.9]}}
    """
    found = {}
    for row in rows:
        found.setdefault(row["model"], {})[row["length"]] = row["accuracy"]
    return found


def frequent_value(num_pairs, *, generator, num_values=8, batch=20_000):
    """Estimate how often the most frequent value of a list is the answer of ``associative_recall``.

    It is what a model reaches that looks at the values alone, whatever key is asked for.

    **Shapes** -> a number from 0 to 1

    **Example**

    >>> frequent_value(1, generator=torch.Generator())
    1.0
    """
    must_count(num_pairs=num_pairs, num_values=num_values, batch=batch)
    values = torch.randint(num_values, (batch, num_pairs), generator=generator)
    counts = nn.functional.one_hot(values, num_values).sum(dim=1)
    return (counts.max(dim=1).values / num_pairs).mean().item()
