"""What to look for when an answer stopped with an error that no known mistake explains."""

# (kind, what stands in the words of the error, what to look for); the first that fits is taken
_ADVICE = (
    (
        "whole numbers in place",
        ("Cannot cast ufunc", "can't be cast to the desired output type", "result type Float can't be cast"),
        "The input holds whole numbers here, and `/=` or `*=` writes into it. Make a new array: `x = x / y`.",
    ),
    (
        "needs floats",
        (" not implemented for '", "to have the same dtype, but got", "expected scalar type"),
        "torch does this with floats alone, or with two arrays of one kind: turn True and False, or whole numbers, "
        "into floats first, `x.float()`.",
    ),
    (
        "requires grad",
        ("that requires grad",),
        "The result of a layer that can be trained is no plain array: write `.detach()` before NumPy gets it, or stay "
        "with torch.",
    ),
    (
        "not called",
        ("builtin_function_or_method", "'function'", "'method'"),
        "A function is used without being called: are the brackets () missing behind its name?",
    ),
    (
        "matrix product",
        ("mismatch in its core dimension", "cannot be multiplied", "not aligned", "size mismatch", "must match except"),
        "A matrix product needs (a, b) @ (b, c): print both shapes. Is a transpose missing, or one too many?",
    ),
    (
        "matrix product",
        ("Expected size for first two dimensions of batch2",),
        "The sizes of a product for a whole batch do not fit: print both shapes. Is a transpose missing, or does a "
        "factor come from another input?",
    ),
    (
        "view",
        ("view size is not compatible",),
        "After a transpose the numbers lie in memory in another order: use `reshape`, or `.contiguous().view(...)`.",
    ),
    (
        "sizes",
        ("is invalid for input of size", "cannot reshape array of size"),
        "`view` and `reshape` keep all the numbers: do the sizes come from the very tensor that is reshaped? Another "
        "input may be longer or shorter.",
    ),
    (
        "broadcast",
        ("could not be broadcast", "must match the size of tensor", "not broadcastable"),
        "Two shapes do not fit together: print both. Is an axis missing, as in `x[:, None]` or `keepdims=True`?",
    ),
    (
        "axis",
        ("out of bounds for array of dimension", "Dimension out of range"),
        "There is no such axis in this input. Count from the end: `axis=-1` is the last one, however many there are.",
    ),
    (
        "index",
        ("out of bounds for axis", "out of bounds for dimension", "index out of range"),
        "An index is too large: which axis does your loop run over, and how long is it?",
    ),
    (
        "name",
        ("is not defined", "cannot access local variable"),
        "Is the name spelt alike everywhere, and given a value before it is used?",
    ),
)


def advice(error):
    """Return (kind, what to look for) for an error, or (name of its type, "") where nothing better is known."""
    words = str(error)
    if isinstance(error, KeyError):
        return "KeyError", "There is no such key: compare it letter by letter with the names that the dict holds."
    for kind, parts, says in _ADVICE:
        if any(part in words for part in parts):
            return kind, says
    return type(error).__name__, ""
