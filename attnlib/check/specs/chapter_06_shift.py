"""Chapter 6: the matrix that moves positions, on torch tensors."""

import torch

import attnlib
from attnlib.check.spec import Probe, Spec
from attnlib.check.specs.chapter_06_frequencies import angles, exponents, frequencies_of
from attnlib.check.specs.common import choose


def shift_by(faults, offset, d_model):
    """Build the matrix that moves positions on, with the mistakes in ``faults``."""
    steps = choose(
        faults, {"absolute": lambda: abs(offset), "one_step": lambda: 1, "times_offset": lambda: 1}, lambda: offset
    )
    exponent = exponents(faults, d_model)
    upper, lower = (
        angles(faults, torch.tensor(steps), exponent + more / d_model) for more in (0, "rows_differ" in faults)
    )
    blocks = torch.stack([torch.stack(row) for row in _block(faults, upper, lower)]).float()
    if "not_assembled" in faults:
        return blocks.permute(2, 0, 1)
    matrix = _assembled(faults, blocks, d_model)
    if "no_negative" in faults and offset < 0:
        return torch.eye(d_model)
    if "features_moved" in faults:
        return torch.eye(d_model).roll(offset, 0)
    if "position_on_diagonal" in faults:
        matrix = torch.stack([blocks[0, 1], blocks[0, 0]], dim=1).flatten().diag()
    matrix = matrix.trunc() if "truncated" in faults else matrix
    matrix = offset * matrix if "times_offset" in faults else matrix
    return matrix + torch.eye(d_model) if "on_identity" in faults else matrix


def _block(faults, upper, lower):
    c, s, none = upper.cos(), upper.sin(), torch.zeros_like(upper)
    cl, sl = lower.cos(), lower.sin()
    forms = {
        "turned": lambda: ((c, -s), (sl, cl)),
        "both_plus": lambda: ((c, s), (sl, cl)),
        "both_minus": lambda: ((c, -s), (-sl, cl)),
        "swapped": lambda: ((s, c), (-cl, sl)),
        "swapped_turned": lambda: ((s, -c), (cl, sl)),
        "reflection": lambda: ((c, s), (sl, -cl)),
        "sine_first": lambda: ((s, c), (cl, -sl)),
        "only_diagonal": lambda: ((c, none), (none, cl)),
    }
    return choose(faults, forms, lambda: ((c, s), (-sl, cl)))


def _assembled(faults, blocks, d_model):
    half = d_model // 2
    if "halves" in faults:
        return torch.cat([torch.cat([one.diag() for one in row], dim=1) for row in blocks])
    pairs = list(blocks.permute(2, 0, 1))
    if "first_block" in faults:
        pairs = [pairs[0], *[torch.eye(2)] * (half - 1)]
    if "reversed" in faults:
        pairs = pairs[::-1]
    return torch.block_diag(*pairs)


SHIFT = Spec(
    name="shift_by",
    chapter=6,
    minutes=10,
    difficulty=3,
    oracle=attnlib.shift_matrix,
    variant=shift_by,
    faults={
        **frequencies_of("exponent_doubled", "exponent_halved", "exponent_from_one", "exponent_to_one"),
        **frequencies_of("base_1000", "base_100000", "multiplied", "whole_wavelength", "no_power"),
        "no_frequency": "Every pair has an angle of its own, offset / 10000^(2i / d_model): yours all turn by the same angle. (With `//` the exponent is cut to 0.)",
        "turned": "Your matrix moves positions back: the row of the sine is [cos, sin], that of the cosine [-sin, cos]. (The transpose belongs to P[p] @ R, or to pairs with the cosine first.)",
        "both_plus": "One minus sign is missing: cos(p + k) = cos p cos k - sin p sin k, so the second row of a block is [-sin, cos].",
        "both_minus": "One minus sign too many: sin(p + k) = sin p cos k + cos p sin k, so the first row of a block is [cos, sin].",
        "swapped": "Sine and cosine of the angle have changed places: the cosines stand on the diagonal of a block.",
        "swapped_turned": "The cosines stand on the diagonal of a block and the sines beside it: [cos, sin] above [-sin, cos].",
        "reflection": "The minus sign stands at the wrong place: a block is [cos, sin] above [-sin, cos].",
        "sine_first": "The columns of a block have changed places: the first takes the sine of p, the second its cosine, so [cos, sin] above [-sin, cos].",
        "only_diagonal": "The sines are missing: sin(p + k) needs the cosine of p, too. A block is [cos, sin] above [-sin, cos].",
        "rows_differ": "Both rows of a block have one angle, offset / 10000^(2i / d_model): a sine and its cosine share the frequency.",
        "halves": "P is interleaved: pair i fills rows and columns 2i and 2i + 1. Yours pairs feature i with feature i + d_model / 2.",
        "first_block": "All pairs move: you fill the block of the first one, the others still stand as in the identity.",
        "reversed": "The fastest pair comes first: your blocks stand in reverse order.",
        "not_assembled": "Those are the blocks: put them on the diagonal of one (d_model, d_model) matrix of zeros, block i at row and column 2i.",
        "on_identity": "Start from zeros: you add the blocks to the identity matrix.",
        "absolute": "A negative offset moves back: keep the sign of the offset.",
        "no_negative": "A negative offset moves back; yours is the identity there. (A loop over range(offset) never runs.)",
        "features_moved": "The matrix turns sine and cosine of a pair into those of another position; it does not move features to other places.",
        "position_on_diagonal": "Multiplying every feature by a number of P[offset] does not move it: each pair needs a block of 2 x 2, [cos, sin] above [-sin, cos].",
        "one_step": "Your matrix moves on by 1 whatever the offset: the angle of a pair is offset / 10000^(2i / d_model).",
        "times_offset": "The offset multiplies the angle, not the matrix: cos(offset * frequency), sin(offset * frequency).",
        "truncated": "Your matrix holds whole numbers, so the digits behind the point are cut off: make it of floats.",
    },
    unpaired=frozenset(
        {
            "exponent_from_one",
            "exponent_to_one",
            "base_100000",
            "whole_wavelength",
            "no_power",
            "swapped_turned",
            "sine_first",
            "rows_differ",
            "first_block",
            "reversed",
            "one_step",
            "no_negative",
            "features_moved",
            "times_offset",
            "truncated",
        }
    ),
    probes=(
        Probe("three places on, four features", {"offset": 3, "d_model": 4}),
        Probe("five places back, six features", {"offset": -5, "d_model": 6}),
        Probe("two places on, ten features", {"offset": 2, "d_model": 10}),
        Probe("a hundred places on, eight features", {"offset": 100, "d_model": 8}),
    ),
    hints=(
        "With the frequency w of a pair, sin((p + k) w) = sin(p w) cos(k w) + cos(p w) sin(k w). Which two numbers of P[p] does it need, and which two of the offset?",
        "For every pair one block of 2 x 2: the row that makes sin(p + k), then the row that makes cos(p + k). The blocks stand on the diagonal.",
        "R[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = torch.tensor([[cos, ____], [____, cos]])",
    ),
    follow_up="what is shift_by(3, d) @ shift_by(-3, d), and why can a layer with one matrix look three words back?",
)
