"""Chapters 2 to 8: train a small model, and count what a model computes."""

from dataclasses import dataclass, field

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from tqdm.auto import tqdm


@dataclass
class History:
    """What happened in a training: the loss of every step that was done, and whether it was interrupted."""

    losses: list[float] = field(default_factory=list)
    interrupted: bool = False


def fit(module, loss, *, steps, generator, learning_rate=1e-3, weight_decay=0.0, clip=1.0, progress=True):
    """Train a module with AdamW, a one-cycle learning rate and clipped gradients, behind a progress bar.

    ``loss(module, generator)`` draws its own batch from the generator and returns a scalar tensor. AdamW:
    Loshchilov and Hutter 2019; one cycle: Smith and Topin 2019 (first tenth of the steps: warm-up).

    **Shapes** loss -> (); steps counts updates; learning_rate is the peak

    **Promises** the same generator state gives the same losses; an interrupt keeps the module as trained so
    far and says so; every part of the module comes back in the mode (training or evaluation) it came in.

    **Raises** ``ValueError`` for fewer than 1 step or a loss that is not finite, ``TypeError`` when generator
    is not a ``torch.Generator``.

    **Example**

    >>> line = torch.nn.Linear(1, 1)
    >>> history = fit(line, lambda m, g: m(torch.rand(8, 1, generator=g)).square().mean(), steps=3,
    ...               generator=torch.Generator().manual_seed(0), progress=False)
    >>> len(history.losses)
    3
    """
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator is {generator!r}, expected a torch.Generator: torch.Generator().manual_seed(0).")
    if steps < 1:
        raise ValueError(f"steps is {steps}, expected at least 1.")
    optimizer = torch.optim.AdamW(module.parameters(), lr=learning_rate, weight_decay=weight_decay, betas=(0.9, 0.98))
    schedule = _one_cycle(optimizer, steps)
    history, modes = History(), {part: part.training for part in module.modules()}
    module.train()
    bar = tqdm(total=steps, desc="training", disable=not progress, leave=False)
    try:
        for _ in range(steps):
            history.losses.append(_step(module, loss, generator, optimizer, clip))
            schedule.step()
            bar.update()
            bar.set_postfix(loss=f"{history.losses[-1]:.3f}", refresh=False)
    except KeyboardInterrupt:
        history.interrupted = True
        print(f"Interrupted after {len(history.losses)} of {steps} steps; the model is kept as it is now.")
    finally:
        bar.close()
        for part, training in modes.items():
            part.training = training
    return history


def count_flops(module, *inputs):
    """Count the floating-point operations of one call, a multiply-add as 2.

    Counted are the matrix products and convolutions that torch's own counter sees; softmax and other
    element-wise work is not.

    **Shapes** module: a function or ``nn.Module``; inputs: whatever it takes -> an integer

    **Raises** ``ValueError`` for ``nn.LSTM``, whose kernel the counter cannot see into.

    **Example**

    >>> count_flops(torch.matmul, torch.zeros(2, 3), torch.zeros(3, 5))
    60
    """
    if any(isinstance(part, torch.nn.LSTM) for part in getattr(module, "modules", list)()):
        raise ValueError("nn.LSTM runs in one fused kernel, for which torch counts 0 FLOPs.")
    # fused attention kernels count as 0 or in part; the written-out kernel is counted in full
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return counter.get_total_flops()


def _one_cycle(optimizer, steps):
    peak = optimizer.param_groups[0]["lr"]
    if steps < 10:
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=peak, total_steps=steps, pct_start=0.1, cycle_momentum=False
    )


def _step(module, loss, generator, optimizer, clip):
    optimizer.zero_grad()
    value = loss(module, generator)
    if not torch.isfinite(value):
        raise ValueError(f"loss is {value.item()}, expected a finite number; try a smaller learning_rate.")
    value.backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), clip)
    optimizer.step()
    return value.item()
