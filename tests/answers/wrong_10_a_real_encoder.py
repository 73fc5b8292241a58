"""Wrong answers to the exercises of chapter 10, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as a network with more
than ten layers, heads that look round the end of the sentence, or one large weight in a head.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""

import torch


def _parts(layer):
    """List the four names as they should be, for answers whose mistake is elsewhere."""
    front = f"encoder.layer.{layer}.attention."
    return [front + part + ".weight" for part in ("self.query", "self.key", "self.value", "output.dense")]


def _mixed(maps):
    """Mix mean and residual of every layer as it should be done, for answers whose mistake is elsewhere."""
    return (maps.mean(dim=1) + torch.eye(maps.shape[-1])) / 2


def _product(matrices):
    """Multiply with the last on the left, as it should be done, for answers whose mistake is elsewhere."""
    result = matrices[0]
    for matrix in matrices[1:]:
        result = matrix @ result
    return result


def _before(maps):
    """Compute the mean weight on the previous word, for answers whose mistake is elsewhere."""
    return maps.diagonal(offset=-1, dim1=-2, dim2=-1).mean(dim=-1)


# ----------------------------------------------------------------------- attention_matrices
def attention_matrices__not_transposed(state, layer):
    """Returns the weights as nn.Linear stores them."""
    front = f"encoder.layer.{layer}.attention."
    return (
        state[front + "self.query.weight"],
        state[front + "self.key.weight"],
        state[front + "self.value.weight"],
        state[front + "output.dense.weight"],
    )


def attention_matrices__reshaped_and_not_transposed(state, layer):
    """Turns the shape round with reshape, which moves no number of a square matrix."""
    weights = [state[name] for name in _parts(layer)]
    return tuple(weight.reshape(weight.shape[1], weight.shape[0]) for weight in weights)


def attention_matrices__output_not_transposed(state, layer):
    """Transposes the first three, and forgets the fourth."""
    w_q, w_k, w_v, w_o = (state[name] for name in _parts(layer))
    return w_q.T, w_k.T, w_v.T, w_o


def attention_matrices__layers_counted_from_1(state, layer):
    """Subtracts 1 from the layer: there is no layer -1."""
    return tuple(state[name].T for name in _parts(layer - 1))


def attention_matrices__always_layer_0(state, layer):
    """Copies the names of layer 0 and does not use the parameter."""
    w_q = state["encoder.layer.0.attention.self.query.weight"].T
    w_k = state["encoder.layer.0.attention.self.key.weight"].T
    w_v = state["encoder.layer.0.attention.self.value.weight"].T
    w_o = state["encoder.layer.0.attention.output.dense.weight"].T
    return w_q, w_k, w_v, w_o


def attention_matrices__front_of_the_name_compared(state, layer):
    """Compares the front of the names without the dot: layer 10 begins like layer 1."""
    found = {}
    for name, weight in state.items():
        if name.startswith(f"encoder.layer.{layer}") and name.endswith(".weight"):
            for part in ("self.query", "self.key", "self.value", "attention.output.dense"):
                if part in name:
                    found[part] = weight.T
    return found["self.query"], found["self.key"], found["self.value"], found["attention.output.dense"]


def attention_matrices__dense_of_the_feed_forward(state, layer):
    """Leaves attention out of the fourth name, which then belongs to the feed-forward network."""
    front = f"encoder.layer.{layer}."
    w_q = state[front + "attention.self.query.weight"].T
    w_k = state[front + "attention.self.key.weight"].T
    w_v = state[front + "attention.self.value.weight"].T
    return w_q, w_k, w_v, state[front + "output.dense.weight"].T


def attention_matrices__again_dense_of_the_feed_forward(state, layer):
    """Searches by the end of the name, which the feed-forward network's dense has too."""
    found = {}
    for name, weight in state.items():
        if name.startswith(f"encoder.layer.{layer}."):
            for part in ("query.weight", "key.weight", "value.weight", "output.dense.weight"):
                if name.endswith(part):
                    found[part] = weight.T
    return found["query.weight"], found["key.weight"], found["value.weight"], found["output.dense.weight"]


def attention_matrices__query_and_key_swapped(state, layer):
    """Returns the matrix of the keys first."""
    w_q, w_k, w_v, w_o = (state[name].T for name in _parts(layer))
    return w_k, w_q, w_v, w_o


def attention_matrices__key_and_value_swapped(state, layer):
    """Returns query, value, key, as some papers write them."""
    w_q, w_k, w_v, w_o = (state[name].T for name in _parts(layer))
    return w_q, w_v, w_k, w_o


def attention_matrices__alphabetical_order(state, layer):
    """Sorts the names, so the order is output, key, query, value."""
    return tuple(state[name].T for name in sorted(_parts(layer)))


def attention_matrices__bias_for_weight(state, layer):
    """Reads the bias beside each weight."""
    return tuple(state[name.replace(".weight", ".bias")] for name in _parts(layer))


def attention_matrices__bias_added(state, layer):
    """Adds the bias to every row of the matrix, where it belongs to the result X @ W."""
    return tuple(state[name].T + state[name.replace(".weight", ".bias")] for name in _parts(layer))


def attention_matrices__output_missing(state, layer):
    """Returns the three matrices of the self part, and no W_o."""
    front = f"encoder.layer.{layer}.attention.self."
    return tuple(state[f"{front}{part}.weight"].T for part in ("query", "key", "value"))


def attention_matrices__not_transposed__and__query_and_key_swapped(state, layer):
    """Returns the stored weights, those of the keys first."""
    w_q, w_k, w_v, w_o = (state[name] for name in _parts(layer))
    return w_k, w_q, w_v, w_o


def attention_matrices__always_layer_0__and__not_transposed(state, layer):
    """Returns the stored weights of layer 0."""
    return tuple(state[name] for name in _parts(0))


def attention_matrices__order_of_the_dict(state, layer):
    """Takes the square attention weights of the layer in the order in which the dict happens to hold them."""
    start = f"encoder.layer.{layer}.attention."
    return tuple(
        w.T for name, w in state.items() if name.startswith(start) and name.endswith("weight") and w.dim() == 2
    )


def attention_matrices__value_is_key(state, layer):
    """Copy-and-paste: W_v is read from the key's name."""
    start = f"encoder.layer.{layer}.attention."
    W_q = state[start + "self.query.weight"].T
    W_k = state[start + "self.key.weight"].T
    W_v = state[start + "self.key.weight"].T
    return W_q, W_k, W_v, state[start + "output.dense.weight"].T


# ---------------------------------------------------------------------------------- rollout
def rollout__product_in_the_wrong_order(maps):
    """Multiplies from the right, so that the first layer stands on the left."""
    n = maps.shape[-1]
    result = torch.eye(n)
    for layer in maps:
        result = result @ ((layer.mean(dim=0) + torch.eye(n)) / 2)
    return result


def rollout__no_identity(maps):
    """Forgets the residual connection: multiplies the mean maps."""
    return _product(maps.mean(dim=1))


def rollout__no_half(maps):
    """Adds the identity and does not halve, so that rows sum to 2, 4, 8."""
    return _product(maps.mean(dim=1) + torch.eye(maps.shape[-1]))


def rollout__half_of_the_identity_only(maps):
    """Forgets the brackets: A + I / 2."""
    return _product(maps.mean(dim=1) + torch.eye(maps.shape[-1]) / 2)


def rollout__ones_for_the_identity(maps):
    """Adds 1 to every weight, not only to those of a word on itself."""
    return _product((maps.mean(dim=1) + 1) / 2)


def rollout__heads_maxed(maps):
    """Takes the largest weight over the heads and not the mean."""
    return _product((maps.amax(dim=1) + torch.eye(maps.shape[-1])) / 2)


def rollout__heads_maxed_and_rows_divided(maps):
    """Takes the largest weight over the heads and divides the rows by their sums."""
    mixed = (maps.max(dim=1).values + torch.eye(maps.shape[-1])) / 2
    return _product(mixed / mixed.sum(dim=-1, keepdim=True))


def rollout__heads_summed(maps):
    """Adds the heads up and does not divide by their number."""
    return _product((maps.sum(dim=1) + torch.eye(maps.shape[-1])) / 2)


def rollout__mean_over_the_layers(maps):
    """Takes the mean over axis 0, the layers, and multiplies the heads."""
    return _product((maps.mean(dim=0) + torch.eye(maps.shape[-1])) / 2)


def rollout__last_layer_only(maps):
    """Looks at the last layer and not at what came before."""
    return _mixed(maps)[-1]


def rollout__first_layer_left_out(maps):
    """Starts with the identity and counts the layers from 1."""
    mixed = _mixed(maps)
    result = torch.eye(maps.shape[-1])
    for layer in range(1, len(mixed)):
        result = mixed[layer] @ result
    return result


def rollout__elementwise_product(maps):
    """Writes * for @."""
    result = torch.ones(maps.shape[-2:])
    for matrix in _mixed(maps):
        result = result * matrix
    return result


def rollout__identity_added_after_the_product(maps):
    """Multiplies the mean maps, and mixes the identity in once at the end."""
    return (_product(maps.mean(dim=1)) + torch.eye(maps.shape[-1])) / 2


def rollout__result_transposed(maps):
    """Returns input words in rows and output words in columns."""
    return _product(_mixed(maps)).T


def rollout__no_identity__and__product_in_the_wrong_order(maps):
    """Multiplies the mean maps with the first on the left."""
    result = maps[0].mean(dim=0)
    for layer in maps[1:]:
        result = result @ layer.mean(dim=0)
    return result


def rollout__heads_summed__and__no_half(maps):
    """Adds the heads up, adds the identity, and divides by nothing."""
    return _product(maps.sum(dim=1) + torch.eye(maps.shape[-1]))


def rollout__each_head_on_its_own(maps):
    """Follows every head through the layers separately and takes the mean over the heads at the end."""
    n = maps.shape[-1]
    result = torch.eye(n).expand(maps.shape[1], n, n)
    for layer in maps:
        result = (layer + torch.eye(n)) / 2 @ result
    return result.mean(dim=0)


# ----------------------------------------------------------------------- previous_word_head
def previous_word_head__next_word(maps):
    """Reads the diagonal above the main one: word i on word i + 1."""
    weights = maps.diagonal(offset=1, dim1=-2, dim2=-1).mean(dim=-1)
    return divmod(weights.argmax().item(), maps.shape[1])


def previous_word_head__again_next_word(maps):
    """Swaps query and key: reads the weight of word i - 1 on word i."""
    best, where = -1.0, None
    for layer in range(maps.shape[0]):
        for head in range(maps.shape[1]):
            weight = sum(maps[layer, head, i - 1, i].item() for i in range(1, maps.shape[2]))
            if weight > best:
                best, where = weight, (layer, head)
    return where


def previous_word_head__main_diagonal(maps):
    """Forgets the offset: finds the head that looks most at the word itself."""
    weights = maps.diagonal(dim1=-2, dim2=-1).mean(dim=-1)
    return divmod(weights.argmax().item(), maps.shape[1])


def previous_word_head__head_before_layer(maps):
    """Returns (head, layer)."""
    layer, head = divmod(_before(maps).argmax().item(), maps.shape[1])
    return head, layer


def previous_word_head__divided_by_the_layers(maps):
    """Divides the place in the flat table by the number of layers."""
    return divmod(_before(maps).argmax().item(), maps.shape[0])


def previous_word_head__place_in_the_flat_table(maps):
    """Returns what argmax returns, which counts through all layers."""
    return _before(maps).argmax().item()


def previous_word_head__counts_tops(maps):
    """Counts how often the previous word has the largest weight of its row."""
    n = maps.shape[-1]
    tops = (maps[:, :, 1:].argmax(dim=-1) == torch.arange(n - 1)).float().mean(dim=-1)
    return divmod(tops.argmax().item(), maps.shape[1])


def previous_word_head__largest_single_weight(maps):
    """Compares the largest weight on a previous word and not the mean."""
    weights = maps.diagonal(offset=-1, dim1=-2, dim2=-1).amax(dim=-1)
    return divmod(weights.argmax().item(), maps.shape[1])


def previous_word_head__first_word_counted_in(maps):
    """Lets i start at 0, and i - 1 is then the last word."""
    best, where = -1.0, None
    n = maps.shape[-1]
    for layer in range(maps.shape[0]):
        for head in range(maps.shape[1]):
            mean = sum(maps[layer, head, i, i - 1] for i in range(n)) / n
            if mean > best:
                best, where = mean, (layer, head)
    return where


def previous_word_head__counted_from_1(maps):
    """Counts layers and heads from 1."""
    layer, head = divmod(_before(maps).argmax().item(), maps.shape[1])
    return layer + 1, head + 1


def previous_word_head__layer_and_head_apart(maps):
    """Finds the layer with the largest mean and the head number with the largest mean, each alone."""
    weights = _before(maps)
    return weights.mean(dim=1).argmax().item(), weights.mean(dim=0).argmax().item()


def previous_word_head__all_words_before(maps):
    """Counts the weight on all words before, not only on the last of them."""
    weights = maps.tril(diagonal=-1).sum(dim=-1)[:, :, 1:].mean(dim=-1)
    return divmod(weights.argmax().item(), maps.shape[1])


def previous_word_head__first_column(maps):
    """Finds the head that looks most at the first word."""
    weights = maps[:, :, 1:, 0].mean(dim=-1)
    return divmod(weights.argmax().item(), maps.shape[1])


def previous_word_head__last_layer_only(maps):
    """Looks for the head in the last layer only."""
    return len(maps) - 1, _before(maps)[-1].argmax().item()


def previous_word_head__next_word__and__head_before_layer(maps):
    """Reads the diagonal above the main one, and returns (head, layer)."""
    weights = maps.diagonal(offset=1, dim1=-2, dim2=-1).mean(dim=-1)
    layer, head = divmod(weights.argmax().item(), maps.shape[1])
    return head, layer


def previous_word_head__counts_tops__and__counted_from_1(maps):
    """Counts how often the previous word is the top, and counts layers and heads from 1."""
    n = maps.shape[-1]
    tops = (maps[:, :, 1:].argmax(dim=-1) == torch.arange(n - 1)).sum(dim=-1)
    layer, head = divmod(tops.argmax().item(), maps.shape[1])
    return layer + 1, head + 1


def previous_word_head__counted_from_one(maps):
    """Counts the layers from 1, as the chapter's titles do."""
    means = maps.diagonal(offset=-1, dim1=-2, dim2=-1).mean(-1)
    layer, head = divmod(int(means.argmax()), maps.shape[1])
    return layer + 1, head


def previous_word_head__best_layer_then_best_head(maps):
    """Picks the layer with the largest mean over its heads, then the best head in it; the best may be elsewhere."""
    means = maps.diagonal(offset=-1, dim1=-2, dim2=-1).mean(-1)
    layer = int(means.mean(dim=1).argmax())
    return layer, int(means[layer].argmax())
