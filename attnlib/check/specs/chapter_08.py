"""Chapter 8: graphs as masks. Heads that convolve are in ``chapter_08_tap`` and ``chapter_08_conv``."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_04_attention import as_set
from attnlib.check.specs.chapter_08_conv import CONV
from attnlib.check.specs.chapter_08_step import STEP
from attnlib.check.specs.chapter_08_tap import TAP
from attnlib.check.specs.common import SHARED, choose


def graph(faults, edges, num_nodes):
    """Make the mask of a graph, with the mistakes in ``faults``."""
    edges = _read(faults, edges)
    size = int(edges.max()) + 1 if "from_edges" in faults and len(edges) else num_nodes
    mask = torch.zeros(size, size, dtype=torch.long)
    for source, target in edges.tolist():
        if "towards_only" not in faults:
            mask[source, target] += 1
        if "away_only" not in faults:
            mask[target, source] += 1
    if "all_pairs" in faults:
        mask[edges[:, :1], edges[:, 1]] = 1
        mask[edges[:, 1:], edges[:, 0]] = 1
    if "whole_rows" in faults:
        mask[edges.flatten()] = 1
    if "no_edges" in faults:
        mask = mask * 0
    mask = _with_self(faults, mask, edges)
    if faults & {"through_transpose", "transpose_through"}:
        mask = mask.clone()
        mask[edges[:, 1], edges[:, 0]] = 0
        mask = mask @ mask.T if "through_transpose" in faults else mask.T @ mask
    if "two_steps" in faults:
        mask = mask @ mask
    return _as_mask(faults, mask)


def _read(faults, edges):
    ways = {
        "axis_swapped": lambda: torch.stack([edges[0], edges[1]], dim=1),
        "reshaped": lambda: edges.reshape(2, -1).T,
        "one_based": lambda: edges - 1,
        "last_missing": lambda: edges[:-1],
        "first_missing": lambda: edges[1:],
        "one_edge": lambda: edges[:1],
    }
    return choose(faults, ways, lambda: edges)


def _with_self(faults, mask, edges):
    eye = torch.eye(len(mask), dtype=torch.long)
    touched = torch.zeros(len(mask), dtype=torch.long)
    touched[edges.flatten()] = 1
    ways = {
        "no_self": lambda: mask,
        "self_if_linked": lambda: mask + eye * touched,
        "self_if_alone": lambda: mask + eye * (1 - touched),
        "self_cleared": lambda: mask * (1 - eye),
        "first_self": lambda: mask + eye * (torch.arange(len(mask)) == 0),
    }
    return choose(faults, ways, lambda: mask + eye)


def _as_mask(faults, mask):
    found = mask > 0
    ways = {
        "inverted": lambda: ~found,
        "not_boolean": lambda: found.float(),
        "minus_infinity": lambda: torch.zeros(mask.shape).masked_fill(~found, -torch.inf),
        "weights": lambda: found / found.sum(-1, keepdim=True),
        "everyone": lambda: torch.ones_like(found),
        "triangle": lambda: found.triu(),
        "lower": lambda: found.tril(),
        "whole_parts": lambda: torch.linalg.matrix_power(found.float(), len(found)) > 0,
        "exclusive": lambda: mask == 1,
        "laplacian": lambda: torch.diag(mask.sum(-1) - 1) - mask + torch.eye(len(mask)),
    }
    return choose(faults, ways, lambda: found)


def _graph_probe(label, edges, num_nodes):
    return Probe(label, {"edges": torch.tensor(edges, dtype=torch.long).reshape(-1, 2), "num_nodes": num_nodes})


GRAPH = Spec(
    name="mask_of_graph",
    chapter=8,
    minutes=8,
    difficulty=1,
    oracle=attnlib.graph_mask,
    variant=as_set(graph),
    faults={
        "inverted": SHARED["inverted"].replace("a query may", "a node may"),
        "towards_only": "The graph is undirected: an edge (a, b) lets a look at b, too. You set mask[b, a] alone.",
        "away_only": "The graph is undirected: an edge (a, b) lets b look at a, too. You set mask[a, b] alone.",
        "no_edges": "Each edge is given once, in one direction: it lets both nodes look (`or`, not `and`). In your mask no edge is left.",
        "through_transpose": "The table of an undirected graph is A | A.T: the product A @ A.T links nodes that look at the same node.",
        "transpose_through": "The table of an undirected graph is A | A.T: the product A.T @ A links nodes that are looked at by the same node.",
        "no_self": "A node may look at itself, too: the diagonal must be True.",
        "self_if_linked": "Every node may look at itself, also one without neighbours: set the whole diagonal.",
        "self_if_alone": "Every node may look at itself, not only those without neighbours: set the whole diagonal.",
        "first_self": "Every node may look at itself, not only node 0: set the whole diagonal.",
        "from_edges": "There are num_nodes nodes: one without an edge does not show in `edges`, but has its row and column too.",
        "all_pairs": "Set one entry for each edge: yours joins every node in the first column with every node in the second.",
        "whole_rows": "mask[edges] picks whole rows: give rows and columns apart, mask[edges[:, 0], edges[:, 1]].",
        "axis_swapped": "An edge is a row of `edges`, (num_edges, 2): its two nodes are edges[e, 0] and edges[e, 1]. You take rows for columns.",
        "reshaped": "`reshape` does not transpose: the first column of `edges` is edges[:, 0].",
        "one_based": "The nodes are numbered from 0: take nothing off.",
        "last_missing": "The last edge is left out: check where your loop or slice ends.",
        "first_missing": "The first edge is left out: check where your loop or slice begins.",
        "one_edge": "Only the first edge is there (is `return` inside the loop, or the mask made anew in each round?).",
        "not_boolean": "The pattern is right, but a mask holds True and False: compare with 0, or make the array with dtype=torch.bool.",
        "minus_infinity": "Return the mask itself, True where a node may look; the minus infinity comes in the attention.",
        "weights": "Return the mask itself, not shares of a row: the softmax makes the weights later.",
        "everyone": "A node may look at its neighbours and at itself only: your mask lets everyone look at everyone.",
        "triangle": "The graph is undirected: the mask has both halves, and yours only the upper one.",
        "lower": "The graph is undirected: the mask has both halves, and yours only the lower one.",
        "two_steps": "Neighbours only: the neighbours of neighbours are two layers away. Leave the product of the matrix with itself out.",
        "whole_parts": "Neighbours only: yours lets a node look at all nodes that it is linked to in any number of steps.",
        "laplacian": "That is the Laplacian of the graph: a mask holds True for neighbours and for the node itself, else False.",
    },
    unpaired=frozenset(
        {"whole_rows", "laplacian", "no_edges", "through_transpose", "transpose_through", "weights", "minus_infinity"}
        | {"whole_parts", "two_steps", "everyone", "lower", "triangle", "first_self", "one_edge"}
        | {"self_if_alone"}
    ),
    probes=(
        _graph_probe("seven nodes, one without neighbours", [[0, 3], [5, 1], [3, 5], [4, 0], [2, 4]], 7),
        _graph_probe("two edges", [[2, 0], [1, 3]], 5),
        _graph_probe("eleven nodes, the last two alone", [[1, 0], [2, 1], [8, 2], [4, 6], [3, 5], [7, 6], [3, 8]], 11),
        _graph_probe("a graph without edges", [], 3),
    ),
    hints=(
        "An edge joins two nodes. How many entries of the mask does it make True, and which entries are True without any edge?",
        "Start with a square of False. For each edge (a, b) set [a, b] and [b, a]. Set the diagonal.",
        "mask[edges[:, ____], edges[:, ____]] = True",
    ),
    follow_up="which graph gives the mask of full self-attention, and why can no undirected graph give the causal one?",
)


def reached(faults, mask, num_layers):
    """Tell which inputs an output can depend on, with the mistakes in ``faults``."""
    ways = {
        "reversed": lambda: mask.T,
        "both_ways": lambda: mask | mask.T,
        "self_added": lambda: mask | torch.eye(len(mask), dtype=torch.bool),
        "inverted": lambda: ~mask,
        "causal": lambda: mask.tril(),
    }
    mask = choose(faults, ways, lambda: mask)
    step = mask.double()
    powers = [torch.linalg.matrix_power(step, power) for power in range(2 * len(mask) + num_layers + 1)]
    layers = {
        "one_layer": lambda: powers[1],
        "one_more": lambda: powers[num_layers + 1],
        "one_less": lambda: powers[num_layers - 1],
        "any_number": lambda: sum(powers[1:]),
        "at_most": lambda: sum(powers[1 : num_layers + 1]),
        "doubled": lambda: torch.linalg.matrix_power((step > 0).double(), min(2**num_layers, 64)),
        "doubled_less": lambda: torch.linalg.matrix_power((step > 0).double(), min(2 ** (num_layers - 1), 64)),
        "two_layers": lambda: powers[2],
        "small_integers": lambda: _small(mask, num_layers),
        "band": lambda: _band(mask, num_layers),
        "with_transpose": lambda: _turned(step, num_layers),
        "new_only": lambda: powers[num_layers] * (sum(powers[1:num_layers], torch.zeros_like(step)) == 0),
        "all_of_them": lambda: _every_way(mask, num_layers),
    }
    count = choose(faults, layers, lambda: powers[num_layers])
    return _told(faults, count, mask)


def _small(mask, num_layers):
    """Count paths in 8 bits, where 256 are none."""
    found = mask.to(torch.uint8)
    for _ in range(num_layers - 1):
        found = found @ mask.to(torch.uint8)
    return found


def _band(mask, num_layers):
    places = torch.arange(len(mask))
    distances = (places - places[:, None]).abs()
    return (distances <= num_layers * (distances * mask).max()).double()


def _turned(step, num_layers):
    found = step
    for _ in range(num_layers - 1):
        found = found @ step.T
    return found


def _every_way(mask, num_layers):
    """Ask that all places in between are linked, not that some are."""
    found = mask
    for _ in range(num_layers - 1):
        found = (mask[:, :, None] & found[None]).any(1) & mask
    return found.double()


def _told(faults, count, mask):
    found = count > 0
    ways = {
        "counts": lambda: count,
        "not_boolean": lambda: found.double(),
        "shares": lambda: count / count.sum(-1, keepdim=True),
        "how_many": lambda: found.sum(-1),
        "last_only": lambda: found[-1],
        "opposite": lambda: ~found,
        "just_one": lambda: count == 1,
        "more_than_one": lambda: count > 1,
        "transposed": lambda: found.T,
    }
    return choose(faults, ways, lambda: found)


def _true_reach(mask, num_layers):
    found = [{i} for i in range(len(mask))]
    for _ in range(num_layers):
        found = [set().union(*(found[j] for j in range(len(mask)) if mask[i, j])) for i in range(len(mask))]
    return torch.tensor([[j in one for j in range(len(mask))] for one in found])


_generator = torch.Generator().manual_seed(808)


def _sparse(n, share, own):
    mask = torch.rand(n, n, generator=_generator) < share
    return mask | torch.eye(n, dtype=torch.bool) if own else mask & ~torch.eye(n, dtype=torch.bool)


def _reach_probe(label, mask, num_layers):
    return Probe(label, {"mask": mask, "num_layers": num_layers})


REACH = Spec(
    name="reach",
    chapter=8,
    minutes=12,
    difficulty=2,
    oracle=_true_reach,
    variant=reached,
    faults={
        "one_layer": "That is what one layer sees: each further layer looks on from there, so the number of layers must come in. (mask ** 2 works entry by entry: use @.)",
        "two_layers": "You always go two layers far: repeat the product num_layers - 1 times.",
        "one_more": "One layer too many: the mask itself is the first layer, so multiply by it num_layers - 1 times.",
        "one_less": "One layer too few: num_layers layers are num_layers factors.",
        "any_number": "Count the layers: your search goes on until nothing new comes, through more layers than there are.",
        "small_integers": "Whole numbers overflow: in 8 bits 256 paths count as none, in 64 bits 2 ** 64 of them. Compare with 0 after every layer, or count in floats.",
        "band": "Follow the mask you are given: it need not be a window of the same width around every place.",
        "at_most": "Exactly num_layers layers: what fewer layers reach counts only if a further layer keeps it. Do not collect over the layers.",
        "doubled": "Multiply by the mask itself each time: a product of the result with itself doubles the layers.",
        "doubled_less": "Multiply by the mask itself each time: `m = m @ m` doubles the number of layers in every round.",
        "with_transpose": "No transpose: reach over two layers is mask @ mask, over k of both sees.",
        "new_only": "Keep what was reached before if the layers lead there again: only the last layer counts, whatever came earlier.",
        "all_of_them": "Multiply by @, not entry by entry: one linked place in between is enough, and i need not see j itself.",
        "reversed": "Entry [i, j] says that output i depends on input j: yours is transposed, or follows the mask backwards.",
        "both_ways": "The mask has a direction: that i may look at j does not mean that j may look at i.",
        "self_added": "A place looks at itself only where the mask says so: add no diagonal, and do not keep what was reached before (nor the place itself).",
        "inverted": "The mask is used the wrong way round: True means that i may look at j.",
        "causal": "Nothing says that the future is hidden here: leave the triangle out.",
        "opposite": "The result is turned round: True where output i can depend on input j.",
        "counts": "Those are numbers of paths: one is enough, so return True where the number is above 0.",
        "not_boolean": "The pattern is right, but True and False are asked for: compare with 0.",
        "shares": "Return True and False, not shares: how strong the dependence is does not matter.",
        "how_many": "That is how many inputs each output reaches: return which ones, an (n, n) table.",
        "last_only": "Return the whole table, one row for every output, not that of the last one alone.",
        "just_one": "One path or many: compare the number of paths with `> 0`, not with `== 1`.",
        "more_than_one": "One path is enough: compare the number of paths with `> 0`, not with `> 1`.",
    },
    unpaired=frozenset(
        {"with_transpose", "small_integers", "band", "new_only", "all_of_them", "shares", "how_many"}
        | {"last_only", "just_one", "more_than_one", "doubled", "causal", "opposite"}
    ),
    probes=(
        _reach_probe("seven places that do not see themselves", _sparse(7, 0.22, False), 3),
        _reach_probe("each place sees itself and the one before", torch.ones(11, 11).tril().triu(-1).bool(), 4),
        _reach_probe("nine places, two layers", _sparse(9, 0.15, False), 2),
        _reach_probe("one layer", _sparse(5, 0.3, True), 1),
        _reach_probe("a ring and six layers", torch.eye(8).roll(1, 1).bool(), 6),
        _reach_probe("two places that see everything, 65 layers", torch.ones(2, 2).bool(), 65),
    ),
    hints=(
        "Output i looks at place m, and place m has looked at input j one layer below. What does that say about [i, j]?",
        "One layer is the mask. One layer more: True at [i, j] if some m has mask[i, m] and reached[m, j]: a matrix product, compared with 0.",
        "reached = (mask.float() @ reached.float()) > ____",
    ),
    follow_up="a window of radius 2 and 5 layers: how many inputs does an output in the middle depend on? Compare with receptive_field.",
)

SPECS = (TAP, CONV, STEP, GRAPH, REACH)
