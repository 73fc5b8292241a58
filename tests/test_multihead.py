"""attnlib.multihead: many heads equal the loops and torch's module, and refuse what cannot be."""

import copy
import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attnlib import (
    MultiHeadAttention,
    ShapeError,
    attention,
    causal_mask,
    count_flops,
    merge_heads,
    multihead,
    padding_mask,
    reference,
    split_heads,
)

ATOL = {torch.float32: 1e-6, torch.float64: 1e-8}
# batch 2, 7 queries, 11 keys, 3 heads; every width its own prime
GENERAL = {"d_query": 13, "d_key": 17, "d_value": 19, "head_dim_qk": 5, "head_dim_v": 23, "d_out": 29}
# what nn.MultiheadAttention can be: inputs d_model, kdim and vdim wide, with and without a bias
TORCH = {
    "one_width": {},
    "no_bias": {"bias": False},
    "kdim": {"kdim": 11},
    "kdim_and_vdim": {"kdim": 17, "vdim": 13},
    "kdim_and_vdim_no_bias": {"kdim": 17, "vdim": 13, "bias": False},
}
MASKS = ["none", "causal", "pairs", "per_head", "padding", "padding_and_pairs"]

every_dtype = pytest.mark.parametrize("dtype", ATOL, ids=["float32", "float64"])
every_torch = pytest.mark.parametrize("options", TORCH.values(), ids=TORCH)
every_mask = pytest.mark.parametrize("kind", MASKS)


def normals(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=generator, dtype=dtype)


def randomise(module, seed=0):
    """Give every parameter, the biases too, numbers that do not depend on what ran before."""
    normal = normals(seed)
    for parameter in module.parameters():
        numbers = normal(*parameter.shape) / math.sqrt(parameter.shape[-1])
        parameter.data = numbers.to(parameter.dtype)
    return module


def general(dtype=torch.float64, **changes):
    """A layer whose sizes all differ, d_model left unused."""
    return randomise(MultiHeadAttention(2, 3, **GENERAL | changes).to(dtype))


def inputs(d_query=13, d_key=17, d_value=19, dtype=torch.float64, seed=1):
    normal = normals(seed, dtype)
    return normal(2, 7, d_query), normal(2, 11, d_key), normal(2, 11, d_value)


def torch_pair(options, dtype=torch.float64, **more):
    """nn.MultiheadAttention, 3 heads 5 wide, and the layer made of it."""
    module = randomise(nn.MultiheadAttention(15, 3, batch_first=True, dtype=dtype, **options, **more))
    return module, MultiHeadAttention.from_torch(module)


def torch_inputs(options, dtype=torch.float64):
    return inputs(15, options.get("kdim", 15), options.get("vdim", 15), dtype)


def both_masks(kind):
    """The mask as we write it (True = may look) and as torch's module wants it (True = may not)."""
    pairs = normals(3)(7, 11) > -0.5
    per_head = normals(4)(3, 7, 11) > -0.5
    pairs[:, 2] = per_head[..., 2] = True
    padding = padding_mask(torch.tensor([4, 11]), 11)
    causal = causal_mask(7, 11)
    return {
        "none": (None, {}),
        "causal": (causal, {"attn_mask": ~causal}),
        "pairs": (pairs, {"attn_mask": ~pairs}),
        "per_head": (per_head, {"attn_mask": ~per_head.repeat(2, 1, 1)}),
        "padding": (padding, {"key_padding_mask": ~padding[:, 0, 0]}),
        "padding_and_pairs": (padding & pairs, {"key_padding_mask": ~padding[:, 0, 0], "attn_mask": ~pairs}),
    }[kind]


def close(actual, expected, atol=1e-12):
    assert actual.shape == expected.shape
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


def columns(linear, num_heads):
    """One matrix a head, (num_heads, d_in, d_head), as NumPy; a bias becomes a last row."""
    matrix = linear.weight.T if linear.bias is None else torch.cat([linear.weight.T, linear.bias[None]])
    return matrix.detach().unflatten(1, (num_heads, -1)).movedim(1, 0).numpy()


def by_loops(layer, queries, keys, values, mask=None):
    """attnlib.reference on every sentence; a column of ones in the inputs meets the bias."""
    with_bias = layer.W_q.bias is not None
    heads = [columns(linear, layer.num_heads) for linear in (layer.W_q, layer.W_k, layer.W_v)]
    outputs = []
    for sentence in zip(queries, keys, values, strict=True):
        three = [torch.cat([x, torch.ones(len(x), 1)], dim=1) if with_bias else x for x in sentence]
        three = [x.double().numpy() for x in three]
        mask = mask if mask is None else np.asarray(mask)
        outputs.append(reference.multi_head_attention(*three, *heads, layer.W_o.weight.detach().T.numpy(), mask))
    output = torch.from_numpy(np.stack(outputs))
    return output + layer.W_o.bias.detach() if with_bias else output


def gradients(output, *tensors, seed=5):
    return torch.autograd.grad((output * normals(seed, output.dtype)(*output.shape)).sum(), tensors)


# ------------------------------------------------------------------------------------------------ splitting and merging


def test_head_h_owns_the_hth_block_of_features():
    x = normals(0)(2, 7, 15)
    heads = split_heads(x, 3)
    assert heads.shape == (2, 3, 7, 5)
    for head in range(3):
        assert torch.equal(heads[:, head], x[..., 5 * head : 5 * (head + 1)])


def test_splitting_is_not_a_reshape():
    x = normals(0)(2, 7, 15)
    assert (split_heads(x, 3) != x.reshape(2, 3, 7, 5)).any()


def test_merging_puts_the_heads_side_by_side():
    heads = normals(0)(2, 3, 7, 5)
    assert torch.equal(merge_heads(heads), torch.cat(list(heads.unbind(1)), dim=-1))


@settings(max_examples=30)
@given(*(st.integers(1, 5) for _ in range(4)))
def test_merging_undoes_splitting(batch, n, num_heads, d_head):
    x = torch.arange(batch * n * num_heads * d_head).reshape(batch, n, -1)
    assert torch.equal(merge_heads(split_heads(x, num_heads)), x)


def test_splitting_copies_nothing():
    x = normals(0)(2, 7, 15)
    assert split_heads(x, 3).data_ptr() == x.data_ptr()


# ------------------------------------------------------------------------------------------------------ the definition


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("masked", [True, False], ids=["mask", "no_mask"])
def test_the_output_equals_the_loops_when_all_sizes_differ(bias, masked):
    layer, tensors = general(bias=bias), inputs()
    mask = both_masks("pairs")[0] if masked else None
    output = layer(*tensors, mask)
    assert output.shape == (2, 7, 29)
    close(output, by_loops(layer, *tensors, mask), atol=1e-10)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 5), min_size=7, max_size=7), st.integers(1, 4), st.booleans(), st.integers(0, 2**20))
def test_the_output_equals_the_loops_for_any_sizes(sizes, num_heads, bias, seed):
    d_query, d_key, d_value, head_dim_qk, head_dim_v, d_out, num_keys = sizes
    widths = {"d_query": d_query, "d_key": d_key, "d_value": d_value, "d_out": d_out}
    layer = MultiHeadAttention(1, num_heads, **widths, head_dim_qk=head_dim_qk, head_dim_v=head_dim_v, bias=bias)
    layer, normal = randomise(layer.double(), seed), normals(seed + 1)
    tensors = normal(2, 3, d_query), normal(2, num_keys, d_key), normal(2, num_keys, d_value)
    mask = normal(3, num_keys) > -0.5
    close(layer(*tensors, mask), by_loops(layer, *tensors, mask), atol=1e-10)


def test_the_heads_are_attentions_of_the_blocks_of_columns():
    layer, (queries, keys, values) = general(bias=False), inputs()
    W_q, W_k, W_v, W_o = (linear.weight.T for linear in (layer.W_q, layer.W_k, layer.W_v, layer.W_o))
    heads = []
    for head in range(3):
        qk, v = slice(5 * head, 5 * (head + 1)), slice(23 * head, 23 * (head + 1))
        heads.append(attention(queries @ W_q[:, qk], keys @ W_k[:, qk], values @ W_v[:, v]))
    close(layer(queries, keys, values), torch.cat(heads, dim=-1) @ W_o)


def test_the_weights_are_those_of_the_output():
    layer, (queries, keys, values) = general(), inputs()
    mask = both_masks("per_head")[0]
    weights = layer.attention_weights(queries, keys, mask)
    assert weights.shape == (2, 3, 7, 11)
    heads = weights @ split_heads(layer.W_v(values), 3)
    close(layer.W_o(merge_heads(heads)), layer(queries, keys, values, mask))


def test_keys_are_the_queries_and_values_are_the_keys_unless_given():
    layer = general(d_key=13, d_value=13)
    queries, memory, _ = inputs(13, 13, 13)
    close(layer(queries), layer(queries, queries, queries))
    close(layer(queries, memory), layer(queries, memory, memory))
    close(layer.attention_weights(queries), layer.attention_weights(queries, queries))
    assert (layer(queries, memory) - layer(queries)).abs().max() > 0.05


def test_sizes_that_are_not_given_follow_d_model():
    layer = MultiHeadAttention(15, 3)
    shapes = {name: tuple(parameter.shape) for name, parameter in layer.named_parameters()}
    weights = {f"W_{name}.weight": (15, 15) for name in "qkvo"}
    assert shapes == weights | {f"W_{name}.bias": (15,) for name in "qkvo"}
    assert layer(torch.zeros(2, 7, 15)).shape == (2, 7, 15)


def test_float32_is_near_the_loops():
    layer, tensors = general(torch.float32), inputs(dtype=torch.float32)
    output = layer(*tensors)
    assert output.dtype == torch.float32
    close(output.double(), by_loops(layer, *tensors), atol=1e-5)


# --------------------------------------------------------------------------------------------------- torch's own module


@every_torch
@every_mask
@every_dtype
def test_outputs_and_weights_equal_those_of_torch(options, kind, dtype):
    module, layer = torch_pair(options, dtype)
    tensors, (ours, theirs) = torch_inputs(options, dtype), both_masks(kind)
    output, weights = module(*tensors, **theirs, average_attn_weights=False)
    close(layer(*tensors, ours), output, ATOL[dtype])
    close(layer.attention_weights(*tensors[:2], ours), weights, ATOL[dtype])


@every_torch
@every_mask
@every_dtype
def test_gradients_equal_those_of_torch(options, kind, dtype):
    module, layer = torch_pair(options, dtype)
    tensors, (ours, theirs) = torch_inputs(options, dtype), both_masks(kind)
    results = []
    for call in (lambda *x: layer(*x, ours), lambda *x: module(*x, **theirs, need_weights=False)[0]):
        fresh = [x.clone().requires_grad_() for x in tensors]
        of_inputs = gradients(call(*fresh), *fresh)
        results.append(of_inputs)
    for one, other in zip(*results, strict=True):
        close(one, other, ATOL[dtype] * max(1, other.abs().max().item()))

    gradient = normals(6, dtype)(2, 7, 15)
    (layer(*tensors, ours) * gradient).sum().backward()
    (module(*tensors, **theirs)[0] * gradient).sum().backward()
    expected = multihead._state_from_torch(gradients_as_weights(module))
    # One bound for all: the gradient of the keys' bias is 0, so what is left of it is the rounding of the others.
    largest = max(one.abs().max().item() for one in expected.values())
    for name, parameter in layer.named_parameters():
        close(parameter.grad, expected[name].detach(), ATOL[dtype] * max(1, largest))


def gradients_as_weights(module):
    twin = copy.deepcopy(module)
    for parameter, original in zip(twin.parameters(), module.parameters(), strict=True):
        parameter.data = original.grad
    return twin


@pytest.mark.parametrize("grad", [True, False], ids=["grad", "no_grad"])
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_self_attention_equals_torch_in_both_modes(training, grad):
    module, layer = torch_pair({})
    module.train(training)
    layer.train(training)
    X = normals(7)(2, 7, 15)
    with torch.set_grad_enabled(grad):
        close(layer(X), module(X, X, X, need_weights=False)[0], atol=1e-10)


def test_the_mask_means_the_opposite_of_torchs():
    module, layer = torch_pair({})
    X, mask = normals(7)(2, 7, 15), causal_mask(7)
    expected = module(X, X, X, attn_mask=~mask)[0]
    close(layer(X, mask=mask), expected)
    assert (layer(X, mask=~mask | torch.eye(7, dtype=torch.bool)) - expected).abs().max() > 0.05


def test_batch_first_is_torchs_matter_alone():
    module, layer = torch_pair({})
    module.batch_first = False
    X = normals(7)(2, 7, 15)
    Y = X.transpose(0, 1)
    close(layer(X), module(Y, Y, Y)[0].transpose(0, 1))


@every_dtype
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_from_torch_keeps_dtype_mode_and_dropout(dtype, training):
    module = nn.MultiheadAttention(15, 3, dropout=0.25, dtype=dtype).train(training)
    layer = MultiHeadAttention.from_torch(module)
    assert {parameter.dtype for parameter in layer.parameters()} == {dtype}
    assert {part.training for part in layer.modules()} == {training}
    assert layer.dropout.p == 0.25


def test_from_torch_keeps_the_device():
    layer = MultiHeadAttention.from_torch(nn.MultiheadAttention(15, 3, device="meta"))
    assert {parameter.device.type for parameter in layer.parameters()} == {"meta"}


def test_from_torch_copies_the_weights():
    module, layer = torch_pair({})
    before = layer.W_q.weight.detach().clone()
    with torch.no_grad():
        module.in_proj_weight.zero_()
    assert torch.equal(layer.W_q.weight, before)
    assert layer.W_q.weight.requires_grad


@pytest.mark.parametrize("option", ["add_bias_kv", "add_zero_attn"])
def test_from_torch_refuses_keys_that_belong_to_no_token(option):
    with pytest.raises(ValueError, match=f"^module has {option}=True: a key that belongs to no token"):
        MultiHeadAttention.from_torch(nn.MultiheadAttention(15, 3, **{option: True}))


def test_from_torch_refuses_anything_else():
    with pytest.raises(TypeError, match=r"module is of type Linear, expected a torch\.nn\.MultiheadAttention"):
        MultiHeadAttention.from_torch(nn.Linear(15, 15))


# ------------------------------------------------------------------------------------------------ heads are independent


def only(head):
    """A mask that lets one head look."""
    return (torch.arange(3) == head)[:, None, None].expand(3, 7, 11)


@pytest.mark.parametrize("masked", [True, False], ids=["mask", "no_mask"])
def test_one_head_alone_plus_the_others_alone_is_the_whole(masked):
    layer, tensors = general(bias=False), inputs()
    mask = both_masks("pairs")[0] if masked else torch.ones(7, 11, dtype=torch.bool)
    whole = layer(*tensors, mask)
    for head in range(3):
        alone, others = layer(*tensors, mask & only(head)), layer(*tensors, mask & ~only(head))
        assert min(alone.abs().max(), others.abs().max()) > 0.1
        close(alone + others, whole)
    close(sum(layer(*tensors, mask & only(head)) for head in range(3)), whole)


def test_a_mask_per_head_reaches_its_head_alone():
    layer, tensors = general(), inputs()
    mask = both_masks("per_head")[0]
    weights = layer.attention_weights(*tensors[:2], mask)
    for head in range(3):
        close(weights[:, head], layer.attention_weights(*tensors[:2], mask[head])[:, head])
        assert (weights[:, head][:, ~mask[head]] == 0).all()


@pytest.mark.parametrize("shape", [(), (11,), (7, 11), (1, 7, 11), (3, 7, 1), (2, 1, 1, 11), (2, 3, 7, 11)])
def test_masks_broadcast_to_the_scores(shape):
    layer, tensors = general(), inputs()
    mask = normals(8)(*shape) > -0.8
    wide = mask.expand(2, 3, 7, 11)
    close(layer(*tensors, mask), layer(*tensors, wide))
    weights = layer.attention_weights(*tensors[:2], mask)
    assert (weights[~wide] == 0).all()
    assert (weights[wide] > 0).all()


def test_permuting_heads_with_their_blocks_of_w_o_changes_nothing():
    layer, tensors = general(), inputs()
    order = torch.tensor([2, 0, 1])
    permuted, state = copy.deepcopy(layer), layer.state_dict()
    for name in ("W_q", "W_k", "W_v"):
        for kind in ("weight", "bias"):
            state[f"{name}.{kind}"] = state[f"{name}.{kind}"].unflatten(0, (3, -1))[order].flatten(0, 1)
    permuted.load_state_dict(state)
    assert (permuted(*tensors) - layer(*tensors)).abs().max() > 0.1
    close(permuted.attention_weights(*tensors[:2]), layer.attention_weights(*tensors[:2])[:, order])
    state["W_o.weight"] = state["W_o.weight"].unflatten(1, (3, -1))[:, order].flatten(1, 2)
    permuted.load_state_dict(state)
    close(permuted(*tensors), layer(*tensors))


def test_sentences_of_a_batch_do_not_mix():
    layer, tensors = general(), inputs()
    close(layer(*tensors)[1:], layer(*(x[1:] for x in tensors)))


@pytest.mark.parametrize("bias", [True, False])
def test_the_number_of_parameters_does_not_depend_on_the_heads(bias):
    counts = {
        num_heads: sum(p.numel() for p in MultiHeadAttention(24, num_heads, bias=bias).parameters())
        for num_heads in (1, 2, 3, 8, 24)
    }
    assert set(counts.values()) == {4 * 24 * 24 + bias * 4 * 24}


def test_flops_are_those_of_the_formula():
    # the projections of 7 queries and of 11 keys and values, W_o, then scores and weighted sums in 3 heads
    projections = 7 * 13 * 15 + 11 * 17 * 15 + 11 * 19 * 69 + 7 * 69 * 29
    in_heads = 3 * 7 * 11 * (5 + 23)
    layer, tensors = general(), inputs()
    assert count_flops(layer, *tensors) == 2 * 2 * (projections + in_heads)
    assert count_flops(lambda: layer.attention_weights(*tensors[:2])) == (
        2 * 2 * (7 * 13 * 15 + 11 * 17 * 15 + 3 * 7 * 11 * 5)
    )


@pytest.mark.parametrize("num_heads", [1, 2, 3, 4, 6, 12])
def test_flops_do_not_depend_on_the_heads(num_heads):
    X = normals(0, torch.float32)(1, 7, 12)
    assert count_flops(MultiHeadAttention(12, num_heads), X) == 8 * 7 * 12**2 + 4 * 7**2 * 12


def test_new_layers_start_with_scores_of_order_one_and_no_bias():
    torch.manual_seed(0)
    layer = MultiHeadAttention(64, 2)
    assert all((linear.bias == 0).all() for linear in (layer.W_q, layer.W_k, layer.W_v, layer.W_o))
    X = normals(9, torch.float32)(2, 97, 64)
    scores = layer.attention_weights(X).log()
    assert 0.5 < scores.std(-1).mean() < 1.5
    weights = layer.attention_weights(X)
    assert (weights[:, 0] - weights[:, 1]).abs().max() > 0.01


# ------------------------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("position", range(7))
def test_future_tokens_have_zero_gradient(position):
    layer = general(d_key=13, d_value=13)
    X = normals(10)(2, 7, 13).requires_grad_()
    (gradient,) = gradients(layer(X, mask=causal_mask(7))[:, position], X)
    assert (gradient[:, position + 1 :] == 0).all()
    assert (gradient[:, : position + 1] != 0).all()


def test_padding_has_no_influence():
    layer, (queries, keys, values) = general(), inputs()
    mask = padding_mask(torch.tensor([4, 9]), 11)
    changed = [torch.where(mask[:, 0, 0, :, None], x, 1e3) for x in (keys, values)]
    assert torch.equal(layer(queries, *changed, mask), layer(queries, keys, values, mask))


@every_dtype
def test_a_query_that_may_look_nowhere_gets_the_last_bias_alone(dtype):
    layer, tensors = general(dtype), inputs(dtype=dtype)
    mask = torch.ones(7, 11, dtype=torch.bool)
    mask[[0, 4]] = False
    tensors = [x.requires_grad_() for x in tensors]
    output = layer(*tensors, mask)
    close(output[:, [0, 4]], layer.W_o.bias.expand(2, 2, 29), atol=0)
    assert (layer.attention_weights(*tensors[:2], mask)[:, :, [0, 4]] == 0).all()
    of_queries, *others = gradients(output, *tensors, *layer.parameters())
    assert (of_queries[:, [0, 4]] == 0).all()
    for gradient in (of_queries, *others):
        assert gradient.isfinite().all()
        assert (gradient != 0).any()


def test_a_head_that_may_look_nowhere_adds_nothing():
    layer, tensors = general(), inputs()
    weight = layer.W_o.weight.detach().clone()
    masked = layer(*tensors, ~only(1))
    layer.W_o.weight.data[:, 23:46] = 0
    close(masked, layer(*tensors))
    assert (layer.W_o.weight != weight).any()


# ----------------------------------------------------------------------------------------------------- bias and rotate


def test_a_bias_is_added_to_the_scaled_scores():
    layer, tensors = general(), inputs()
    bias = normals(11)(3, 7, 11)
    scores = layer.attention_weights(*tensors[:2]).log() + bias
    close(layer.attention_weights(*tensors[:2], bias=bias), scores.softmax(-1))
    mask = both_masks("pairs")[0]
    close(layer(*tensors, mask, bias=bias), layer(*tensors, bias=bias.masked_fill(~mask, -math.inf)))
    assert (layer(*tensors, bias=bias) - layer(*tensors)).abs().max() > 0.1


def test_a_bias_can_depend_on_the_split_queries():
    layer, tensors = general(), inputs()
    offsets = normals(12)(5, 11)
    seen = []

    def bias(queries):
        seen.append(queries)
        return queries @ offsets

    split = split_heads(layer.W_q(tensors[0]), 3)
    expected = layer(*tensors, bias=split @ offsets)
    close(layer(*tensors, bias=bias), expected)
    close(layer.attention_weights(*tensors[:2], bias=bias), layer.attention_weights(*tensors[:2], bias=split @ offsets))
    assert [tuple(x.shape) for x in seen] == [(2, 3, 7, 5)] * 2
    close(seen[0], split)


def turn(x):
    """Rotate the first two features by an angle that grows with the position."""
    angle = torch.arange(x.shape[-2], dtype=x.dtype)
    first, second, *rest = x.unbind(-1)
    turned = [angle.cos() * first - angle.sin() * second, angle.sin() * first + angle.cos() * second]
    return torch.stack([*turned, *rest], dim=-1)


def test_rotate_is_applied_to_the_split_queries_and_keys_alone():
    layer, tensors = general(), inputs()
    rotated = MultiHeadAttention(2, 3, **GENERAL, rotate=turn).double()
    rotated.load_state_dict(layer.state_dict())
    queries, keys, values = (
        split_heads(linear(x), 3) for linear, x in zip((layer.W_q, layer.W_k, layer.W_v), tensors, strict=True)
    )
    expected = layer.W_o(merge_heads(attention(turn(queries), turn(keys), values)))
    close(rotated(*tensors), expected)
    assert (layer(*tensors) - expected).abs().max() > 0.05
    close(rotated.attention_weights(*tensors[:2]) @ values, attention(turn(queries), turn(keys), values))


# ------------------------------------------------------------------------------------------------------------ dropout


def dropped(p=0.25):
    layer = general(dropout=p)
    return layer.train(), general().eval()


def test_dropout_sets_weights_to_zero_and_lets_the_others_grow():
    layer, whole = dropped()
    tensors = inputs()
    torch.manual_seed(0)
    weights, expected = layer.attention_weights(*tensors[:2]), whole.attention_weights(*tensors[:2])
    kept = weights != 0
    assert 0.1 < 1 - kept.double().mean() < 0.4
    close(weights, torch.where(kept, expected / 0.75, 0.0))
    assert (weights.sum(-1) - 1).abs().max() > 0.1


def test_the_dropped_weights_are_those_of_the_output():
    layer, _ = dropped()
    queries, keys, values = inputs()
    torch.manual_seed(0)
    weights = layer.attention_weights(queries, keys)
    torch.manual_seed(0)
    output = layer(queries, keys, values)
    close(output, layer.W_o(merge_heads(weights @ split_heads(layer.W_v(values), 3))))


def test_the_mean_over_many_dropouts_is_the_output_without():
    layer, whole = dropped()
    tensors = inputs()
    torch.manual_seed(0)
    many = [torch.cat([x[:1]] * 2003) for x in tensors]
    close(layer(*many).mean(0, keepdim=True), whole(*(x[:1] for x in tensors)), atol=0.15)
    assert layer(*many).std(0).max() > 0.15


def test_evaluation_drops_nothing():
    layer, whole = dropped()
    tensors = inputs()
    assert torch.equal(layer.eval()(*tensors), whole(*tensors))
    assert torch.equal(layer.attention_weights(*tensors[:2]), whole.attention_weights(*tensors[:2]))


def test_a_masked_key_stays_masked_under_dropout():
    layer, _ = dropped()
    tensors, mask = inputs(), both_masks("pairs")[0]
    assert (layer.attention_weights(*tensors[:2], mask)[:, :, ~mask] == 0).all()
    empty = layer(*tensors, torch.zeros(7, 11, dtype=torch.bool))
    close(empty, layer.W_o.bias.expand(2, 7, 29), atol=0)


@pytest.mark.parametrize("p", [-0.1, 1.5])
def test_a_dropout_that_is_no_share_is_refused(p):
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1"):
        MultiHeadAttention(15, 3, dropout=p)


# ---------------------------------------------------------------------------------------------- arguments and the rest


def test_a_layer_comes_back_from_its_state():
    layer, tensors = general(), inputs()
    other = randomise(MultiHeadAttention(2, 3, **GENERAL).double(), seed=99)
    assert (other(*tensors) - layer(*tensors)).abs().max() > 0.1
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(*tensors), layer(*tensors))
    assert set(layer.state_dict()) == {f"W_{name}.{kind}" for name in "qkvo" for kind in ("weight", "bias")}


def test_no_argument_is_changed():
    layer, normal = general(), normals(13)
    arguments = dict(zip(("queries", "keys", "values"), inputs(), strict=True))
    arguments |= {"mask": normal(7, 11) > 0, "bias": normal(3, 1, 11)}
    before = {name: x.clone() for name, x in arguments.items()}
    layer(**arguments).sum().backward()
    for name, x in arguments.items():
        assert torch.equal(x, before[name]), name
        assert x._version == 0, name


def test_gradients_equal_finite_differences():
    sizes = {"d_query": 2, "d_key": 3, "d_value": 1, "head_dim_qk": 1, "head_dim_v": 2, "d_out": 3}
    layer, normal = randomise(MultiHeadAttention(2, 2, **sizes).double()), normals(14)
    tensors = [x.requires_grad_() for x in (normal(1, 2, 2), normal(1, 3, 3), normal(1, 3, 1), normal(2, 2, 3))]
    mask = torch.tensor([[True, False, True], [False, False, False]])
    torch.autograd.gradcheck(lambda q, k, v, bias: layer(q, k, v, mask, bias=bias), tensors)


def test_half_of_the_precision_is_enough_to_run():
    layer, tensors = general(torch.float32), inputs(dtype=torch.float32)
    exact = layer(*tensors)
    with torch.autocast("cpu", torch.bfloat16):
        close(layer(*tensors).float(), exact, atol=0.05)
    halved = copy.deepcopy(layer).bfloat16()(*(x.bfloat16() for x in tensors))
    assert halved.dtype == torch.bfloat16
    close(halved.float(), exact, atol=0.05)


# ------------------------------------------------------------------------------------------------------------- errors

GOOD = dict(zip(("queries", "keys", "values"), inputs(), strict=True))
ALLOWED = torch.ones(7, 11, dtype=torch.bool)
WANTED = "broadcasts to (2, 3, 7, 11)"
# what is wrong: (the arguments in question, the error, what its text says)
WRONG = {
    "queries_too_narrow": (
        {"queries": GOOD["queries"][..., :11]},
        ShapeError,
        ["d_query is 11 in queries but 13 in W_q.", "(2, 7, 11)", "(batch, num_queries, d_query)", "projects queries"],
    ),
    "keys_too_narrow": (
        {"keys": GOOD["keys"][..., :13]},
        ShapeError,
        ["d_key is 13 in keys but 17 in W_k.", "(2, 11, 13)", "(batch, num_keys, d_key)", "projects keys"],
    ),
    "keys_forgotten": (
        {"keys": None, "values": None},
        ShapeError,
        ["d_key is 13 in keys but 17 in W_k.", "Keys that are not given are the queries."],
    ),
    "values_forgotten": (
        {"values": None},
        ShapeError,
        ["d_value is 17 in values but 19 in W_v.", "Values that are not given are the keys."],
    ),
    "fewer_values_than_keys": (
        {"values": GOOD["values"][:, :5]},
        ShapeError,
        ["num_keys is 5 in values but 11 in keys.", "(2, 5, 19)", "(2, 11, 17)", "as many values as keys"],
    ),
    "one_sentence_of_keys": (
        {"keys": GOOD["keys"][:1]},
        ShapeError,
        ["batch is 1 in keys but 2 in queries.", "Sentence b of the queries looks at sentence b"],
    ),
    "no_batch": (
        {"queries": GOOD["queries"][0]},
        ShapeError,
        ["queries has 2 axes, 3 expected.", "(7, 13)", "(batch, num_queries, d_query)"],
    ),
    "no_keys": (
        {"keys": GOOD["keys"][:, :0], "values": GOOD["values"][:, :0]},
        ShapeError,
        ["keys is empty.", "(2, 0, 17)"],
    ),
    "another_dtype": (
        {"queries": GOOD["queries"].float()},
        TypeError,
        ["queries (2, 7, 13) has dtype torch.float32 but W_q (15, 13) has dtype torch.float64"],
    ),
    "mask_in_place_of_keys": (
        {"keys": ALLOWED},
        TypeError,
        ["keys has dtype torch.bool and shape (7, 11), expected a floating-point tensor"],
    ),
    "mask_of_zeros_and_ones": (
        {"mask": ALLOWED.double()},
        TypeError,
        ["mask has dtype torch.float64", "expected a torch.bool tensor", WANTED, "bias="],
    ),
    "mask_as_a_list": ({"mask": ALLOWED.tolist()}, TypeError, ["mask is of type list", WANTED]),
    "mask_of_another_shape": (
        {"mask": ALLOWED[:, :5]},
        ShapeError,
        ["mask does not fit the scores.", "(7, 5)", WANTED],
    ),
    "mask_a_sentence": (
        {"mask": ALLOWED.expand(2, 7, 11)},
        ShapeError,
        [
            "mask does not fit the scores.",
            "(2, 7, 11)",
            WANTED,
            "(num_heads or 1, num_queries, num_keys)",
            "mask[:, None].",
        ],
    ),
    "mask_of_padding": (
        {"mask": ALLOWED[:2]},
        ShapeError,
        ["mask does not fit the scores.", "(2, 11)", WANTED, "A mask of padding", "mask[:, None, None]."],
    ),
    "mask_that_widens": (
        {"mask": ALLOWED.expand(5, 2, 3, 7, 11)},
        ShapeError,
        ["mask does not fit the scores.", "(5, 2, 3, 7, 11)", WANTED],
    ),
    "bias_of_another_shape": (
        {"bias": GOOD["keys"][:, :7, :11]},
        ShapeError,
        ["bias does not fit the scores.", "(2, 7, 11)", WANTED],
    ),
}


def raises(error, pieces):
    """Expect this error, with all the pieces in its text."""
    return pytest.raises(error, match="(?s)" + "".join(f"(?=.*{re.escape(piece)})" for piece in pieces))


@pytest.mark.parametrize("wrong", WRONG)
def test_the_layer_tells_what_is_wrong(wrong):
    change, error, pieces = WRONG[wrong]
    with raises(error, pieces) as caught:
        general()(**GOOD | change)
    assert caught.type is error


@pytest.mark.parametrize("wrong", [name for name, (change, *_) in WRONG.items() if "values" not in change])
def test_attention_weights_tell_what_is_wrong(wrong):
    change, error, pieces = WRONG[wrong]
    arguments = GOOD | change
    del arguments["values"]
    with raises(error, pieces) as caught:
        general().attention_weights(**arguments)
    assert caught.type is error


def test_the_two_sizes_that_must_be_equal_are_named_with_the_reason():
    layer = general()
    layer.W_k = nn.Linear(17, 3 * 2).double()
    with pytest.raises(ShapeError) as caught:
        layer(**GOOD)
    first, *_, last = str(caught.value).splitlines()
    assert first == "num_heads * head_dim_qk is 6 in W_k but 15 in W_q."
    assert last == (
        "A head's score is the dot product of its query and its key, so both need the same head_dim_qk;"
        " head_dim_v may be another."
    )


def test_heads_that_do_not_divide_d_model_are_refused_with_the_ways_out():
    with pytest.raises(ShapeError) as caught:
        MultiHeadAttention(10, 3)
    assert str(caught.value) == (
        "d_model is 10, which num_heads = 3 does not divide.\n"
        "Every head gets d_model / num_heads features. With 3 heads, d_model could be 9 or 12; with\n"
        "d_model = 10, num_heads could be one of 1, 2, 5, 10. Or give both head_dim_qk and head_dim_v."
    )
    with pytest.raises(ShapeError, match="With 7 heads, d_model could be 7;"):
        MultiHeadAttention(5, 7)
    for only_one in ({"head_dim_v": 4}, {"head_dim_qk": 2}):
        with pytest.raises(ShapeError, match="d_model is 10"):
            MultiHeadAttention(10, 3, **only_one)
    assert MultiHeadAttention(10, 3, head_dim_qk=2, head_dim_v=4)(torch.zeros(2, 7, 10)).shape == (2, 7, 10)


@pytest.mark.parametrize("name", ["d_model", "num_heads", *GENERAL])
def test_a_size_below_one_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"^{name} is 0, expected an integer of at least 1"):
        MultiHeadAttention(**{"d_model": 15, "num_heads": 3} | GENERAL | {name: 0})
    with pytest.raises(TypeError, match=rf"^{name} is 2\.5, expected an integer"):
        MultiHeadAttention(**{"d_model": 15, "num_heads": 3} | GENERAL | {name: 2.5})


def test_splitting_tells_what_does_not_fit():
    with pytest.raises(ShapeError) as caught:
        split_heads(torch.zeros(2, 7, 15), 4)
    assert str(caught.value) == (
        "num_heads = 4 does not divide the last axis of x, 15.\n"
        "  x         (2, 7, 15)        expected (batch, n, num_heads * d_head)\n"
        "Every head gets the same number of features."
    )
    with pytest.raises(ShapeError, match=r"x has 2 axes, 3 expected"):
        split_heads(torch.zeros(7, 15), 3)
    with pytest.raises(ValueError, match="num_heads is 0"):
        split_heads(torch.zeros(2, 7, 15), 0)
    with pytest.raises(ShapeError, match=r"heads has 3 axes, 4 expected"):
        merge_heads(torch.zeros(2, 7, 15))


def documented(function):
    section = function.__doc__.split("**Shapes**")[1].split("**Promises**")[0].split("**Raises**")[0]
    return dict(re.findall(r"^\s+(\w+)\s+(\(batch, [^)]*\))(?:, the .* unless given)?$", section, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (split_heads, {"x", "heads"}),
        (merge_heads, {"x", "heads"}),
        (MultiHeadAttention.forward, {"queries", "keys", "values", "output"}),
        (MultiHeadAttention.attention_weights, {"queries", "keys", "weights"}),
    ],
)
def test_docstrings_promise_the_patterns_that_are_checked(function, names):
    assert documented(function) == {name: multihead.SHAPES[name] for name in names}
