"""Chapter 8: Zachary's karate club, a graph of 34 people, and a small model that guesses who went with whom.

Zachary (1977) wrote down which members met outside the club, and drew them as a graph. A quarrel between the instructor
(node 0) and the president (node 33) split the club; everybody went with one of the two. The graph comes with networkx.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from attnlib.masks import graph_mask
from attnlib.multihead import MultiHeadAttention
from attnlib.training import fit

LEADERS = [0, 33]
SIDES = ["Mr. Hi", "Officer"]


@dataclass
class Club:
    """The members of the club, their friendships, and with whom they went in the end.

    **Shapes** edges (78, 2), each friendship once; sides (34,), 0 = with the instructor, 1 = with the president;
    mask (34, 34), True = may look: friends and oneself
    """

    edges: torch.Tensor
    sides: torch.Tensor
    mask: torch.Tensor


def load_club():
    """Load the karate club.

    **Shapes** -> ``Club``

    **Example**

    >>> load_club().edges.shape
    torch.Size([78, 2])
    """
    import networkx  # only who wants the club pays for the package

    graph = networkx.karate_club_graph()
    edges = torch.tensor(list(graph.edges()))
    sides = torch.tensor([SIDES.index(graph.nodes[node]["club"]) for node in range(len(graph))])
    return Club(edges, sides, graph_mask(edges, len(graph)))


class GraphClassifier(nn.Module):
    """Classify the nodes of a graph by two layers of attention under the mask of its edges.

    All that a node knows at first is its own number, as a one-hot vector.

    **Shapes** mask (n, n), True = may look -> scores (n, 2)
    """

    def __init__(self, num_nodes, d_model=16, num_heads=4):
        super().__init__()
        self.register_buffer("numbers", torch.eye(num_nodes)[None])
        sizes = {"head_dim_qk": d_model // num_heads, "head_dim_v": d_model // num_heads}
        self.first = MultiHeadAttention(num_nodes, num_heads, d_out=d_model, **sizes)
        self.second = MultiHeadAttention(d_model, num_heads, d_out=len(SIDES))

    def forward(self, mask):
        hidden = F.elu(self.first(self.numbers, mask=mask))
        return self.second(hidden, mask=mask)[0]

    def attention_weights(self, mask):
        """Compute the weights of the heads of both layers: those that ``forward`` uses.

        **Shapes** mask (n, n) -> (2, num_heads, n, n)
        """
        hidden = F.elu(self.first(self.numbers, mask=mask))
        first = self.first.attention_weights(self.numbers, mask=mask)
        return torch.cat([first, self.second.attention_weights(hidden, mask=mask)])


def train_on_labels(model, mask, sides, labelled, generator, *, steps=200, progress=False):
    """Train a model to name the sides of the labelled nodes; it never sees the others'.

    **Shapes** mask (n, n), sides (n,), labelled: node numbers -> ``History``
    """

    def loss(model, generator):
        return F.cross_entropy(model(mask)[labelled], sides[labelled])

    return fit(model, loss, steps=steps, generator=generator, learning_rate=0.01, weight_decay=0.005, progress=progress)


def learn_sides(club, mask, seed):
    """Train a model on the two leaders alone; return it and the share of the other members that it names right.

    **Shapes** club: ``Club``; mask (34, 34), True = may look -> ``GraphClassifier``, a number
    """
    torch.manual_seed(seed)  # the start of the weights
    model, generator = GraphClassifier(len(mask)), torch.Generator().manual_seed(seed)
    train_on_labels(model, mask, club.sides, LEADERS, generator)
    return model, unlabelled_accuracy(model, mask, club.sides, LEADERS)


@torch.no_grad()
def edge_shares(model, club):
    """Measure how much weight the second layer gives to each friendship, compared with an even share.

    The weight is averaged over the heads and over both directions; 1 means: as if everybody looked at all friends,
    and at oneself, alike.

    **Shapes** club: ``Club`` -> (num_edges,)
    """
    weights = model.attention_weights(club.mask)[1].mean(dim=0)
    relative = weights * club.mask.sum(dim=1, keepdim=True)
    i, j = club.edges.T
    return (relative[i, j] + relative[j, i]) / 2


def lies_across(club):
    """Tell which friendships join members who went to different sides.

    **Shapes** club: ``Club`` -> (num_edges,) boolean
    """
    i, j = club.edges.T
    return club.sides[i] != club.sides[j]


@torch.no_grad()
def unlabelled_accuracy(model, mask, sides, labelled):
    """Measure the share of the nodes without a label whose side is named right.

    **Shapes** mask (n, n), sides (n,), labelled: node numbers -> a number
    """
    others = torch.ones(len(sides), dtype=torch.bool)
    others[labelled] = False
    return (model(mask).argmax(dim=-1) == sides)[others].double().mean().item()
