"""attnlib.tasks.thermometer: what was measured, what was not, and how far off it is."""

import torch

from attnlib.tasks.thermometer import GAP, NOISE, measure, true_temperature


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def test_nothing_is_measured_in_the_gap_but_held_out_times_lie_there_too():
    day, temperature, held_day, held_temperature = measure(seeded(), count=307, held_out=211)
    assert day.shape == temperature.shape
    assert len(day) < 307
    assert held_day.shape == held_temperature.shape == (211,)
    assert not ((day > GAP[0]) & (day < GAP[1])).any()
    assert ((held_day > GAP[0]) & (held_day < GAP[1])).any()


def test_days_are_sorted_and_run_over_the_whole_record():
    for days in measure(seeded(), count=307)[::2]:
        assert (days.diff() >= 0).all()
        assert 0 <= days.min() < 0.1
        assert 4.9 < days.max() < 5


def test_errors_of_measurement_have_the_size_that_is_told():
    for days, temperatures in zip(*[iter(measure(seeded(), count=4001, held_out=4003))] * 2, strict=True):
        errors = temperatures - true_temperature(days)
        assert abs(errors.mean()) < 0.1
        assert abs(errors.std() / NOISE - 1) < 0.05


def test_the_temperature_repeats_every_day_up_to_the_drift():
    hours = torch.linspace(0, 1, 25).double()
    drift = true_temperature(hours + 3) - true_temperature(hours)
    assert drift.abs().max() < 4.01  # twice the 2 degrees that drift
    assert torch.allclose(true_temperature(hours + 9), true_temperature(hours))


def test_the_same_seed_measures_the_same():
    for first, again in zip(measure(seeded()), measure(seeded()), strict=True):
        assert torch.equal(first, again)
