"""Right answers to the exercises of chapter 7, in as many styles as learners have.

A checker that turns one of these down is wrong itself. Every function is one answer. Its name is
`<exercise>__<style>`; it takes the exercise's parameters, and its docstring says how it is written.

To add an answer: it has to do what the exercise's docstring says for every input that may be handed
over (one word alone, a kernel of size 1, a word whose way leads back to itself), and it should be
written in a way that is not here yet.
Helpers start with an underscore, so that they are not taken for answers.
"""

import functools
import math
from collections import deque

import networkx as nx
import numpy as np
import torch


# ------------------------------------------------------------------------------ layer_flops
def layer_flops__formulas(kind, n, d, k):
    """Writes one formula for every kind."""
    if kind == "conv":
        return 2 * k * n * d**2
    if kind == "rnn":
        return 4 * n * d**2
    if kind == "gru":
        return 12 * n * d**2
    if kind == "lstm":
        return 16 * n * d**2
    return 8 * n * d**2 + 4 * n**2 * d


def layer_flops__matrix_products_listed(kind, n, d, k):
    """Lists the three sizes of all products and multiplies them."""
    square = (n, d, d)
    products = {
        "conv": [square] * k,
        "rnn": [square] * 2,
        "gru": [square] * 2 * 3,
        "lstm": [square] * 2 * 4,
        "attention": [square] * 4 + [(n, d, n), (n, n, d)],
    }
    return sum(2 * math.prod(sizes) for sizes in products[kind])


def layer_flops__step_by_step(kind, n, d, k):
    """Walks over the words and adds up what each of them costs."""
    matrix_times_vector = 2 * d * d
    flops = 0
    for _ in range(n):
        match kind:
            case "conv":
                flops += k * matrix_times_vector
            case "attention":
                flops += 4 * matrix_times_vector + 2 * (2 * n * d)
            case _:
                flops += {"rnn": 1, "gru": 3, "lstm": 4}[kind] * (matrix_times_vector + matrix_times_vector)
    return flops


def layer_flops__multiply_adds_doubled(kind, n, d, k):
    """Counts multiply-adds, and doubles them at the end."""
    matrices = {"conv": k, "rnn": 2, "gru": 6, "lstm": 8, "attention": 4}[kind]
    multiply_adds = matrices * n * d * d
    if kind == "attention":
        multiply_adds += 2 * n * n * d
    return 2 * multiply_adds


def layer_flops__calls_itself(kind, n, d, k):
    """Counts gated layers as multiples of the simple one by calling itself."""
    if kind in ("gru", "lstm"):
        return {"gru": 3, "lstm": 4}[kind] * layer_flops__calls_itself("rnn", n, d, k)
    if kind == "attention":
        return 4 * n * d * (2 * d + n)
    return 2 * n * d * d * (k if kind == "conv" else 2)


def layer_flops__tensor_without_axes(kind, n, d, k):
    """Goes over the words one at a time, and returns a torch tensor without axes."""
    one = torch.tensor(0)
    vector_times_matrix = 2 * d * d
    for _ in range(n):
        if kind == "conv":
            one = one + k * vector_times_matrix
        elif kind == "attention":
            one = one + 4 * vector_times_matrix + n * 2 * d + n * 2 * d
        else:
            gates = 1 if kind == "rnn" else 3 if kind == "gru" else 4
            one = one + gates * (vector_times_matrix + vector_times_matrix)
    return one


def layer_flops__polynomial(kind, n, d, k):
    """Writes everything as 2nd(a d + b n) with a small table, and returns a NumPy integer."""
    a, b = {"conv": (k, 0), "rnn": (2, 0), "gru": (6, 0), "lstm": (8, 0), "attention": (4, 2)}[kind]
    return np.int64(2 * n * d * (a * d + b * n))


# --------------------------------------------------------------------------- steps_in_a_row
def steps_in_a_row__formula(kind, n, num_layers):
    """Writes the length of the diagonal."""
    return n + num_layers - 1 if kind == "rnn" else num_layers


def steps_in_a_row__table_of_chains(kind, n, num_layers):
    """Fills a table with the longest chain up to every cell."""
    if kind != "rnn":
        return num_layers
    longest = np.zeros((num_layers + 1, n + 1), dtype=int)
    for layer in range(1, num_layers + 1):
        for i in range(1, n + 1):
            longest[layer, i] = 1 + max(longest[layer - 1, i], longest[layer, i - 1])
    return int(longest[-1, -1])


def steps_in_a_row__clock(kind, n, num_layers):
    """Runs a clock: at every tick all cells work whose inputs are there."""
    if kind in ("conv", "attention"):
        return num_layers
    done, ticks = set(), 0
    while len(done) < n * num_layers:
        ready = {
            (layer, i)
            for layer in range(num_layers)
            for i in range(n)
            if (layer == 0 or (layer - 1, i) in done) and (i == 0 or (layer, i - 1) in done)
        }
        done |= ready
        ticks += 1
    return ticks


def steps_in_a_row__diagonals(kind, n, num_layers):
    """Counts the diagonals of the table of cells, each of which works at once."""
    width = n if kind == "rnn" else 1
    return len({layer + i for layer in range(num_layers) for i in range(width)})


def steps_in_a_row__remembered_recursion(kind, n, num_layers):
    """Asks every cell for its own longest chain and remembers the answers."""

    @functools.cache
    def chain(layer, i):
        if layer == 0 or i == 0:
            return layer + i + 1
        return 1 + max(chain(layer - 1, i), chain(layer, i - 1))

    if kind == "rnn":
        for layer in range(num_layers):
            for i in range(n):
                chain(layer, i)
        return chain(num_layers - 1, n - 1)
    return num_layers


# ------------------------------------------------------------------------------ path_length
def path_length__queue(sees, start, end):
    """Keeps a queue of words and the layers they took."""
    seen, queue = set(), deque([(start, 0)])
    while queue:
        word, layers = queue.popleft()
        for output in torch.nonzero(sees[:, word]).flatten().tolist():
            if output == end:
                return layers + 1
            if output not in seen:
                seen.add(output)
                queue.append((output, layers + 1))
    return -1


def path_length__sets_layer_by_layer(sees, start, end):
    """Keeps the set of outputs that are new in a layer."""
    outputs_of = [{i for i in range(len(sees)) if sees[i, j]} for j in range(len(sees))]
    reached, new, layers = set(), {start}, 0
    while new:
        layers += 1
        new = set().union(*(outputs_of[j] for j in new)) - reached
        if end in new:
            return layers
        reached |= new
    return -1


def path_length__boolean_vector(sees, start, end):
    """Passes a row of Trues and Falses through n layers, with & and any."""
    depends = torch.zeros(len(sees), dtype=torch.bool)
    depends[start] = True
    for layers in range(1, len(sees) + 1):
        depends = (sees & depends).any(dim=1)
        if depends[end]:
            return layers
    return -1


def path_length__matrix_powers_in_numpy(sees, start, end):
    """Multiplies the table by itself and cuts every power back to 0 and 1."""
    table = sees.numpy().astype(int)
    power = table
    for layers in range(1, len(table) + 1):
        if power[end, start]:
            return layers
        power = np.minimum(power @ table, 1)
    return -1


def path_length__backwards_from_the_end(sees, start, end):
    """Walks back from the end, from an output to the inputs it sees."""
    needed, queue = {}, deque()
    for j in range(sees.shape[0]):
        if bool(sees[end, j]):
            needed[j] = 1
            queue.append(j)
    while queue:
        i = queue.popleft()
        for j, seen in enumerate(sees[i].tolist()):
            if seen and j not in needed:
                needed[j] = needed[i] + 1
                queue.append(j)
    return needed.get(start, -1)


def path_length__graph_library(sees, start, end):
    """Builds a graph with two copies of every word, and asks networkx for the shortest way."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(sees)))
    graph.add_node("start")
    for i, j in torch.nonzero(sees).tolist():
        graph.add_edge(j, i)
        if j == start:
            graph.add_edge("start", i)
    try:
        return nx.shortest_path_length(graph, "start", end)
    except nx.NetworkXNoPath:
        return -1


def path_length__backwards_recursion(sees, start, end):
    """Searches backwards from the end, by recursion, with bit masks for the sets."""
    rows = [sum(1 << j for j, link in enumerate(row) if link) for row in sees.tolist()]

    def go(places, seen, layers):
        before = 0
        for i, row in enumerate(rows):
            if places >> i & 1:
                before |= row
        if before >> start & 1:
            return layers
        new = before & ~seen
        return go(new, seen | new, layers + 1) if new else -1

    return go(1 << end, 0, 1)


# -------------------------------------------------------------------------------- crossover
def crossover__search(kind, d, k):
    """Tries one n after the other."""
    n = 1
    while True:
        attention = 2 * (4 * n * d**2 + 2 * n**2 * d)
        other = {"conv": 2 * k * n * d**2, "rnn": 4 * n * d**2, "gru": 12 * n * d**2, "lstm": 16 * n * d**2}[kind]
        if attention > other:
            return n
        n += 1


def crossover__closed_form(kind, d, k):
    """Solves for n: more than (matrices - 4) d / 2, and at least 1."""
    matrices = {"conv": k, "rnn": 2, "gru": 6, "lstm": 8}[kind]
    return max(1, (matrices - 4) * d // 2 + 1)


def crossover__one_line_a_kind(kind, d, k):
    """Keeps the four results."""
    if kind == "rnn":
        return 1
    if kind == "gru":
        return d + 1
    if kind == "lstm":
        return 2 * d + 1
    if k <= 4:
        return 1
    return math.floor((k - 4) * d / 2) + 1


def crossover__bisection(kind, d, k):
    """Finds an n that is large enough, and halves the interval; more words never turn the answer back."""
    per_word = {"conv": 2 * k * d * d, "rnn": 4 * d * d, "gru": 12 * d * d, "lstm": 16 * d * d}[kind]

    def costs_more(n):
        return 8 * n * d * d + 4 * n * n * d > n * per_word

    low, high = 0, 1
    while not costs_more(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if costs_more(middle) else (middle, high)
    return high


def crossover__numpy(kind, d, k):
    """Compares the costs of all n up to a bound at once, and takes the first that is True."""
    matrices = {"conv": k, "rnn": 2, "gru": 2 * 3, "lstm": 2 * 4}[kind]
    n = np.arange(1, d * matrices + 2, dtype=np.int64)
    attention = 2 * (4 * n * d**2 + 2 * n**2 * d)
    return int(n[np.argmax(attention > 2 * matrices * n * d**2)])


# -------------------------------------------------------------------------- receptive_field
def receptive_field__formula(kernel_size, dilations):
    """Writes the formula."""
    return 1 + (kernel_size - 1) * sum(dilations)


def receptive_field__loop(kernel_size, dilations):
    """Lets every layer add its part."""
    field = 1
    for dilation in dilations:
        field += (kernel_size - 1) * dilation
    return field


def receptive_field__first_and_last(kernel_size, dilations):
    """Follows the first and the last input back through the layers, and counts from one to the other."""
    first = last = 0
    for dilation in reversed(dilations):
        first -= dilation * ((kernel_size - 1) // 2)
        last += dilation * (kernel_size - 1 - (kernel_size - 1) // 2)
    return last - first + 1


def receptive_field__sum_with_a_start(kernel_size, dilations):
    """Adds up with 1 as the start of the sum."""
    return sum(((kernel_size - 1) * dilation for dilation in dilations), start=1)


def receptive_field__numpy(kernel_size, dilations):
    """Adds up in NumPy."""
    return int(1 + np.sum((kernel_size - 1) * np.asarray(dilations, dtype=np.int64)))


def receptive_field__recursion(kernel_size, dilations):
    """Takes the field of the layers below and widens it by the last layer."""
    if not dilations:
        return 1
    *below, last = dilations
    return receptive_field__recursion(kernel_size, below) + last * (kernel_size - 1)


def receptive_field__set_of_places(kernel_size, dilations):
    """Follows all taps back through the layers, and measures from the first to the last."""
    seen = {0}
    for dilation in reversed(list(dilations)):
        seen = {place - t * dilation for place in seen for t in range(kernel_size)}
    return max(seen) - min(seen) + 1
