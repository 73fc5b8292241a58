"""Chapter 9: one long sentence, shared out among processes that pass keys and values round in a ring.

``ring_attention`` runs in every process; ``run_ring`` starts the processes on this machine. The same program runs on
several machines when ``torchrun`` starts it there:

    torchrun --nproc-per-node 2 -m attnlib.ring --words 1024 --causal
"""

import argparse
import datetime
import os
import socket
import tempfile
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from attnlib import dot_product
from attnlib.efficient import merge_partial, partial_attention
from attnlib.masks import causal_mask
from attnlib.shapes import ShapeError, match, must_be_floating, must_count


class Ring:
    """This process's place among those that take part, and how many bytes it has sent.

    **Shapes** group: a ``torch.distributed`` process group, all processes unless given
    """

    def __init__(self, group=None):
        self.group, self.sent_bytes = group, 0
        self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)

    def pass_on(self, tensor):
        """Send a tensor to the next process while one of the same shape arrives from the process before."""
        arrived = torch.empty_like(tensor)
        to, source = (self._name((self.rank + step) % self.size) for step in (1, -1))
        sending = dist.isend(tensor, to, group=self.group)
        dist.recv(arrived, source, group=self.group)
        sending.wait()
        self.sent_bytes += tensor.nbytes
        return arrived

    def _name(self, rank):
        return rank if self.group is None else dist.get_global_rank(self.group, rank)


def ring_attention(queries, keys, values, ring, *, causal=False, scale=None):
    """Attend from this process's part of the words to the words of all processes.

    Keys and values go round the ring; each process gathers from what passes (Liu, Zaharia and Abbeel 2023; the merge
    is that of ``merge_partial``). Process r holds the r-th part of the words; all parts have the same length.

    **Shapes**
        queries, keys   (..., n, d_k), the n words of this process
        values          (..., n, d_v)
        ring            a ``Ring``
        causal          True = a word may look at itself and at those before, in all processes
        output          (..., n, d_v)

    **Promises** the parts of the output put together are ``attention`` over all words; each process sends
    (size - 1) * (numbers in keys and values) numbers, and holds two parts of keys and values at most.

    **Raises** as ``attention``; ``RuntimeError`` when another process is gone.

    **Example** ``run_ring`` and this module as a program show how it is called.
    """
    must_be_floating(queries=queries, keys=keys, values=values)
    sizes = match(dot_product.SHAPES, dot_product.WHY, queries=queries, keys=keys, values=values)
    if sizes["num_queries"] != sizes["num_keys"]:
        raise ShapeError(
            f"num_keys is {sizes['num_keys']} but num_queries is {sizes['num_queries']}, expected the same.\n"
            "Every process holds the queries, keys and values of the same words."
        )
    here = causal_mask(sizes["num_queries"]).to(queries.device) if causal else None
    travelling, gathered = torch.cat([keys, values], dim=-1).contiguous(), None
    for step in range(ring.size):
        source = (ring.rank - step) % ring.size
        if not causal or source <= ring.rank:  # what comes later in the sentence is passed on unseen
            seen_keys, seen_values = travelling.split([sizes["d_k"], sizes["d_v"]], dim=-1)
            mask = here if source == ring.rank else None
            new = partial_attention(queries, seen_keys, seen_values, mask, scale=scale)
            gathered = new if gathered is None else merge_partial(gathered, new)
        if step < ring.size - 1:
            travelling = ring.pass_on(travelling)
    return gathered.output()


def run_ring(num_processes, queries, keys, values, *, causal=False, timeout=120.0):
    """Start processes on this machine, share the words out among them, and put their outputs together.

    **Shapes**
        queries, keys   (..., n, d_k), num_processes divides n
        values          (..., n, d_v)
        timeout         seconds after which the processes are ended
        returned        output (..., n, d_v), and the bytes that each process sent, a list

    **Raises** ``ShapeError`` when num_processes does not divide n, ``RuntimeError`` when a process dies,
    ``TimeoutError`` when they do not end in time; no process is left behind.
    """
    must_count(num_processes=num_processes)
    if queries.shape[-2] % num_processes:
        raise ShapeError(f"num_processes = {num_processes} does not divide the {queries.shape[-2]} words of queries.")
    with tempfile.TemporaryDirectory() as folder:
        parts = zip(*(x.detach().chunk(num_processes, dim=-2) for x in (queries, keys, values)), strict=True)
        for rank, part in enumerate(parts):
            torch.save([x.contiguous() for x in part], Path(folder, f"in_{rank}"))
        _run(_work, num_processes, (num_processes, folder, causal, timeout), timeout)
        found = [torch.load(Path(folder, f"out_{rank}"), weights_only=True) for rank in range(num_processes)]
    return torch.cat([output for output, _ in found], dim=-2), [sent for _, sent in found]


def _run(work, num_processes, arguments, timeout):
    """Run work(rank, *arguments) in processes, all of which are gone when this returns or raises."""
    deadline = time.monotonic() + timeout
    context = mp.start_processes(work, arguments, nprocs=num_processes, join=False, start_method="spawn")
    try:
        while not context.join(timeout=max(0.0, min(1.0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                raise TimeoutError(f"the {num_processes} processes did not end within {timeout:g} seconds; ended.")
    except (mp.ProcessExitedException, mp.ProcessRaisedException) as error:
        first_line = str(error).strip().splitlines()[-1]
        raise RuntimeError(
            f"process {error.error_index} of {num_processes} stopped before its work was done: {first_line}\n"
            "The others wait for what it would have sent, so all were ended."
        ) from error
    finally:
        for process in context.processes:
            if process.is_alive():
                process.kill()
            process.join()


def _work(rank, num_processes, folder, causal, timeout):
    torch.set_num_threads(1)
    _use_loopback()
    store = dist.FileStore(str(Path(folder, "meeting")), num_processes)
    limit = datetime.timedelta(seconds=timeout)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=num_processes, timeout=limit)
    try:
        ring = Ring()
        output = ring_attention(*torch.load(Path(folder, f"in_{rank}"), weights_only=True), ring, causal=causal)
        torch.save((output, ring.sent_bytes), Path(folder, f"out_{rank}"))
        dist.barrier()  # nobody leaves while a neighbour still waits
    finally:
        dist.destroy_process_group()


def _use_loopback():
    # without a network, the machine's own name may lead nowhere; the loopback interface is always there
    interfaces = {name for _, name in socket.if_nameindex()} if hasattr(socket, "if_nameindex") else set()
    for name in interfaces & {"lo", "lo0"}:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", name)


def _main():
    """Compare ring attention with attention in one process; started by torchrun on one machine or on several."""
    parser = argparse.ArgumentParser(description=_main.__doc__)
    parser.add_argument("--words", type=int, default=1024)
    parser.add_argument("--causal", action="store_true")
    options = parser.parse_args()
    dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=120))
    ring = Ring()
    if options.words % ring.size:
        raise SystemExit(f"--words {options.words} cannot be shared out evenly among {ring.size} processes")
    generator = torch.Generator().manual_seed(0)  # the same sentence in every process
    inputs = [torch.randn(8, options.words, 64, generator=generator) for _ in range(3)]
    output = ring_attention(*(x.chunk(ring.size, dim=1)[ring.rank] for x in inputs), ring, causal=options.causal)
    expected = dot_product.attention(*inputs, causal_mask(options.words) if options.causal else None)
    error = (output - expected.chunk(ring.size, dim=1)[ring.rank]).abs().max().item()
    sent = f"process {ring.rank} of {ring.size}: sent {ring.sent_bytes:,} bytes"
    print(f"{sent}, largest difference {error:.0e}", flush=True)
    dist.barrier()
    dist.destroy_process_group()
    if error > 1e-5:
        raise SystemExit("ring attention differs from attention in one process")


if __name__ == "__main__":
    _main()
