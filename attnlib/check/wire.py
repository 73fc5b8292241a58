"""What goes over the line between the grader and a student's process: JSON, and never a pickle.

Numbers, texts and arrays are all there is. Whatever else a student's function gives back is sent as the name of its
type. This file also runs beside the student's code, where the rest of ``attnlib.check`` is out of reach.
"""

import base64
import inspect
import json
import numbers
import os
import select
import struct
import time

import numpy as np
import torch

LARGEST = 16 * 2**20  # bytes of one message
KINDS = {"bool", "float16", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


class Silence(Exception):
    """No whole message came: ``str`` says "late", "gone", "large" or "unreadable"."""


def encode(value):
    """Return a value as something that JSON can hold."""
    if value is None or isinstance(value, str):
        return value
    if type(value) in (bool, int, float):
        return {"number": value}
    if isinstance(value, torch.Tensor):
        return {"tensor": _numbers(_plain(value))}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.name in KINDS:
        return {"array": _numbers(np.asarray(value))}
    if isinstance(value, numbers.Real):
        return {"number": float(value)}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__ if type(value) in (list, tuple) else "tuple": [encode(part) for part in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: encode(part) for key, part in value.items()}}
    return _strange(value)


def decode(data, function=None):
    """Turn back what ``encode`` made; ``function(name)`` gives the object for a function that was handed over.

    **Raises** ``ValueError`` for data that ``encode`` cannot have made.
    """
    if data is None or isinstance(data, str):
        return data
    if not isinstance(data, dict) or len(data) != 1:
        raise ValueError("not a value")
    ((kind, content),) = data.items()
    try:
        return _DECODERS[kind](content, function)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a value") from error


def _plain(tensor):
    tensor = tensor.detach().cpu()
    tensor = tensor.to_dense() if tensor.layout != torch.strided else tensor
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _numbers(array):
    if array.dtype.name not in KINDS:
        return {"kind": str(array.dtype)[:40]}
    text = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"kind": array.dtype.name, "shape": array.shape, "data": text}


def _array(content, _=None):
    if content["kind"] not in KINDS:
        return np.empty(0, dtype=object)
    shape = [int(size) for size in content["shape"]]
    if any(size < 0 for size in shape):
        raise ValueError("not an array")
    return np.frombuffer(base64.b64decode(content["data"]), dtype=content["kind"]).reshape(shape).copy()


def _tensor(content, _=None):
    array = _array(content)
    return array if array.dtype == object else torch.as_tensor(array)


def _number(content, _):
    if type(content) not in (bool, int, float):
        raise ValueError("not a number")
    return content


def _strange(value):
    if inspect.isgenerator(value):
        return {"other": "generator"}
    return {"other": "function" if callable(value) else type(value).__name__[:60]}


def _stand_in(name, _):
    """Return something of the same sort as what could not be sent."""
    if name == "generator":
        return (part for part in ())
    return (lambda: None) if name == "function" else type(str(name) or "?", (), {})()


_DECODERS = {
    "number": _number,
    "array": _array,
    "tensor": _tensor,
    "other": _stand_in,
    "function": lambda name, function: function(name),
    "list": lambda content, function: [decode(part, function) for part in content],
    "tuple": lambda content, function: tuple(decode(part, function) for part in content),
    "dict": lambda content, function: {str(key): decode(part, function) for key, part in content.items()},
}


def send(descriptor, message):
    """Write one message: four bytes for its length, then JSON."""
    data = json.dumps(message).encode()
    data = struct.pack("<I", len(data)) + data
    while data:
        data = data[os.write(descriptor, data) :]


def receive(descriptor, seconds=None):
    """Read one message, or raise ``Silence``."""
    until = None if seconds is None else time.monotonic() + seconds
    (size,) = struct.unpack("<I", _exactly(descriptor, 4, until))
    if size > LARGEST:
        raise Silence("large")
    try:
        return json.loads(_exactly(descriptor, size, until))
    except (ValueError, RecursionError) as error:
        raise Silence("unreadable") from error


def _exactly(descriptor, count, until):
    parts = []
    while count:
        if until is not None and not _readable(descriptor, until):
            raise Silence("late")
        part = os.read(descriptor, min(count, 2**20))
        if not part:
            raise Silence("gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _readable(descriptor, until):
    left = until - time.monotonic()
    if not hasattr(select, "poll"):  # Windows cannot wait for a pipe: the watchdog of the sandbox ends the process
        return True
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN | select.POLLHUP)
    return left > 0 and bool(waiting.poll(1000 * left))
