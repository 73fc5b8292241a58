"""The chapters of the course in order: the one place that knows their names, titles and minutes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    """One chapter; ``slug`` is the name of its notebook, of its exercises and of their solutions."""

    number: int
    slug: str
    title: str
    minutes: int


CHAPTERS = (
    Chapter(0, "00_start_here", "Start here", 20),
    Chapter(1, "01_vectors", "One word at a time: self-attention with vectors", 60),
    Chapter(2, "02_matrices", "All words at once: matrices", 60),
    Chapter(3, "03_scores_and_pooling", "Scoring and pooling", 60),
    Chapter(4, "04_multi_head", "Many heads", 60),
    Chapter(5, "05_what_heads_look_at", "What do heads look at?", 60),
    Chapter(6, "06_positions", "Where am I? Positional encoding", 60),
    Chapter(7, "07_cnn_rnn_attention", "CNN, RNN or attention?", 60),
    Chapter(8, "08_one_family", "One family: what CNN, RNN and GNN share with attention", 60),
    Chapter(9, "09_efficient_attention", "More: attention when n is large", 60),
    Chapter(10, "10_a_real_encoder", "A real encoder", 45),
)


def chapter(number):
    """Return the chapter with this number."""
    return next(one for one in CHAPTERS if one.number == number)
