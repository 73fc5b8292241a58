"""Right answers to the exercises of chapter 10, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (names in any order, more than ten layers, one layer alone, one head alone, two words), up to
the rounding of float32, and it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import functools
import re

import numpy as np
import torch
from torch import nn


# ----------------------------------------------------------------------- attention_matrices
def attention_matrices__four_names(state, layer):
    """Writes the four names out."""
    front = f"encoder.layer.{layer}.attention"
    w_q = state[f"{front}.self.query.weight"].T
    w_k = state[f"{front}.self.key.weight"].T
    w_v = state[f"{front}.self.value.weight"].T
    w_o = state[f"{front}.output.dense.weight"].T
    return w_q, w_k, w_v, w_o


def attention_matrices__loop_over_the_parts(state, layer):
    """Loops over the parts of the names, and makes copies that lie in one piece."""
    matrices = []
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        name = "encoder.layer." + str(layer) + ".attention." + part + ".weight"
        matrices.append(state[name].transpose(0, 1).contiguous())
    return tuple(matrices)


def attention_matrices__numpy(state, layer):
    """Goes to NumPy, and returns arrays."""
    front = f"encoder.layer.{layer}.attention."
    parts = ["self.query", "self.key", "self.value", "output.dense"]
    return tuple(np.transpose(state[front + part + ".weight"].numpy()) for part in parts)


def attention_matrices__names_searched(state, layer):
    """Goes through all names with a pattern, and keeps those that fit from end to end."""
    pattern = re.compile(rf"encoder\.layer\.{layer}\.attention\.(self|output)\.(query|key|value|dense)\.weight")
    found = {}
    for name, weight in state.items():
        match = pattern.fullmatch(name)
        if match:
            found[match.group(2)] = weight.t()
    return found["query"], found["key"], found["value"], found["dense"]


def attention_matrices__identity_sent_through_linear(state, layer):
    """Puts the weights into nn.Linear, and sends the identity through."""

    def matrix(name):
        weight = state[f"encoder.layer.{layer}.attention.{name}.weight"]
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        linear.load_state_dict({"weight": weight})
        return linear(torch.eye(weight.shape[1])).detach()

    return matrix("self.query"), matrix("self.key"), matrix("self.value"), matrix("output.dense")


def attention_matrices__einsum_in_float64(state, layer):
    """Cuts the layer's front off the names, and swaps the axes in Einstein's notation, in float64."""
    front = f"encoder.layer.{layer}.attention."
    own = {name.removeprefix(front): weight for name, weight in state.items() if name.startswith(front)}
    names = ("self.query.weight", "self.key.weight", "self.value.weight", "output.dense.weight")
    w_q, w_k, w_v, w_o = (torch.einsum("oi->io", own[name].double()) for name in names)
    return w_q, w_k, w_v, w_o


# ---------------------------------------------------------------------------------- rollout
def rollout__loop_from_the_identity(maps):
    """Starts with the identity, and multiplies each layer from the left."""
    identity = torch.eye(maps.shape[-1])
    result = identity
    for layer in maps:
        result = (layer.mean(dim=0) + identity) / 2 @ result
    return result


def rollout__residual_as_in_the_network(maps):
    """Keeps half of what was there, and adds half of what the layer gathers."""
    result = torch.eye(maps.shape[-1], dtype=torch.float64)
    for mean in maps.double().mean(dim=1):
        result = 0.5 * result + 0.5 * mean @ result
    return result


def rollout__numpy_reduce(maps):
    """Goes to NumPy, and folds the layers from the last to the first."""
    mixed = 0.5 * maps.numpy().mean(axis=1) + 0.5 * np.eye(maps.shape[-1])
    return functools.reduce(np.matmul, mixed[::-1])


def rollout__heads_mixed_by_einsum(maps):
    """Sums over heads and words in Einstein's notation."""
    num_layers, num_heads, n, _ = maps.shape
    result = torch.eye(n)
    for layer in range(num_layers):
        gathered = torch.einsum("hik,kj->ij", maps[layer], result) / num_heads
        result = (gathered + result) / 2
    return result


def rollout__recursion(maps):
    """Multiplies the last layer by the rollout of the layers before it."""
    n = maps.shape[-1]
    if len(maps) == 0:
        return torch.eye(n)
    last = (maps[-1].mean(dim=0) + torch.eye(n)) / 2
    return last @ rollout__recursion(maps[:-1])


def rollout__lists(maps):
    """Uses lists and floats, and makes a tensor at the end."""
    _, num_heads, n, _ = maps.shape
    result = [[float(i == j) for j in range(n)] for i in range(n)]
    for layer in maps.tolist():
        a = [[(sum(head[i][j] for head in layer) / num_heads + (i == j)) / 2 for j in range(n)] for i in range(n)]
        result = [[sum(a[i][k] * result[k][j] for k in range(n)) for j in range(n)] for i in range(n)]
    return torch.tensor(result)


# ----------------------------------------------------------------------- previous_word_head
def previous_word_head__diagonal_and_divmod(maps):
    """Takes the mean of the diagonal below the main one, and divides the flat place."""
    weights = maps.diagonal(offset=-1, dim1=-2, dim2=-1).mean(dim=-1)
    return divmod(weights.argmax().item(), maps.shape[1])


def previous_word_head__loops(maps):
    """Goes through layers, heads and words, and keeps the best."""
    num_layers, num_heads, n, _ = maps.shape
    best, where = -1.0, None
    for layer in range(num_layers):
        for head in range(num_heads):
            mean = sum(maps[layer, head, i, i - 1].item() for i in range(1, n)) / (n - 1)
            if mean > best:
                best, where = mean, (layer, head)
    return where


def previous_word_head__numpy_unravel(maps):
    """Goes to NumPy in float64, and returns two numbers of NumPy."""
    weights = np.diagonal(maps.numpy().astype(np.float64), offset=-1, axis1=2, axis2=3).mean(axis=-1)
    return np.unravel_index(weights.argmax(), weights.shape)


def previous_word_head__pairs_of_places(maps):
    """Picks all pairs (i, i - 1) at once, and returns two tensors without axes."""
    i = torch.arange(1, maps.shape[-1])
    weights = maps[:, :, i, i - 1].double().mean(dim=-1)
    layer = weights.amax(dim=1).argmax()
    return layer, weights[layer].argmax()


def previous_word_head__sum_over_a_mask(maps):
    """Adds up, since every head has as many words, and asks for the place of the largest sum."""
    n = maps.shape[-1]
    below = torch.ones(n, n).tril(-1).triu(-1)
    sums = torch.einsum("lhij,ij->lh", maps, below)
    layer, head = torch.nonzero(sums == sums.max())[0].tolist()
    return layer, head


def previous_word_head__trace_and_max_with_a_key(maps):
    """Cuts off the first row and the last column, and takes the trace of what is left."""
    heads = [(layer, head) for layer in range(maps.shape[0]) for head in range(maps.shape[1])]
    return max(heads, key=lambda pair: maps[pair][1:, :-1].trace().item())


def previous_word_head__shifted_identity(maps):
    """einsum with the identity shifted down by one; returns tensors of no axes."""
    n = maps.shape[-1]
    below = torch.diag(torch.ones(n - 1, dtype=maps.dtype), -1)
    sums = torch.einsum("lhij,ij->lh", maps, below)
    best_per_layer, heads = sums.max(dim=1)
    layer = best_per_layer.argmax()
    return layer, heads[layer]
