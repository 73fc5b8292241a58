"""Chapter 3: a thermometer whose battery was empty for a day, and the temperatures that nobody measured."""

import torch

DAYS = 5
NOISE = 1.5  # °C: the standard deviation of an error of measurement
GAP = (2.5, 3.5)  # from noon to noon


def true_temperature(day):
    """Compute the temperature: it rises and falls once a day, and slowly drifts.

    **Shapes** day: a tensor of any shape, 0.5 is noon of day 0 -> °C, the same shape
    """
    hand = 2 * torch.pi * day  # once round a day
    return 12 - 5 * torch.cos(hand - 0.8) + 2 * torch.sin(hand / 9)


def measure(generator, *, count=60, held_out=200):
    """Measure at random times: ``count`` times without what falls into the gap, ``held_out`` times with it.

    **Shapes** -> day, temperature (at most count,), held_day, held_temperature (held_out,)

    **Promises** days are sorted; errors are independent, of standard deviation ``NOISE``.

    **Example**

    >>> day, temperature, held_day, held_temperature = measure(torch.Generator().manual_seed(5))
    >>> len(day), len(held_day)
    (50, 200)
    """
    day, temperature = _read(count, generator)
    works = (day < GAP[0]) | (day > GAP[1])
    return day[works], temperature[works], *_read(held_out, generator)


def _read(count, generator):
    day = (DAYS * torch.rand(count, generator=generator)).sort().values
    return day, true_temperature(day) + NOISE * torch.randn(count, generator=generator)
