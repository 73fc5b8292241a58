"""attnlib.convolution: attention does what a convolution does, borders included, and says what it refuses."""

import itertools

import pytest
import torch
from torch import nn

from attnlib import ShapeError, attention_weights, conv_as_attention

KINDS = {1: nn.Conv1d, 2: nn.Conv2d}


@pytest.fixture(autouse=True)
def kernels_are_the_same_every_time():
    torch.manual_seed(1)


def image(*shape, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def same(conv, x, **options):
    """The largest difference between a convolution and the attention made from it."""
    expected, found = conv(x), conv_as_attention(conv, **options)(x)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    return (found - expected).abs().max().item()


@pytest.mark.parametrize("mode", ["zeros", "replicate", "circular"])
@pytest.mark.parametrize("padding", [0, 1, 2, "same", "valid"])
@pytest.mark.parametrize("size", [1, 3, 5, 2])
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_conv1d_is_reproduced_with_every_border(size, padding, mode):
    for n in (11, 8, 5):
        conv = nn.Conv1d(3, 7, size, padding=padding, padding_mode=mode).double()
        assert same(conv, image(2, 3, n)) < 1e-12


@pytest.mark.parametrize("mode", ["zeros", "replicate", "circular"])
@pytest.mark.parametrize("padding", [0, (2, 1), "same"])
@pytest.mark.parametrize("size", [1, 3, 5, (3, 5), (5, 1)])
def test_conv2d_is_reproduced_with_every_border(size, padding, mode):
    conv = nn.Conv2d(3, 2, size, padding=padding, padding_mode=mode).double()
    assert same(conv, image(2, 3, 7, 11)) < 1e-12


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("options", [{"stride": 2}, {"dilation": 3}, {"stride": 3, "dilation": 2}, {"bias": False}])
def test_stride_dilation_and_a_missing_bias_are_reproduced(axes, options):
    conv = KINDS[axes](5, 2, 3, padding=1, **options).double()
    assert same(conv, image(2, 5, *(11, 8)[:axes])) < 1e-12


@pytest.mark.parametrize("axes", [1, 2])
def test_an_input_without_a_batch_is_taken_as_the_convolution_takes_it(axes):
    conv = KINDS[axes](3, 2, 3).double()
    assert same(conv, image(3, *(11, 8)[:axes])) < 1e-12


def test_float32_agrees_to_its_precision():
    assert same(nn.Conv2d(3, 2, 3, padding=1), image(2, 3, 7, 11, dtype=torch.float32)) < 1e-5


def test_whole_numbers_are_reproduced_bit_for_bit():
    conv = nn.Conv2d(3, 2, 3, padding=1)
    with torch.no_grad():
        for parameter in conv.parameters():
            parameter.mul_(20).round_()
    x = (5 * image(2, 3, 7, 5, dtype=torch.float32)).round()
    assert torch.equal(conv_as_attention(conv, sharpness=128)(x), conv(x))


def test_the_error_falls_as_the_exponential_of_the_sharpness():
    conv, x = nn.Conv2d(3, 2, 3, padding=1).double(), image(2, 3, 7, 11)
    errors = [same(conv, x, sharpness=sharpness) for sharpness in (8, 12, 16, 20)]
    for error, sharper in itertools.pairwise(errors):
        assert 0.7 < error / sharper / torch.e**4 < 1.4


def test_without_a_rim_zero_padding_would_be_wrong_at_the_border():
    zeros, clamped = (nn.Conv1d(3, 2, 3, padding=1, padding_mode=mode).double() for mode in ("zeros", "replicate"))
    clamped.load_state_dict(zeros.state_dict())
    x = image(2, 3, 7)
    difference = (conv_as_attention(clamped)(x) - zeros(x)).abs()
    assert difference[..., 1:-1].max() < 1e-12
    assert difference[..., [0, -1]].max() > 0.1


def test_there_is_one_head_for_each_offset_and_it_looks_there():
    layer = conv_as_attention(nn.Conv2d(3, 2, (3, 5), padding=(1, 2), padding_mode="replicate"))
    assert layer.attention.num_heads == 15
    assert layer.offsets.tolist() == [[row, column] for row in (-1, 0, 1) for column in (-2, -1, 0, 1, 2)]
    weights = layer.attention_weights(image(1, 3, 7, 11, dtype=torch.float32))
    assert weights.shape == (15, 77, 77)
    query = 3 * 11 + 4
    for (row, column), head in zip(layer.offsets.tolist(), weights, strict=True):
        assert head[query].argmax() == query + 11 * row + column
        assert head[query].max() > 1 - 1e-6


def test_the_weights_are_those_of_the_layer_inside():
    layer = conv_as_attention(nn.Conv1d(3, 2, 5, padding=2), sharpness=0.5)
    x = image(1, 3, 7, dtype=torch.float32)
    tokens = nn.functional.pad(x, (2, 2)).transpose(1, 2)
    positions = torch.arange(-2.0, 9.0)
    for offset, head in enumerate(layer.attention_weights(x), start=-2):
        scores = -0.5 * (positions - torch.arange(7.0)[:, None] - offset) ** 2
        nobody = torch.zeros(7, 1), torch.zeros(11, 1)
        assert torch.allclose(head, attention_weights(*nobody, bias=scores), atol=1e-6)
    inside = layer.attention.attention_weights(0 * tokens[:, 2:-2], tokens)
    assert torch.allclose(inside, torch.full_like(inside, 1 / 11))  # contents have no say


def test_the_convolution_is_copied_and_stays_as_it_was():
    conv, x = nn.Conv1d(3, 2, 3), image(1, 3, 7, dtype=torch.float32)
    before, layer = conv.weight.detach().clone(), conv_as_attention(conv)
    expected = layer(x)
    with torch.no_grad():
        layer.attention.W_o.weight.mul_(2)
    assert torch.equal(conv.weight, before)
    with torch.no_grad():
        conv.weight.zero_()
        layer.attention.W_o.weight.div_(2)
    assert torch.allclose(layer(x), expected)


@pytest.mark.parametrize(
    ("conv", "error", "words"),
    [
        (nn.Conv1d(4, 6, 3, groups=2), ValueError, "conv has groups=2, expected 1"),
        (nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), ValueError, "padding_mode='reflect', expected 'zeros'"),
        (nn.ConvTranspose1d(4, 6, 3), TypeError, "type ConvTranspose1d, expected an nn.Conv1d or an nn.Conv2d"),
        (nn.Conv3d(4, 6, 3), TypeError, "type Conv3d"),
        (nn.Linear(4, 6), TypeError, "type Linear"),
    ],
)
def test_what_cannot_be_written_so_is_refused(conv, error, words):
    with pytest.raises(error, match=words):
        conv_as_attention(conv)


@pytest.mark.parametrize("sharpness", [0, -3.0, float("nan")])
def test_a_sharpness_that_prefers_nothing_is_refused(sharpness):
    with pytest.raises(ValueError, match="expected a number above 0"):
        conv_as_attention(nn.Conv1d(3, 2, 3), sharpness=sharpness)


def test_an_input_that_does_not_fit_is_told():
    layer = conv_as_attention(nn.Conv2d(3, 2, 5))
    with pytest.raises(ShapeError) as caught:
        layer(torch.zeros(1, 4, 7, 8))
    assert str(caught.value) == (
        "x has shape (1, 4, 7, 8), expected (batch, channels, height, width) with 3 channels.\n"
        "The batch may be missing."
    )
    with pytest.raises(ShapeError, match="it is smaller than the kernel"):
        layer(torch.zeros(1, 3, 7, 4))
    with pytest.raises(ShapeError, match="expected"):
        layer(torch.zeros(7, 8))
    with pytest.raises(TypeError, match=r"dtype torch\.float64"):
        layer(torch.zeros(1, 3, 7, 8).double())
