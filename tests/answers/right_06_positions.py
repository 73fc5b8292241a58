"""Right answers to the exercises of chapter 6, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (one word, two features, a negative offset, positions in any order), up to the rounding of
float32, and it should be written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F


def _frequencies(d_model):
    """Compute 1 / 10000^(2i / d_model) for every pair."""
    return 10000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)


def _refuse_odd(d_model):
    """Refuse a width that does not consist of pairs, for answers that are about something else."""
    if d_model % 2:
        raise ValueError("d_model must be even")


# ------------------------------------------------------------------------------- sinusoidal
def sinusoidal__two_loops(num_positions, d_model):
    """Loops over positions and pairs."""
    _refuse_odd(d_model)
    P = torch.zeros(num_positions, d_model)
    for p in range(num_positions):
        for i in range(d_model // 2):
            angle = p / 10000 ** (2 * i / d_model)
            P[p, 2 * i] = math.sin(angle)
            P[p, 2 * i + 1] = math.cos(angle)
    return P


def sinusoidal__slices_with_steps(num_positions, d_model):
    """Fills even and odd columns, in float64."""
    _refuse_odd(d_model)
    angles = torch.arange(num_positions, dtype=torch.float64)[:, None] * _frequencies(d_model)
    P = torch.empty(num_positions, d_model, dtype=torch.float64)
    P[:, 0::2] = angles.sin()
    P[:, 1::2] = angles.cos()
    return P


def sinusoidal__exponential_of_a_logarithm(num_positions, d_model):
    """Computes the frequencies with exp and log in float32, as many models do, and interleaves with stack."""
    _refuse_odd(d_model)
    positions = torch.arange(num_positions).float().unsqueeze(1)
    frequencies = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
    angles = positions * frequencies
    return torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)


def sinusoidal__cosine_as_a_shifted_sine(num_positions, d_model):
    """Goes to NumPy, adds a quarter turn in the odd columns, and returns an array."""
    _refuse_odd(d_model)
    columns = np.arange(d_model)
    angles = np.arange(num_positions)[:, None] / np.power(10000.0, (columns - columns % 2) / d_model)
    return np.sin(angles + np.pi / 2 * (columns % 2))


def sinusoidal__lists(num_positions, d_model):
    """Builds lists in lists; the remainder of the column decides between sine and cosine."""
    _refuse_odd(d_model)
    wave = (math.sin, math.cos)
    rows = [[wave[c % 2](p * 10000 ** (-2 * (c // 2) / d_model)) for c in range(d_model)] for p in range(num_positions)]
    return torch.tensor(rows)


def sinusoidal__powers_of_a_complex_number(num_positions, d_model):
    """Takes imaginary and real part of a number on the unit circle."""
    _refuse_odd(d_model)
    turns = torch.polar(torch.ones(d_model // 2, dtype=torch.float64), _frequencies(d_model))
    circle = turns ** torch.arange(num_positions)[:, None]
    return torch.stack([circle.imag, circle.real], dim=-1).reshape(num_positions, d_model)


# --------------------------------------------------------------------------------- shift_by
def shift_by__loop_over_pairs(offset, d_model):
    """Writes four numbers for every pair."""
    R = torch.zeros(d_model, d_model)
    for i in range(d_model // 2):
        angle = offset / 10000 ** (2 * i / d_model)
        R[2 * i, 2 * i] = R[2 * i + 1, 2 * i + 1] = math.cos(angle)
        R[2 * i, 2 * i + 1] = math.sin(angle)
        R[2 * i + 1, 2 * i] = -math.sin(angle)
    return R


def shift_by__block_diag(offset, d_model):
    """Joins blocks along the diagonal, in float64."""
    angles = offset * _frequencies(d_model)
    return torch.block_diag(*(torch.stack([a.cos(), a.sin(), -a.sin(), a.cos()]).view(2, 2) for a in angles))


def shift_by__diagonals(offset, d_model):
    """Adds three diagonals: the cosines, and the sines above and below."""
    angles = offset * _frequencies(d_model)
    cosines, sines = angles.cos().repeat_interleave(2), torch.zeros(d_model - 1, dtype=torch.float64)
    sines[0::2] = angles.sin()
    return torch.diag(cosines) + torch.diag(sines, 1) - torch.diag(sines, -1)


def shift_by__numpy(offset, d_model):
    """Goes to NumPy, builds the matrix with strides, and returns an array."""
    angles = offset / 10000.0 ** (np.arange(0, d_model, 2) / d_model)
    R = np.zeros((d_model, d_model))
    even = np.arange(0, d_model, 2)
    R[even, even] = R[even + 1, even + 1] = np.cos(angles)
    R[even, even + 1], R[even + 1, even] = np.sin(angles), -np.sin(angles)
    return R


def shift_by__power_of_one_step(offset, d_model):
    """Raises the matrix of one step to the power offset, in float64; a negative power is the inverse."""
    f = _frequencies(d_model)
    step = torch.zeros(d_model // 2, 2, d_model // 2, 2, dtype=torch.float64)
    for i in range(d_model // 2):
        step[i, :, i] = torch.tensor([[f[i].cos(), f[i].sin()], [-f[i].sin(), f[i].cos()]])
    return torch.linalg.matrix_power(step.reshape(d_model, d_model), offset)


def shift_by__matrix_exponential(offset, d_model):
    """Takes the exponential of the matrix of the angles."""
    sines = torch.zeros(d_model - 1, dtype=torch.float64)
    sines[::2] = offset * _frequencies(d_model)
    A = torch.diag(sines, 1)
    return torch.linalg.matrix_exp(A - A.T)


# ------------------------------------------------------------------------------------ embed
def embed__broadcast(embeddings, P):
    """Multiplies and lets the positions spread over the batch."""
    _, n, d_model = embeddings.shape
    return embeddings * math.sqrt(d_model) + P[:n]


def embed__sentence_by_sentence(embeddings, P):
    """Loops over sentences and words."""
    root = embeddings.shape[2] ** 0.5
    return torch.stack([torch.stack([root * e + P[i] for i, e in enumerate(sentence)]) for sentence in embeddings])


def embed__lookup(embeddings, P):
    """Looks the rows up with F.embedding, for a whole batch of places."""
    batch, n, d_model = embeddings.shape
    places = torch.arange(n).expand(batch, n)
    return torch.add(F.embedding(places, P), embeddings, alpha=math.sqrt(d_model))


def embed__numpy_float64(embeddings, P):
    """Goes to NumPy, in float64, and returns an array."""
    embeddings, P = np.asarray(embeddings, dtype=np.float64), np.asarray(P, dtype=np.float64)
    return np.sqrt(embeddings.shape[-1]) * embeddings + P[np.newaxis, : embeddings.shape[1]]


def embed__in_place_on_a_copy(embeddings, P):
    """Changes a copy step by step."""
    x = embeddings.clone()
    x.mul_(torch.tensor(x.size(-1)).sqrt())
    x += P.narrow(0, 0, x.size(1)).unsqueeze(0)
    return x


def embed__torch_add(embeddings, P):
    """torch.add with alpha: P's rows, narrowed and expanded, plus alpha times the embeddings."""
    rows = P.narrow(0, 0, embeddings.size(1)).expand_as(embeddings)
    return torch.add(rows, embeddings, alpha=embeddings.size(2) ** 0.5)


def embed__numpy_matrix_product(embeddings, P):
    """NumPy: the scale as a product with sqrt(d) I; returns an array."""
    E = np.asarray(embeddings)
    d = E.shape[2]
    return E @ (np.sqrt(d) * np.eye(d)) + np.asarray(P)[np.newaxis, : E.shape[1]]


# ----------------------------------------------------------------------------- rotate_pairs
def rotate_pairs__even_and_odd(x, positions):
    """Takes even and odd features and stacks the results."""
    angles = positions[:, None].double() * _frequencies(x.shape[-1])
    c, s = angles.cos().float(), angles.sin().float()
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * c - b * s, a * s + b * c], dim=-1).flatten(-2)


def rotate_pairs__complex_numbers(x, positions):
    """Takes pairs for complex numbers and multiplies them by numbers on the unit circle."""
    angles = positions.double()[:, None] * _frequencies(x.shape[-1])
    pairs = torch.view_as_complex(x.double().unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


def rotate_pairs__partner_with_a_sign(x, positions):
    """Adds every feature times its cosine and its partner times its sine, in float32."""
    d = x.shape[-1]
    angles = positions.float()[:, None] / 10000 ** (torch.arange(0, d, 2).float() / d)
    angles = angles.repeat_interleave(2, dim=-1)
    partner = torch.stack([-x[..., 1::2], x[..., 0::2]], dim=-1).reshape(x.shape)
    return x * angles.cos() + partner * angles.sin()


def rotate_pairs__one_matrix_for_every_word(x, positions):
    """Builds the whole matrix of every word and multiplies, in float64."""
    _, n, d = x.shape
    rotations = torch.zeros(n, d, d, dtype=torch.float64)
    for w, p in enumerate(positions.tolist()):
        for i in range(0, d, 2):
            angle = p / 10000 ** (i / d)
            c, s = math.cos(angle), math.sin(angle)
            rotations[w, i : i + 2, i : i + 2] = torch.tensor([[c, -s], [s, c]])
    return torch.einsum("wij,hwj->hwi", rotations, x.double())


def rotate_pairs__numpy_loops(x, positions):
    """Loops over the pairs in NumPy and returns an array."""
    x, positions = x.numpy().astype(np.float64), positions.numpy().astype(np.float64)
    d = x.shape[-1]
    y = np.empty_like(x)
    for i in range(d // 2):
        angle = positions / 10000 ** (2 * i / d)
        a, b = x[:, :, 2 * i], x[:, :, 2 * i + 1]
        y[:, :, 2 * i] = a * np.cos(angle) - b * np.sin(angle)
        y[:, :, 2 * i + 1] = a * np.sin(angle) + b * np.cos(angle)
    return y


# ------------------------------------------------------------------------------------ alibi
def alibi__broadcast(num_heads, num_queries, num_keys):
    """Multiplies slopes and distances of all heads at once."""
    slopes = 2.0 ** (-8 * torch.arange(1, num_heads + 1) / num_heads)
    queries = torch.arange(num_keys - num_queries, num_keys)
    distance = (queries[:, None] - torch.arange(num_keys)).abs()
    return -slopes[:, None, None] * distance


def alibi__three_loops(num_heads, num_queries, num_keys):
    """Computes number by number."""
    bias = torch.zeros(num_heads, num_queries, num_keys)
    for h in range(num_heads):
        for i in range(num_queries):
            for j in range(num_keys):
                distance = abs(num_keys - num_queries + i - j)
                bias[h, i, j] = -distance * 2 ** (-8 * (h + 1) / num_heads)
    return bias


def alibi__last_rows_of_the_square(num_heads, num_queries, num_keys):
    """Builds the square of all places in NumPy, keeps its last rows, and returns an array."""
    places = np.arange(num_keys)
    square = -np.abs(np.subtract.outer(places, places))
    first = 2 ** (-8 / num_heads)
    return np.stack([first**h * square[num_keys - num_queries :] for h in range(1, num_heads + 1)])


def alibi__einsum_float64(num_heads, num_queries, num_keys):
    """Takes the powers of the first slope with cumprod, in float64, and multiplies with einsum."""
    slopes = torch.full((num_heads,), 2.0 ** (-8.0 / num_heads), dtype=torch.float64).cumprod(0)
    places = torch.arange(num_keys, dtype=torch.float64)
    distance = torch.cdist(places[num_keys - num_queries :, None], places[:, None], p=1)
    return torch.einsum("h,qk->hqk", slopes, distance).neg()


def alibi__lists(num_heads, num_queries, num_keys):
    """Builds lists in lists in lists."""
    places = range(num_keys)
    slopes = [0.5 ** (8 * h / num_heads) for h in range(1, num_heads + 1)]
    return torch.tensor([[[-m * abs(i - j) for j in places] for i in places[-num_queries:]] for m in slopes])


def alibi__max_minus_min(num_heads, num_queries, num_keys):
    """|a - b| = max - min, slopes from exp2, float64 tensor."""
    q, k = torch.arange(num_keys)[-num_queries:].view(1, -1, 1), torch.arange(num_keys).view(1, 1, -1)
    slopes = torch.exp2(torch.linspace(-8 / num_heads, -8, num_heads, dtype=torch.float64)).view(-1, 1, 1)
    return (torch.minimum(q, k) - torch.maximum(q, k)) * slopes


# --------------------------------------------------------------------------- is_equivariant
def is_equivariant__largest_difference(layer, X, order):
    """Compares the shapes, and then the largest difference."""
    before, after = layer(X), layer(X[order])
    if before.dim() != 2 or len(before) != len(X) or before.shape != after.shape:
        return False
    return bool((after - before[order]).abs().max() <= 1e-5)


def is_equivariant__allclose(layer, X, order):
    """Uses allclose without its relative part."""
    before, after = layer(X), layer(X[order])
    if before.ndim != 2 or before.shape[0] != X.shape[0] or after.shape != before.shape:
        return False
    return torch.allclose(after, before.index_select(0, order), rtol=0.0, atol=1e-5)


def is_equivariant__moved_back(layer, X, order):
    """Moves the outputs of the permuted words back and compares them with the outputs."""
    before, after = layer(X), layer(X[order])
    if before.shape != after.shape or before.dim() != 2 or before.shape[0] != len(order):
        return False
    return (after[torch.argsort(order)] - before).abs().max().item() <= 1e-5


def is_equivariant__permutation_matrix(layer, X, order):
    """Multiplies by a permutation matrix on both sides, in NumPy."""
    permutation = torch.eye(len(X), dtype=X.dtype)[order]
    before, after = layer(X).detach().numpy(), layer(permutation @ X).detach().numpy()
    if before.ndim != 2 or len(before) != len(X) or after.shape != before.shape:
        return False
    return bool(np.allclose(permutation.numpy() @ before, after, rtol=0, atol=1e-5))


def is_equivariant__row_by_row(layer, X, order):
    """Looks at one word after the other and gives up at the first that did not move along."""
    before, after = layer(X), layer(X[order])
    if before.dim() != 2 or after.dim() != 2 or not len(before) == len(after) == len(X):
        return False
    for new, old in enumerate(order.tolist()):
        if any(abs(a - b) > 1e-5 for a, b in zip(after[new].tolist(), before[old].tolist(), strict=True)):
            return False
    return True


def is_equivariant__undo_with_a_matrix(layer, X, order):
    """Permutation matrix M: M^T layer(M X) must be layer(X); returns a np.bool_."""
    M = torch.eye(len(X), dtype=X.dtype)[order]
    plain, moved = layer(X.clone()), layer(M @ X)
    if plain.ndim != 2 or plain.shape[0] != len(X) or moved.shape != plain.shape:
        return np.bool_(False)
    back = M.T.to(moved.dtype) @ moved
    return np.abs(back.detach().numpy() - plain.detach().numpy()).max(initial=0.0) <= 1e-5


# ----------------------------------------------------------------------------- learned_rows
def learned_rows__check_then_index(table, positions):
    """Compares all positions with both ends, and indexes."""
    if ((positions < 0) | (positions >= len(table))).any():
        raise IndexError(f"positions go from 0 to {len(table) - 1}")
    return table[positions]


def learned_rows__embedding(table, positions):
    """Calls PyTorch's look-up, which raises IndexError by itself."""
    return F.embedding(positions, table)


def learned_rows__loop(table, positions):
    """Collects row by row."""
    rows = []
    for p in positions.tolist():
        if p < 0 or p >= len(table):
            raise IndexError(p)
        rows.append(table[p])
    return torch.stack(rows)


def learned_rows__numpy(table, positions):
    """Lets NumPy's take complain about what is too large, and looks for negative ones itself."""
    positions = positions.numpy()
    if (positions < 0).any():
        raise IndexError("a position is below 0")
    return np.take(table.numpy(), positions, axis=0)


def learned_rows__one_hot_after_a_check(table, positions):
    """Checks the smallest and the largest position, and multiplies by one-hot rows in float64."""
    if positions.min() < 0 or positions.max() >= table.shape[0]:
        raise IndexError("a position is not in the table")
    return F.one_hot(positions.long(), table.shape[0]).double() @ table.double()


def learned_rows__dictionary_of_rows(table, positions):
    """A dictionary of rows: a missing key becomes an IndexError."""
    rows = dict(enumerate(table))
    found = torch.empty(len(positions), table.shape[1], dtype=table.dtype)
    for i, p in enumerate(positions.tolist()):
        try:
            found[i] = rows[p]
        except KeyError:
            raise IndexError(f"position {p} is not in the table") from None
    return found


def learned_rows__comparison_table(table, positions):
    """Compares every position with every place, in NumPy; a row without a hit is a position that is not there."""
    T = np.asarray(table)
    hits = np.asarray(positions)[:, None] == np.arange(len(T))
    if not hits.any(axis=1).all():
        raise IndexError("not in the table")
    return T[hits.argmax(axis=1)]
