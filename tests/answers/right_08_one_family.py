"""Right answers to the exercises of chapter 8, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (one word alone, an offset beyond the sentence, a graph without edges, a mask without a diagonal),
up to the rounding of float32, and it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F


# ------------------------------------------------------------------------------ tap_weights
def tap_weights__loop(n, offset):
    """Writes the ones into a table of zeros, row by row."""
    weights = torch.zeros(n, n)
    for i in range(n):
        if 0 <= i + offset < n:
            weights[i, i + offset] = 1
    return weights


def tap_weights__distances_compared(n, offset):
    """Compares all distances with the offset at once."""
    i = torch.arange(n)
    return (i[None, :] - i[:, None] == offset).float()


def tap_weights__numpy_eye(n, offset):
    """Uses NumPy's identity with a shifted diagonal, and returns an array in float64."""
    return np.eye(n, k=offset)


def tap_weights__two_triangles(n, offset):
    """Keeps the diagonal that an upper and a lower triangle share."""
    return torch.ones(n, n).triu(diagonal=offset).tril(diagonal=offset)


def tap_weights__lists(n, offset):
    """Builds the rows as lists."""
    return torch.tensor([[1.0 if j - i == offset else 0.0 for j in range(n)] for i in range(n)])


def tap_weights__cut_from_a_wider_identity(n, offset):
    """Pads the identity with columns of zeros on both sides and cuts out n of them."""
    far = min(abs(offset), n)
    shift = max(-n, min(n, offset))
    wide = F.pad(torch.eye(n), (far, far))
    return wide[:, far - shift : far - shift + n]


# ---------------------------------------------------------------------------- conv_by_heads
def conv_by_heads__three_heads(X, kernel):
    """Adds up three heads, each with weights of its own."""
    n = len(X)
    i = torch.arange(n)
    output = torch.zeros(n, kernel.shape[2])
    for t in range(3):
        weights = (i[None, :] == i[:, None] + t - 1).float()
        output = output + weights @ X @ kernel[t]
    return output


def conv_by_heads__padded_and_shifted(X, kernel):
    """Puts a row of zeros at both ends and cuts out three shifted sentences."""
    n = X.shape[0]
    padded = F.pad(X, (0, 0, 1, 1))
    return padded[:n] @ kernel[0] + padded[1 : n + 1] @ kernel[1] + padded[2:] @ kernel[2]


def conv_by_heads__ready_made_in_torch(X, kernel):
    """Uses PyTorch's convolution, which wants features first and d_out in front."""
    return F.conv1d(X.T.unsqueeze(0), kernel.permute(2, 1, 0), padding=1).squeeze(0).T


def conv_by_heads__place_by_place(X, kernel):
    """Loops over places and taps."""
    n = len(X)
    rows = []
    for i in range(n):
        y = torch.zeros(kernel.shape[2])
        for t in range(3):
            if 0 <= i + t - 1 < n:
                y = y + X[i + t - 1] @ kernel[t]
        rows.append(y)
    return torch.stack(rows)


def conv_by_heads__einsum_float64(X, kernel):
    """Stacks the weights of the heads, and writes all in Einstein's notation, in float64."""
    n = len(X)
    weights = torch.stack([torch.ones(n, n).triu(t).tril(t) for t in (-1, 0, 1)]).double()
    return torch.einsum("tij,jd,tde->ie", weights, X.double(), kernel.double())


def conv_by_heads__numpy(X, kernel):
    """Joins the three neighbours of every word in NumPy and multiplies once."""
    X, kernel = X.numpy(), kernel.numpy()
    nothing = np.zeros((1, X.shape[1]), dtype=X.dtype)
    before, after = np.vstack([nothing, X[:-1]]), np.vstack([X[1:], nothing])
    return np.hstack([before, X, after]) @ kernel.reshape(-1, kernel.shape[2])


# -------------------------------------------------------------------- linear_attention_step
def linear_attention_step__as_written(state, total, query, key, value):
    """Writes the three formulas."""
    q, k = F.elu(query) + 1, F.elu(key) + 1
    state = state + torch.outer(k, value)
    total = total + k
    return (q @ state) / (q @ total), state, total


def linear_attention_step__cases_and_broadcasting(state, total, query, key, value):
    """Writes the feature map with cases, and the products by broadcasting."""

    def phi(x):
        return torch.where(x > 0, x + 1, torch.exp(torch.clamp(x, max=0)))

    state = state + phi(key)[:, None] * value[None, :]
    total = total + phi(key)
    output = (phi(query)[:, None] * state).sum(dim=0) / (phi(query) * total).sum()
    return output, state, total


def linear_attention_step__einsum_float64(state, total, query, key, value):
    """Writes the products in Einstein's notation, in float64."""
    state, total, query, key, value = (x.double() for x in (state, total, query, key, value))
    q, k = F.elu(query) + 1, F.elu(key) + 1
    new_state = state + torch.einsum("k,v->kv", k, value)
    new_total = total + k
    return torch.einsum("k,kv->v", q, new_state) / torch.einsum("k,k->", q, new_total), new_state, new_total


def linear_attention_step__numpy(state, total, query, key, value):
    """Goes to NumPy and returns arrays."""
    state, total, query, key, value = (x.numpy() for x in (state, total, query, key, value))
    q, k = (np.where(x > 0, x, np.expm1(np.minimum(x, 0))) + 1 for x in (query, key))
    state = state + np.outer(k, value)
    total = total + k
    return q @ state / np.dot(q, total), state, total


def linear_attention_step__total_as_one_more_column(state, total, query, key, value):
    """Joins a 1 to the value, so that the total is the last column of the state."""
    q, k = (F.elu(x).add(1) for x in (query, key))
    both = torch.cat([state, total[:, None]], dim=1)
    both = both + torch.outer(k, F.pad(value, (0, 1), value=1.0))
    answer = q @ both
    return answer[:-1] / answer[-1], both[:, :-1], both[:, -1]


def linear_attention_step__number_by_number(state, total, query, key, value):
    """Loops over all rows and columns."""
    q = [x + 1 if x > 0 else 2.718281828459045**x for x in query.tolist()]
    k = [x + 1 if x > 0 else 2.718281828459045**x for x in key.tolist()]
    new_state, new_total = state.clone(), total.clone()
    output, weight = torch.zeros_like(value), 0.0
    for a in range(len(k)):
        new_total[a] += k[a]
        weight += q[a] * new_total[a]
        for b in range(len(value)):
            new_state[a, b] += k[a] * value[b]
            output[b] += q[a] * new_state[a, b]
    return output / weight, new_state, new_total


class _Step(NamedTuple):
    output: torch.Tensor
    state: torch.Tensor
    total: torch.Tensor


def linear_attention_step__named_tuple(state, total, query, key, value):
    """Torch's elu and outer; returns a named tuple."""
    q, k = F.elu(query) + 1, F.elu(key) + 1
    state, total = state.addr(k, value), total + k
    return _Step(q @ state / (q @ total), state, total)


# ---------------------------------------------------------------------------- mask_of_graph
def mask_of_graph__indexing(edges, num_nodes):
    """Starts with the diagonal and writes both directions by indexing."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    mask[edges[:, 0], edges[:, 1]] = True
    mask[edges[:, 1], edges[:, 0]] = True
    return mask


def mask_of_graph__loop(edges, num_nodes):
    """Loops over the edges, and over the nodes."""
    mask = torch.zeros(num_nodes, num_nodes).bool()
    for edge in edges:
        a, b = int(edge[0]), int(edge[1])
        mask[a, b] = True
        mask[b, a] = True
    for i in range(num_nodes):
        mask[i, i] = True
    return mask


def mask_of_graph__added_and_compared(edges, num_nodes):
    """Adds the table of edges, its transpose and the diagonal, and compares with 0."""
    table = torch.zeros(num_nodes, num_nodes)
    for a, b in edges.tolist():
        table[a][b] += 1
    return (table + table.T + torch.eye(num_nodes)) > 0


def mask_of_graph__numpy(edges, num_nodes):
    """Goes to NumPy and returns an array of bool."""
    a, b = edges.numpy().T
    mask = np.identity(num_nodes, dtype=bool)
    mask[a, b] = True
    return mask | mask.T


def mask_of_graph__sets_of_neighbours(edges, num_nodes):
    """Keeps the neighbours of every node in a set, and asks for every pair."""
    neighbours = {node: {node} for node in range(num_nodes)}
    for a, b in edges.tolist():
        neighbours[a].add(b)
        neighbours[b].add(a)
    return torch.tensor([[j in neighbours[i] for j in range(num_nodes)] for i in range(num_nodes)])


def mask_of_graph__ends_of_the_edges(edges, num_nodes):
    """Turns both ends into one-hot rows and multiplies them."""
    nodes = torch.arange(num_nodes)
    first = (edges[:, :1] == nodes).double()
    second = (edges[:, 1:] == nodes).double()
    return (first.T @ second + second.T @ first).bool() | (nodes[:, None] == nodes)


def mask_of_graph__incidence_matrix(edges, num_nodes):
    """The incidence matrix times its transpose is above 0 where two nodes share an edge; plus the identity."""
    incidence = torch.zeros(len(edges), num_nodes)
    for e, (a, b) in enumerate(edges.tolist()):
        incidence[e, a] = incidence[e, b] = 1
    return (incidence.T @ incidence + torch.eye(num_nodes)) > 0


def mask_of_graph__pairs_in_a_set(edges, num_nodes):
    """Asks for each pair of nodes whether it is in a set of edges."""
    pairs = {frozenset(edge) for edge in edges.tolist()}
    return torch.tensor(
        [[i == j or frozenset((i, j)) in pairs for j in range(num_nodes)] for i in range(num_nodes)],
        dtype=torch.bool,
    ).reshape(num_nodes, num_nodes)


# ------------------------------------------------------------------------------------ reach
def reach__products_cut_back(mask, num_layers):
    """Multiplies layer by layer and cuts every product back to True and False."""
    reached = mask
    for _ in range(num_layers - 1):
        reached = (mask.float() @ reached.float()) > 0
    return reached


def reach__from_the_identity(mask, num_layers):
    """Starts with the identity, in whole numbers that stay 0 or 1."""
    reached = torch.eye(len(mask), dtype=torch.int64)
    for _ in range(num_layers):
        reached = (reached @ mask.long()).clamp(max=1)
    return reached.bool()


def reach__any_word_between(mask, num_layers):
    """Joins two layers with & and any, without a product."""
    reached = mask.clone()
    for _ in range(1, num_layers):
        reached = (mask.unsqueeze(2) & reached.unsqueeze(0)).any(dim=1)
    return reached


def reach__sets(mask, num_layers):
    """Follows every output back through the layers with a set."""
    n = len(mask)
    looks_at = [set(torch.nonzero(row).flatten().tolist()) for row in mask]
    result = torch.zeros(n, n, dtype=torch.bool)
    for i in range(n):
        needed = {i}
        for _ in range(num_layers):
            needed = set().union(*(looks_at[j] for j in needed))
        for j in needed:
            result[i, j] = True
    return result


def reach__numpy(mask, num_layers):
    """Multiplies tables of bool in NumPy, where + is `or`, and returns an array."""
    mask = mask.numpy()
    reached = mask
    for _ in range(num_layers - 1):
        reached = reached @ mask
    return reached


def reach__squares_and_products(mask, num_layers):
    """Squares the mask and multiplies where the number of layers has a 1 in binary."""
    square, reached = mask.double(), torch.eye(len(mask)).double()
    while num_layers:
        if num_layers % 2:
            reached = (reached @ square > 0).double()
        square = (square @ square > 0).double()
        num_layers //= 2
    return reached == 1


def reach__halving_recursion(mask, num_layers):
    """Recursion by halves: the product of what half the layers do, cut off at 0 each time."""
    if num_layers == 1:
        return mask.clone()
    half = reach__halving_recursion(mask, num_layers // 2).float()
    twice = half @ half > 0
    return (mask.float() @ twice.float() > 0) if num_layers % 2 else twice


def reach__share_of_the_ways(mask, num_layers):
    """Row-stochastic float64 matrices with entries brought back to 0 and 1 after each layer, from the identity on."""
    n = len(mask)
    weights = mask.double() / mask.double().sum(dim=1, keepdim=True).clamp(min=1)
    reached = torch.eye(n, dtype=torch.float64)
    for _ in range(num_layers):
        reached = torch.einsum("im,mj->ij", weights, reached).gt(1e-9).double()
    return reached > 0.5
