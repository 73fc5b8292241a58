"""attnlib.encoder: blocks and stacks equal the loops and torch's layer; the maps are those that were used."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from attnlib import (
    Encoder,
    EncoderBlock,
    FeedForward,
    MultiHeadAttention,
    ShapeError,
    causal_mask,
    padding_mask,
    reference,
)
from attnlib.multihead import merge_heads, split_heads

every_norm = pytest.mark.parametrize("pre_norm", [True, False], ids=["pre", "post"])
every_hidden = pytest.mark.parametrize("d_hidden", [None, 29], ids=["attention only", "feed-forward"])
MASKS = ["none", "causal", "padding", "per head", "one a layer"]


def normals(seed, *shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def randomise(module, seed=0):
    """Give every parameter, gains and shifts too, numbers that do not depend on what ran before."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        numbers = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        parameter.data = (numbers / math.sqrt(parameter.shape[-1])).to(parameter.dtype)
    return module


def encoder(d_hidden=29, **options):
    """Two layers, three heads of five features, in float64."""
    return randomise(Encoder(2, 15, 3, d_hidden, **options).double()).eval()


def words(seed=1):
    return normals(seed, 2, 7, 15)


def masks(kind):
    one_word_less = torch.ones(7, 7, dtype=torch.bool)
    one_word_less[4, 1] = False
    per_head = (normals(3, 1, 3, 7, 7) > -0.5) | torch.eye(7, dtype=torch.bool)
    per_head[:, 1] = False  # head 1 is switched off
    return {
        "none": None,
        "causal": causal_mask(7),
        "padding": padding_mask(torch.tensor([5, 7]), 7),
        "per head": per_head,
        "one a layer": [None, one_word_less],
    }[kind]


def numpy_of(module):
    return {name: value.detach().numpy() for name, value in module.state_dict().items()}


def layer_norm_by_loops(x, gain, shift, eps):
    out = np.zeros_like(x)
    for place in np.ndindex(x.shape[:-1]):
        row = x[place]
        mean = sum(row) / len(row)
        variance = sum((number - mean) ** 2 for number in row) / len(row)
        out[place] = [
            g * (number - mean) / math.sqrt(variance + eps) + s for number, g, s in zip(row, gain, shift, strict=True)
        ]
    return out


def gelu(x):
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


# ------------------------------------------------------------------------------------------------- the definition


def test_feed_forward_is_two_matrices_with_a_bend_between():
    for activation, bend in (("gelu", gelu), ("relu", lambda x: max(x, 0.0))):
        module = randomise(FeedForward(5, 11, activation=activation).double())
        part = numpy_of(module)
        x = normals(1, 2, 7, 5)
        hidden = np.vectorize(bend)(x.numpy() @ part["W_in.weight"].T + part["W_in.bias"])
        expected = hidden @ part["W_out.weight"].T + part["W_out.bias"]
        np.testing.assert_allclose(module(x).detach().numpy(), expected, rtol=0, atol=1e-10)


def test_feed_forward_lets_no_word_see_another():
    module, x = randomise(FeedForward(5, 11).double()), normals(1, 2, 7, 5)
    changed = x.clone()
    changed[:, 3] += 1
    moved = (module(changed) - module(x)).abs().amax(dim=(0, 2)) > 0
    assert moved.tolist() == [place == 3 for place in range(7)]


@every_norm
@every_hidden
def test_a_block_equals_the_loops(pre_norm, d_hidden):
    block = randomise(EncoderBlock(15, 3, d_hidden, pre_norm=pre_norm, layer_norm_eps=0.1).double())
    part, x = numpy_of(block), words()

    def attend(z):
        given = {name: part[f"attention.W_{name}.weight"].T for name in "qkvo"}
        bias = {name: part[f"attention.W_{name}.bias"] for name in "qkvo"}
        q, k, v = (split_heads(torch.from_numpy(z @ given[n] + bias[n]), 3).numpy() for n in "qkv")
        heads = np.array([list(map(reference.attention, *sentence)) for sentence in zip(q, k, v, strict=True)])
        return merge_heads(torch.from_numpy(heads)).numpy() @ given["o"] + bias["o"]

    def think(z):
        hidden = np.vectorize(gelu)(z @ part["feed_forward.W_in.weight"].T + part["feed_forward.W_in.bias"])
        return hidden @ part["feed_forward.W_out.weight"].T + part["feed_forward.W_out.bias"]

    expected = x.numpy()
    for name, step in (("attention_norm", attend), ("feed_forward_norm", think))[: 1 if d_hidden is None else 2]:
        gain, shift = part[f"{name}.weight"], part[f"{name}.bias"]
        if pre_norm:
            expected = expected + step(layer_norm_by_loops(expected, gain, shift, 0.1))
        else:
            expected = layer_norm_by_loops(expected + step(expected), gain, shift, 0.1)
    np.testing.assert_allclose(block(x).detach().numpy(), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("activation", ["gelu", "relu"])
@pytest.mark.parametrize("eps", [1e-5, 1e-12])
@every_norm
def test_a_block_equals_the_layer_of_torch(pre_norm, eps, activation):
    options = {"layer_norm_eps": eps, "activation": activation}
    theirs = nn.TransformerEncoderLayer(15, 3, 29, 0.0, norm_first=pre_norm, batch_first=True, **options).double()
    theirs = randomise(theirs).eval()
    ours = EncoderBlock(15, 3, 29, pre_norm=pre_norm, **options).double()
    ours.attention = MultiHeadAttention.from_torch(theirs.self_attn)
    pairs = {"attention_norm": theirs.norm1, "feed_forward_norm": theirs.norm2}
    pairs |= {"feed_forward.W_in": theirs.linear1, "feed_forward.W_out": theirs.linear2}
    for name, module in pairs.items():
        ours.get_submodule(name).load_state_dict(module.state_dict())
    for mask in (None, causal_mask(7)):
        expected = theirs(words(), src_mask=None if mask is None else ~mask)
        torch.testing.assert_close(ours(words(), mask), expected, rtol=0, atol=1e-10)


@every_norm
@every_hidden
def test_an_encoder_is_its_blocks_one_after_the_other(pre_norm, d_hidden):
    module, x = encoder(d_hidden, pre_norm=pre_norm), words()
    expected = module.blocks[1](module.blocks[0](x))
    if pre_norm:
        expected = module.norm(expected)
    assert torch.equal(module(x), expected)
    assert (module.norm is not None) == pre_norm


# ------------------------------------------------------------------------------------------------ maps and masks


@pytest.mark.parametrize("kind", MASKS)
@every_norm
@every_hidden
def test_the_output_can_be_recomputed_from_the_attention_maps(kind, pre_norm, d_hidden):
    module, x, mask = encoder(d_hidden, pre_norm=pre_norm), words(), masks(kind)
    bias = normals(4, 3, 7, 7)
    maps = module.attention_maps(x, mask, bias=bias)
    assert [tuple(weights.shape) for weights in maps] == [(2, 3, 7, 7)] * 2
    y = x
    for block, weights in zip(module.blocks, maps, strict=True):
        seen = block.attention_norm(y) if pre_norm else y
        y = y + block.attention.W_o(merge_heads(weights @ split_heads(block.attention.W_v(seen), 3)))
        y = y if pre_norm else block.attention_norm(y)
        if d_hidden is not None and pre_norm:
            y = y + block.feed_forward(block.feed_forward_norm(y))
        elif d_hidden is not None:
            y = block.feed_forward_norm(y + block.feed_forward(y))
    y = module.norm(y) if pre_norm else y
    torch.testing.assert_close(module(x, mask, bias=bias), y, rtol=0, atol=1e-12)


def test_a_list_masks_each_layer_by_itself():
    module, x, cut = encoder(), words(), torch.ones(7, 7, dtype=torch.bool)
    cut[4, 1] = False
    plain, first, second = (module.attention_maps(x, mask) for mask in (None, [cut, None], [None, cut]))
    assert (first[0][:, :, 4, 1] == 0).all()
    assert (first[1][:, :, 4, 1] > 0).all()
    assert torch.equal(second[0], plain[0])
    assert (second[1][:, :, 4, 1] == 0).all()
    torch.testing.assert_close(module(x, [cut, cut]), module(x, cut), rtol=0, atol=0)


def test_a_head_that_may_look_nowhere_adds_nothing():
    module, x = encoder(None), words()
    off = torch.ones(3, 1, 1, dtype=torch.bool)
    off[2] = False
    off = off.expand(3, 7, 7)
    weights = module.attention_maps(x, [off, None])[0]
    assert (weights[:, 2] == 0).all()
    without = encoder(None)
    without.blocks[0].attention.W_o.weight.data[:, 10:] = 0
    torch.testing.assert_close(module(x, [off, None]), without(x), rtol=0, atol=1e-12)


def test_future_words_have_zero_gradient_through_all_layers():
    module, x = encoder(), words().requires_grad_()
    module(x, causal_mask(7))[:, 3].square().sum().backward()
    assert (x.grad[:, :4].abs().amax(dim=-1) > 0).all()
    assert (x.grad[:, 4:] == 0).all()


def test_padding_does_not_change_the_words():
    module, x = encoder(), words()
    other = x.clone()
    other[0, 5:] = normals(5, 2, 15)
    mask = masks("padding")
    torch.testing.assert_close(module(x, mask)[0, :5], module(other, mask)[0, :5], rtol=0, atol=0)


def test_without_positions_permuted_words_give_permuted_outputs():
    module, x, order = encoder(), words(), torch.tensor([3, 0, 6, 2, 5, 1, 4])
    torch.testing.assert_close(module(x[:, order]), module(x)[:, order], rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["function", "module"])
def test_positions_are_applied_to_the_embeddings_first(kind):
    shift = normals(6, 7, 15)

    class Positions(nn.Module):
        def forward(self, x):
            return x + shift

    with_positions = encoder(positions=Positions() if kind == "module" else lambda x: x + shift)
    assert torch.equal(with_positions(words()), encoder()(words() + shift))
    maps = zip(with_positions.attention_maps(words()), encoder().attention_maps(words() + shift), strict=True)
    assert all(torch.equal(one, other) for one, other in maps)


def test_a_bias_may_be_a_function_of_the_split_queries():
    bias, seen = normals(4, 3, 7, 7), []

    def function(queries):
        seen.append(tuple(queries.shape))
        return bias

    assert torch.equal(encoder()(words(), bias=function), encoder()(words(), bias=bias))
    assert seen == [(2, 3, 7, 5)] * 2


def test_rotate_reaches_every_layer():
    seen = []

    def rotate(split):
        seen.append(tuple(split.shape))
        return -split

    turned = encoder(rotate=rotate)
    torch.testing.assert_close(turned(words()), encoder()(words()), rtol=0, atol=1e-12)  # the signs cancel
    assert seen == [(2, 3, 7, 5)] * 4  # queries and keys


# --------------------------------------------------------------------------------------------- dropout, arguments


def test_dropout_works_in_training_alone():
    module, x = encoder(dropout=0.3), words()
    assert torch.equal(module(x), encoder()(x))
    module.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(module(x), module(x))
        sums = module.attention_maps(x)[0].sum(dim=-1)
    assert (sums - 1).abs().max() > 0.1


def test_arguments_are_not_changed_and_gradients_are_finite():
    module, x, mask = encoder(), words().requires_grad_(), masks("per head")
    mask[:, :, 2] = False  # one word may look nowhere
    before, mask_before = x.detach().clone(), mask.clone()
    module(x, mask).square().sum().backward()
    assert torch.equal(x.detach(), before)
    assert torch.equal(mask, mask_before)
    assert x.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())


def test_words_of_another_width_are_refused():
    with pytest.raises(ShapeError, match=r"d_model is 13 in x but 15 in gain"):
        encoder()(normals(1, 2, 7, 13))
    with pytest.raises(ShapeError, match=r"x has 2 axes, 3 expected"):
        encoder()(normals(1, 7, 15))
    with pytest.raises(TypeError, match=r"x .* has dtype torch.float32"):
        encoder()(normals(1, 2, 7, 15, dtype=torch.float32))


def test_a_list_of_masks_needs_one_a_layer():
    with pytest.raises(ShapeError, match="mask is a list of 3, but the encoder has 2 layers"):
        encoder()(words(), [None] * 3)
    with pytest.raises(ShapeError, match="mask is a list of 1, but the encoder has 2 layers"):
        encoder().attention_maps(words(), [None])


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match=re.escape("activation is 'swish', expected one of 'gelu', 'relu'.")):
        FeedForward(5, 11, activation="swish")


@pytest.mark.parametrize("sizes", [(0, 15, 3, None), (2, 15, 3, 0)])
def test_sizes_below_one_are_refused(sizes):
    with pytest.raises(ValueError, match="expected an integer of at least 1"):
        Encoder(*sizes)
