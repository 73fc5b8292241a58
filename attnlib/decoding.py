"""Chapter 9: a sentence that grows word by word, without computing its beginning again.

With a causal mask, a new word changes nothing for those before it. So their keys and values are kept, and each
step computes those of the new word alone.
"""

import torch

from attnlib.shapes import ShapeError, match, must_be_floating, must_count

SHAPES = {"keys": "(batch, num_heads, n, d_k)", "values": "(batch, num_heads, n, d_v)"}


class KeyValueCache:
    """Keep the keys and values of the words so far, in room that is reserved once.

    (Shazeer 2019, section 2.4: incremental decoding.)

    **Shapes**
        capacity    the most words that the cache can hold
        d_k, d_v    length of a key and of a value; d_v is d_k unless given

    **Promises** ``append`` writes the new rows and copies none of the old ones; ``keys`` and ``values`` are views.
    It is for computing, not for training: no gradient flows through it.

    **Raises** ``ValueError`` for a size below 1.

    **Example**

    >>> cache = KeyValueCache(batch=1, num_heads=2, capacity=10, d_k=3)
    >>> keys, values = cache.append(torch.zeros(1, 2, 4, 3), torch.ones(1, 2, 4, 3))
    >>> keys.shape, len(cache)
    (torch.Size([1, 2, 4, 3]), 4)
    """

    def __init__(self, batch, num_heads, capacity, d_k, d_v=None, *, dtype=torch.float32, device=None):
        d_v = d_k if d_v is None else d_v
        must_count(batch=batch, num_heads=num_heads, capacity=capacity, d_k=d_k, d_v=d_v)
        self._keys = torch.empty(batch, num_heads, capacity, d_k, dtype=dtype, device=device)
        self._values = torch.empty(batch, num_heads, capacity, d_v, dtype=dtype, device=device)
        self._length = 0

    def __len__(self):
        return self._length

    @property
    def capacity(self):
        """The most words that fit in."""
        return self._keys.shape[2]

    @property
    def keys(self):
        """The keys so far, (batch, num_heads, len(cache), d_k)."""
        return self._keys[:, :, : self._length]

    @property
    def values(self):
        """The values so far, (batch, num_heads, len(cache), d_v)."""
        return self._values[:, :, : self._length]

    def append(self, keys, values):
        """Add the keys and values of new words and return those of all words so far.

        **Shapes**
            keys        (batch, num_heads, n, d_k), n new words
            values      (batch, num_heads, n, d_v)
            returned    keys (batch, num_heads, len(cache), d_k), values (batch, num_heads, len(cache), d_v)

        **Raises** ``ShapeError`` for sizes that are not the cache's and for more words than it has room for,
        ``TypeError`` for another dtype or device; the cache is then as it was.
        """
        self._check(keys, values)
        end = self._length + keys.shape[2]
        with torch.no_grad():
            self._keys[:, :, self._length : end] = keys
            self._values[:, :, self._length : end] = values
        self._length = end
        return self.keys, self.values

    def _check(self, keys, values):
        must_be_floating(cache=self._keys, keys=keys, values=values)
        sizes = match(SHAPES, keys=keys, values=values)
        own = dict(zip(("batch", "num_heads"), self._keys.shape, strict=False))
        own |= {"d_k": self._keys.shape[3], "d_v": self._values.shape[3]}
        for name, size in own.items():
            if sizes[name] != size:
                raise ShapeError(
                    f"{name} is {sizes[name]} in the new rows but {size} in the cache.\n"
                    f"  keys      {tuple(keys.shape)}\n  values    {tuple(values.shape)}\n"
                    f"  cache     keys {tuple(self.keys.shape)}, values {tuple(self.values.shape)}\n"
                    "A cache belongs to one batch of sentences and one layer; make a new one for others."
                )
        if self._length + sizes["n"] > self.capacity:
            raise ShapeError(
                f"the cache is full: it holds {self._length} of {self.capacity} words, {sizes['n']} more do not fit.\n"
                "Its room is reserved once; make it with a larger capacity."
            )
