"""Mistakes that come up in more than one exercise, each said once."""

SHARED = {
    "no_scale": "Divide the scores by sqrt(d_k): without it they grow with the length of the queries.",
    "by_d": "Divide by the square root of d_k, not by d_k itself.",
    "times": "Divide by sqrt(d_k); you multiply by it (or divide by d_k ** -0.5, which is the same).",
    "by_count": "The scale is the square root of d_k, the length of a query, not of the number of tokens.",
    "by_model": "The scale is the square root of d_k, the length of a query, not of d_model.",
    "eight": "8 is right only for d_k = 64, the paper's size: use the square root of the d_k you are given.",
    "no_softmax": "The scores become weights by softmax first; you multiply the values by raw scores.",
    "over_queries": "The softmax runs over the keys; yours runs over the queries.",
    "weights_only": "Those are the weights: multiply the values by them and add up.",
    "no_sum": "The weighted values are there; add them up over the words (step 6).",
    "swapped": "Queries come from W_q and keys from W_k: yours are swapped.",
    "keys_from_q": "The keys are made with W_k; you made them with W_q.",
    "values_from_k": "The values are made with W_v; you made them with W_k (or used the keys).",
    "raw_values": "The values are X times W_v, not X itself.",
    "inverted": "The mask is used the wrong way round: True means that a query may look there.",
    "mask_late": "Mask the scores before the softmax: masked afterwards, the rows no longer sum to 1.",
    "zero_scores": "A masked score must become minus infinity. With 0 (or 1e-9) the key still gets exp(0) = 1 before the division.",
    "ignored": "The mask is not used: keys that are hidden must get the weight 0.",
    "first_length": "Every sentence has its own length: yours uses the first one for all.",
    "not_boolean": "The pattern is right, but a mask holds True and False: compare, or add `dtype=torch.bool`.",
}


def shared(*keys):
    """Return {key: what to change} for these mistakes."""
    return {key: SHARED[key] for key in keys}
