"""attnlib.ring: several processes that share one sentence compute what one process does, or end with a clear error."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from attnlib import attention, causal_mask, run_ring
from attnlib.ring import Ring, _run, _use_loopback, ring_attention
from attnlib.shapes import ShapeError

ROOT = Path(__file__).resolve().parent.parent
BATCH, NUM_HEADS, N, D_K, D_V = 2, 3, 20, 5, 7


def inputs():
    g = torch.Generator().manual_seed(0)
    return [torch.randn(BATCH, NUM_HEADS, N, width, generator=g, dtype=torch.float64) for width in (D_K, D_K, D_V)]


@pytest.mark.parametrize(("num_processes", "causal"), [(2, False), (4, True)])
def test_a_ring_of_processes_computes_attention(num_processes, causal):
    output, sent = run_ring(num_processes, *inputs(), causal=causal)
    expected = attention(*inputs(), causal_mask(N) if causal else None)
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-12)
    part = BATCH * NUM_HEADS * (N // num_processes) * (D_K + D_V) * 8  # keys and values of one process, in bytes
    assert sent == [(num_processes - 1) * part] * num_processes


def test_one_process_alone_sends_nothing(tmp_path):
    store = dist.FileStore(str(tmp_path / "meeting"), 1)
    _use_loopback()
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        ring = Ring()
        torch.testing.assert_close(ring_attention(*inputs(), ring, scale=0.3), attention(*inputs(), scale=0.3))
        assert ring.sent_bytes == 0
        queries, keys, values = inputs()
        with pytest.raises(ShapeError, match="num_keys is 20 but num_queries is 7"):
            ring_attention(queries[:, :, :7], keys, values, ring)
    finally:
        dist.destroy_process_group()


def test_torchrun_starts_the_same_program():
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "attnlib.ring", "--words", "64", "--causal"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert {"process 0 of 2", "process 1 of 2"} == set(re.findall(r"process \d of \d", done.stdout))
    assert done.stdout.count(f"sent {8 * 32 * 128 * 4:,} bytes") == 2


# ------------------------------------------------------------------------------------------------ when something fails


def dies(rank, folder):
    """Rank 1 ends without a word while rank 0 waits for it."""
    _use_loopback()
    store = dist.FileStore(str(Path(folder, "meeting")), 2)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    if rank == 1:
        os._exit(3)
    Ring().pass_on(torch.zeros(1_000_000))
    time.sleep(600)


def sleeps(rank):
    """No process ever comes to its end."""
    time.sleep(600)


def test_a_process_that_dies_ends_the_others_with_a_clear_error(tmp_path):
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"process [01] of 2 stopped before its work was done"):
        _run(dies, 2, (str(tmp_path),), 60.0)
    assert time.monotonic() - start < 50


def test_processes_that_hang_are_ended_in_time():
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="the 2 processes did not end within 3 seconds"):
        _run(sleeps, 2, (), 3.0)
    assert time.monotonic() - start < 30


def test_words_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ShapeError, match="num_processes = 3 does not divide the 20 words of queries"):
        run_ring(3, *inputs())
    with pytest.raises(ValueError, match="num_processes is 0"):
        run_ring(0, *inputs())
