"""attnlib.memory: bytes of tensors, counted one operation at a time."""

import pytest
import torch

from attnlib import attention_weights, chunked_attention
from attnlib.memory import peak_memory


def test_what_is_dropped_no_longer_counts():
    x = torch.zeros(100, 50)
    assert peak_memory(lambda x: x + 1, x) == 20_000
    assert peak_memory(lambda x: ((x + 1) * 2 + 3) * 4, x) == 40_000  # two at a time
    assert peak_memory(lambda x: [x + 1, x + 2, x + 3], x) == 60_000


def test_inputs_views_and_changes_in_place_cost_nothing():
    x = torch.zeros(100, 50)
    assert peak_memory(lambda x: x.T.reshape(50, 100)[3:7].unsqueeze(0), x) == 0
    assert peak_memory(lambda x: (x + 1).mul_(2).add_(3), x) == 20_000


def test_types_have_their_sizes():
    x = torch.zeros(100, 50)
    assert peak_memory(lambda x: x.double(), x) == 40_000
    assert peak_memory(lambda x: x > 0, x) == 5_000


def test_a_backward_pass_is_counted():
    x = torch.ones(100, 50, requires_grad=True)
    forward = peak_memory(lambda x: x.exp().sum(), x)
    assert forward == 20_004
    assert peak_memory(lambda x: x.exp().sum().backward(), x) >= forward + 20_000


def doubled(function, n, *, backward):
    """How many times more memory twice as many words take."""

    def call(*inputs):
        output = function(*inputs)
        return output.sum().backward() if backward else output

    sizes = []
    for length in (n, 2 * n):
        inputs = [torch.randn(1, 2, length, 16, requires_grad=backward) for _ in range(3)]
        sizes.append(peak_memory(call, *inputs))
    return sizes[1] / sizes[0]


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "forward and backward"])
def test_attention_in_tiles_holds_memory_in_proportion_to_n(backward):
    assert doubled(lambda *x: attention_weights(*x[:2]) @ x[2], 512, backward=backward) > 3.9
    assert doubled(lambda *x: chunked_attention(*x, chunk_size=64), 1024, backward=backward) < 2.1
