"""Mistakes that come up in more than one exercise, each said once, and helpers to commit them."""

SHARED = {
    # the scale
    "no_scale": "Divide the scores by sqrt(d_k), and use the result: without it they grow with the length of the queries.",
    "by_d": "Divide by the square root of d_k, not by d_k itself (dividing by the root twice is the same).",
    "times": "Divide by sqrt(d_k); you multiply by it (or divide by d_k ** -0.5, which is the same).",
    "by_count": "The scale is the square root of d_k, the length of a query, not of the number of tokens.",
    "by_queries": "The scale is the square root of d_k, the length of a query, not of how many queries there are.",
    "by_model": "The scale is the square root of d_k, the length of a query, not of d_model.",
    "by_v": "The scale is the square root of d_k, the length of a query, not of d_v, the length of a value.",
    "eight": "8 is right only for d_k = 64, the paper's size: use the square root of the d_k you are given.",
    "whole_root": "Keep the digits of the root: `int(...)` and `math.isqrt` cut sqrt(d_k) down to a whole number.",
    "scale_late": "Divide the scores by sqrt(d_k) before the softmax: afterwards the weights no longer sum to 1.",
    # softmax
    "no_softmax": "The scores become weights by softmax first; you multiply the values by raw scores.",
    "over_queries": "The softmax runs over the keys; yours runs over the queries.",
    "no_max": "Subtract the row's largest score before `exp`: exp(1000) is infinite, and infinity / infinity is NaN.",
    "no_division": "Divide the exponentials by their sum, and use the result: the weights of a row must sum to 1.",
    "no_exp": "Take `exp` of the scores first: dividing raw scores by their sum can give negative weights.",
    "plus_one": "Add nothing to the sum below the line: with + 1 the weights of a row sum to less than 1.",
    "logarithm": "That is the logarithm of the weights; return the weights.",
    "all_ones": "Every weight is 1: your softmax runs over an axis of size 1. It must run over the keys.",
    "no_keepdims": "Keep the axis in the sum (`keepdim=True`): without it each weight is divided by the sum of another row.",
    "winner": "Softmax is soft: every key gets a share, not only the one with the largest score.",
    "softmaxed": "The softmax comes in a later step: return the scores themselves.",
    # sums, shapes, loops
    "weights_only": "Those are the weights: multiply the values by them and add up.",
    "no_sum": "The weighted values are there; add them up over the words (step 6).",
    "mean": "Add the weighted values up; a mean divides once more by the number of keys.",
    "reshaped": "`reshape` does not transpose: it puts numbers of different rows together. Use `.T`.",
    "short": "The last entry of the vectors is left out: check where your loop or slice ends.",
    "only_last": "Write `+=` and not `=` in the loop: each round overwrites what the rounds before have added.",
    "truncated": "Your result array holds integers (it was made like the input), so all digits behind the point are cut off: make it of floats.",
    "cosine": "Do not divide by the lengths of the vectors: you compute the cosine, but the score is a dot product.",
    # projections
    "swapped": "Queries come from W_q and keys from W_k: yours are swapped.",
    "keys_from_q": "The keys are made with W_k; you made them with W_q.",
    "queries_from_k": "The queries are made with W_q; you made them with W_k.",
    "values_from_k": "The values are made with W_v; you made them with W_k (or used the keys).",
    "raw_values": "The values are X times W_v, not X itself.",
    "raw_keys": "The keys are X times W_k, not X itself.",
    "matrices_transposed": "Do not transpose the weight matrices: W_q is (d_model, d_k), so X @ W_q. (Only nn.Linear stores the transpose.)",
    # masks
    "zeros_hidden": "A score of 0 is an ordinary score: what is hidden shows in the mask, not in a score of 0.",
    "inverted": "The mask is used the wrong way round: True means that a query may look there.",
    "mask_late": "Mask the scores before the softmax: masked afterwards, the rows no longer sum to 1.",
    "zero_scores": "A masked score must become minus infinity. With 0 (or 1e-9) the key still gets exp(0) = 1 before the division.",
    "hundred": "A fill such as -100 or -1e4 is not small beside very low scores: the hidden key wins. Fill with minus infinity.",
    "any_row": "Only a row with nothing left to see becomes zeros, not every row with some hidden key: `all`, not `any`.",
    "all_rows": "One row with nothing to see must not wipe out the others: set that row alone to zeros.",
    "first_length": "Every sentence has its own length: yours uses the first one for all.",
    "longest_length": "Every sentence has its own length: yours uses the longest for all (so does a loop that writes into all rows in each round).",
    "sorted_lengths": "Leave the lengths in their order: once sorted, they belong to other sentences.",
    "left": "The padding stands behind the words: the first lengths[b] keys are the real ones.",
    "causal": "Nothing says that the future is hidden here: leave the triangle out.",
    "not_boolean": "The pattern is right, but a mask holds True and False: compare, or add `dtype=torch.bool`.",
}


SCALES = ("no_scale", "by_d", "times", "eight", "whole_root", "scale_late")


def shared(*keys, d_k="d_k"):
    """Return {key: what to change} for these mistakes; ``d_k`` is what the exercise calls the length of a query."""
    return {key: SHARED[key].replace("d_k", d_k) for key in keys}


def scale_of(faults, d_k, sizes):
    """Return what the scores are divided by; ``sizes`` maps the key of a fault to the size that it takes for d_k."""
    if "scale_late" in faults:
        return 1.0
    size = next((size for key, size in sizes.items() if key in faults), d_k)
    scales = {
        "no_scale": lambda: 1.0,
        "by_d": lambda: size,
        "times": lambda: size**-0.5,
        "eight": lambda: 8.0,
        "whole_root": lambda: int(size**0.5),
    }
    return choose(faults, scales, lambda: size**0.5)


def choose(faults, options, otherwise):
    """Return ``options[key]()`` for the first key that is a fault, else ``otherwise()``: one choice in a variant."""
    for key, option in options.items():
        if key in faults:
            return option()
    return otherwise()
