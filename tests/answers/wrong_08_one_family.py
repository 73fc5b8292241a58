"""Wrong answers to the exercises of chapter 8, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Most have
the right shape and wrong numbers; some are wrong for few inputs only, such as an offset to the left,
the two ends of a sentence, a node without edges, or a mask without a diagonal.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F


def _phi(x):
    """Compute the feature map as it should be, for answers whose mistake is elsewhere."""
    return F.elu(x) + 1


def _taps(n, offset):
    """Make the weights of one tap as they should be, for answers whose mistake is elsewhere."""
    return torch.ones(n, n).triu(offset).tril(offset)


# ------------------------------------------------------------------------------ tap_weights
def tap_weights__wraps_around(n, offset):
    """Rolls the identity, so that the end of the sentence looks at its beginning."""
    return torch.roll(torch.eye(n), offset, dims=1)


def tap_weights__other_direction(n, offset):
    """Writes to [i + offset, i]: looks to the left where the right is meant."""
    weights = torch.zeros(n, n)
    for i in range(n):
        if 0 <= i + offset < n:
            weights[i + offset, i] = 1
    return weights


def tap_weights__ends_repeated(n, offset):
    """Lets a place outside the sentence be the last one inside."""
    weights = torch.zeros(n, n)
    places = (torch.arange(n) + offset).clamp(0, n - 1)
    weights[torch.arange(n), places] = 1
    return weights


def tap_weights__outside_looks_at_itself(n, offset):
    """Lets a row without a place look at itself."""
    weights = torch.zeros(n, n)
    for i in range(n):
        j = i + offset if 0 <= i + offset < n else i
        weights[i, j] = 1
    return weights


def tap_weights__outside_looks_everywhere(n, offset):
    """Fills scores with -1e9 and takes the softmax, so a row without a place looks everywhere."""
    scores = torch.full((n, n), -1e9)
    scores[_taps(n, offset) == 1] = 0.0
    return torch.softmax(scores, dim=1)


def tap_weights__outside_is_nan(n, offset):
    """Fills scores with -inf and takes the softmax: NaN in a row without a place."""
    scores = torch.zeros(n, n).masked_fill(_taps(n, offset) == 0, -math.inf)
    return torch.softmax(scores, dim=1)


def tap_weights__softmax_of_the_ones(n, offset):
    """Puts the softmax on zeros and ones, which leaves weight for every place."""
    return torch.softmax(_taps(n, offset), dim=1)


def tap_weights__negative_index(n, offset):
    """Tests the right end alone: to the left, Python counts from the end."""
    weights = torch.zeros(n, n)
    for i in range(n):
        if i + offset < n:
            weights[i, i + offset] = 1
    return weights


def tap_weights__first_place_left_out(n, offset):
    """Writes > 0 for >= 0, so nobody can look at the first place."""
    weights = torch.zeros(n, n)
    for i in range(n):
        if 0 < i + offset < n:
            weights[i, i + offset] = 1
    return weights


def tap_weights__last_place_left_out(n, offset):
    """Writes < n - 1 for < n, so nobody can look at the last place."""
    weights = torch.zeros(n, n)
    for i in range(n):
        if 0 <= i + offset < n - 1:
            weights[i, i + offset] = 1
    return weights


def tap_weights__counted_from_one(n, offset):
    """Looks one place too far to the left."""
    i = torch.arange(n)
    return (i[None, :] == i[:, None] + offset - 1).float()


def tap_weights__everything_beyond(n, offset):
    """Lets a row look at all places from i + offset on."""
    return torch.triu(torch.ones(n, n), diagonal=offset)


def tap_weights__sign_lost(n, offset):
    """Uses the size of the offset, so left becomes right."""
    i = torch.arange(n)
    return (i[None, :] - i[:, None] == abs(offset)).float()


def tap_weights__whole_window(n, offset):
    """Looks at every place up to `offset` away, each with the same weight."""
    i = torch.arange(n)
    window = ((i[None, :] - i[:, None]).abs() <= abs(offset)).float()
    return window / window.sum(dim=1, keepdim=True)


def tap_weights__offset_beyond_the_sentence(n, offset):
    """Makes a vector of n - |offset| ones, which fails when the offset is larger than the sentence."""
    return torch.diag(torch.ones(n - abs(offset)), offset)


def tap_weights__minus_offset__and__ends_repeated(n, offset):
    """Subtracts the offset, and repeats the ends."""
    places = (torch.arange(n) - offset).clamp(0, n - 1)
    return F.one_hot(places, n).float()


def tap_weights__rolled_along_the_rows(n, offset):
    """Rolls the identity along the rows, which looks the other way and comes round the end as well."""
    return torch.eye(n).roll(offset, dims=0)


def tap_weights__window_up_to_the_offset(n, offset):
    """Lets the head look at all places from itself up to the offset, in equal parts, not at the one place."""
    places = np.arange(n)
    distance = places - places[:, None]
    low, high = min(0, offset), max(0, offset)
    weights = ((low <= distance) & (distance <= high)).astype(float)
    return weights / weights.sum(axis=1, keepdims=True)


# ---------------------------------------------------------------------------- conv_by_heads
def conv_by_heads__kernel_flipped(X, kernel):
    """Turns the kernel round, as convolution in mathematics does."""
    n = len(X)
    return sum(_taps(n, t - 1) @ X @ kernel[2 - t] for t in range(3))


def conv_by_heads__wraps_around(X, kernel):
    """Rolls the words, so that both ends of the sentence meet."""
    return torch.roll(X, 1, 0) @ kernel[0] + X @ kernel[1] + torch.roll(X, -1, 0) @ kernel[2]


def conv_by_heads__negative_index(X, kernel):
    """Reads X[i - 1] for i = 0 too, which is the last word."""
    n = len(X)
    rows = []
    for i in range(n):
        y = X[i - 1] @ kernel[0] + X[i] @ kernel[1]
        if i + 1 < n:
            y = y + X[i + 1] @ kernel[2]
        rows.append(y)
    return torch.stack(rows)


def conv_by_heads__ends_repeated(X, kernel):
    """Repeats the first and the last word beyond the ends."""
    padded = torch.cat([X[:1], X, X[-1:]])
    n = len(X)
    return sum(padded[t : t + n] @ kernel[t] for t in range(3))


def conv_by_heads__no_padding(X, kernel):
    """Computes the places where the whole kernel fits: two rows are missing."""
    n = len(X)
    return sum(X[t : n - 2 + t] @ kernel[t] for t in range(3))


def conv_by_heads__ends_left_zero(X, kernel):
    """Loops over the places inside and leaves the first and the last row zero."""
    n = len(X)
    output = torch.zeros(n, kernel.shape[2])
    for i in range(1, n - 1):
        for t in range(3):
            output[i] += X[i + t - 1] @ kernel[t]
    return output


def conv_by_heads__not_centred(X, kernel):
    """Looks at i + t: the place itself and the two after it."""
    n = len(X)
    return sum(_taps(n, t) @ X @ kernel[t] for t in range(3))


def conv_by_heads__causal(X, kernel):
    """Looks at i + t - 2: the place itself and the two before it."""
    n = len(X)
    return sum(_taps(n, t - 2) @ X @ kernel[t] for t in range(3))


def conv_by_heads__mean_of_the_heads(X, kernel):
    """Takes the mean of the heads where the sum is meant."""
    n = len(X)
    return torch.stack([_taps(n, t - 1) @ X @ kernel[t] for t in range(3)]).mean(dim=0)


def conv_by_heads__heads_joined(X, kernel):
    """Puts the heads side by side where they are added: three times as many features."""
    n = len(X)
    return torch.cat([_taps(n, t - 1) @ X @ kernel[t] for t in range(3)], dim=-1)


def conv_by_heads__last_head_alone(X, kernel):
    """Writes = for += and keeps the last head."""
    n = len(X)
    for t in range(3):
        output = _taps(n, t - 1) @ X @ kernel[t]
    return output


def conv_by_heads__one_kernel_for_all(X, kernel):
    """Multiplies every head by the matrix in the middle."""
    n = len(X)
    return sum(_taps(n, t - 1) for t in range(3)) @ X @ kernel[1]


def conv_by_heads__ends_scaled_up(X, kernel):
    """Divides by the share of the kernel that lies inside the sentence."""
    n = len(X)
    output = sum(_taps(n, t - 1) @ X @ kernel[t] for t in range(3))
    inside = sum(_taps(n, t - 1).sum(dim=1, keepdim=True) for t in range(3))
    return output * 3 / inside


def conv_by_heads__kernel_transposed(X, kernel):
    """Transposes every matrix of the kernel: fails unless d_in and d_out are equal."""
    n = len(X)
    return sum(_taps(n, t - 1) @ X @ kernel[t].T for t in range(3))


def conv_by_heads__kernel_reshaped_for_torch(X, kernel):
    """Brings the kernel into PyTorch's order with reshape, which mixes its numbers."""
    _, d_in, d_out = kernel.shape
    return F.conv1d(X.T[None], kernel.reshape(d_out, d_in, 3), padding=1)[0].T


def conv_by_heads__kernel_flipped__and__wraps_around(X, kernel):
    """Turns the kernel round, and lets both ends meet."""
    return torch.roll(X, -1, 0) @ kernel[0] + X @ kernel[1] + torch.roll(X, 1, 0) @ kernel[2]


# -------------------------------------------------------------------- linear_attention_step
def linear_attention_step__answers_first(state, total, query, key, value):
    """Answers with the old state, and takes the new word in afterwards."""
    q, k = _phi(query), _phi(key)
    output = (q @ state) / (q @ total)
    return output, state + torch.outer(k, value), total + k


def linear_attention_step__old_total(state, total, query, key, value):
    """Divides by the total from before this word."""
    q, k = _phi(query), _phi(key)
    state = state + torch.outer(k, value)
    return (q @ state) / (q @ total), state, total + k


def linear_attention_step__outer_transposed(state, total, query, key, value):
    """Writes value outer key: fails unless d_k and d_v are equal."""
    q, k = _phi(query), _phi(key)
    state = state + torch.outer(value, k)
    total = total + k
    return (q @ state) / (q @ total), state, total


def linear_attention_step__query_not_mapped(state, total, query, key, value):
    """Forgets the feature map on the query."""
    k = _phi(key)
    state = state + torch.outer(k, value)
    total = total + k
    return (query @ state) / (query @ total), state, total


def linear_attention_step__key_not_mapped(state, total, query, key, value):
    """Forgets the feature map on the key."""
    q = _phi(query)
    state = state + torch.outer(key, value)
    total = total + key
    return (q @ state) / (q @ total), state, total


def linear_attention_step__total_of_plain_keys(state, total, query, key, value):
    """Forgets the feature map where the total grows."""
    q, k = _phi(query), _phi(key)
    state = state + torch.outer(k, value)
    total = total + key
    return (q @ state) / (q @ total), state, total


def linear_attention_step__no_feature_map(state, total, query, key, value):
    """Uses query and key as they are."""
    state = state + torch.outer(key, value)
    total = total + key
    return (query @ state) / (query @ total), state, total


def linear_attention_step__one_forgotten_in_the_map(state, total, query, key, value):
    """Uses elu alone, which can be negative."""
    q, k = F.elu(query), F.elu(key)
    state = state + torch.outer(k, value)
    total = total + k
    return (q @ state) / (q @ total), state, total


def linear_attention_step__relu(state, total, query, key, value):
    """Uses relu(x) + 1 for the feature map."""
    q, k = F.relu(query) + 1, F.relu(key) + 1
    state = state + torch.outer(k, value)
    total = total + k
    return (q @ state) / (q @ total), state, total


def linear_attention_step__not_divided(state, total, query, key, value):
    """Forgets to divide by the sum of the weights."""
    q, k = _phi(query), _phi(key)
    state = state + torch.outer(k, value)
    return q @ state, state, total + k


def linear_attention_step__divided_by_the_sum_of_total(state, total, query, key, value):
    """Divides by the sum of the total, without the query."""
    q, k = _phi(query), _phi(key)
    state = state + torch.outer(k, value)
    total = total + k
    return (q @ state) / total.sum(), state, total


def linear_attention_step__divided_by_the_root_too(state, total, query, key, value):
    """Divides by sqrt(d_k) as well, as for scores."""
    q, k = _phi(query), _phi(key)
    state = state + torch.outer(k, value)
    total = total + k
    return (q @ state) / (q @ total) / math.sqrt(len(key)), state, total


def linear_attention_step__state_replaced(state, total, query, key, value):
    """Writes = for +=: every word makes the ones before it forgotten."""
    q, k = _phi(query), _phi(key)
    state = torch.outer(k, value)
    total = k
    return (q @ state) / (q @ total), state, total


def linear_attention_step__old_ones_returned(state, total, query, key, value):
    """Computes the right output and returns state and total as they came."""
    q, k = _phi(query), _phi(key)
    new_state, new_total = state + torch.outer(k, value), total + k
    return (q @ new_state) / (q @ new_total), state, total


def linear_attention_step__output_last(state, total, query, key, value):
    """Returns state, total and output, in this order."""
    q, k = _phi(query), _phi(key)
    state = state + torch.outer(k, value)
    total = total + k
    return state, total, (q @ state) / (q @ total)


def linear_attention_step__answers_first__and__not_divided(state, total, query, key, value):
    """Answers with the old state, and does not divide."""
    q, k = _phi(query), _phi(key)
    return q @ state, state + torch.outer(k, value), total + k


def linear_attention_step__in_place(state, total, query, key, value):
    """Uses += and so changes the arrays that were given."""
    q, k = F.elu(query) + 1, F.elu(key) + 1
    state += torch.outer(k, value)
    total += k
    return q @ state / (q @ total), state, total


# ---------------------------------------------------------------------------- mask_of_graph
def mask_of_graph__one_direction(edges, num_nodes):
    """Writes every edge as given: the second node does not see the first."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    mask[edges[:, 0], edges[:, 1]] = True
    return mask


def mask_of_graph__other_direction(edges, num_nodes):
    """Writes every edge turned round: the first node does not see the second."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    for a, b in edges.tolist():
        mask[b, a] = True
    return mask


def mask_of_graph__not_itself(edges, num_nodes):
    """Forgets the diagonal: nobody may look at itself."""
    mask = torch.zeros(num_nodes, num_nodes, dtype=torch.bool)
    mask[edges[:, 0], edges[:, 1]] = True
    mask[edges[:, 1], edges[:, 0]] = True
    return mask


def mask_of_graph__zeros_and_ones(edges, num_nodes):
    """Returns a table of float zeros and ones."""
    mask = torch.eye(num_nodes)
    mask[edges[:, 0], edges[:, 1]] = 1
    mask[edges[:, 1], edges[:, 0]] = 1
    return mask


def mask_of_graph__whole_numbers(edges, num_nodes):
    """Adds up three integer tables: neighbours, neighbours transposed, and the diagonal."""
    neighbours = torch.zeros(num_nodes, num_nodes, dtype=torch.int64)
    neighbours[edges[:, 0], edges[:, 1]] = 1
    return neighbours + neighbours.T + torch.eye(num_nodes, dtype=torch.int64)


def mask_of_graph__ready_to_be_added(edges, num_nodes):
    """Returns 0 where a node may look and minus infinity elsewhere."""
    mask = torch.full((num_nodes, num_nodes), -math.inf)
    mask.fill_diagonal_(0)
    mask[edges[:, 0], edges[:, 1]] = 0
    mask[edges[:, 1], edges[:, 0]] = 0
    return mask


def mask_of_graph__true_for_forbidden(edges, num_nodes):
    """Turns the meaning round: True where a node may not look."""
    mask = torch.ones(num_nodes, num_nodes, dtype=torch.bool)
    mask.fill_diagonal_(False)
    mask[edges[:, 0], edges[:, 1]] = False
    mask[edges[:, 1], edges[:, 0]] = False
    return mask


def mask_of_graph__rows_for_columns(edges, num_nodes):
    """Takes the first two edges for the two ends of all edges."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    mask[edges[0], edges[1]] = True
    mask[edges[1], edges[0]] = True
    return mask


def mask_of_graph__last_edge_left_out(edges, num_nodes):
    """Stops one edge too early."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    for e in range(len(edges) - 1):
        a, b = edges[e]
        mask[a, b] = mask[b, a] = True
    return mask


def mask_of_graph__nodes_without_edges_blind(edges, num_nodes):
    """Writes the diagonal while it goes through the edges, so a node without one sees nothing."""
    mask = torch.zeros(num_nodes, num_nodes, dtype=torch.bool)
    for a, b in edges.tolist():
        mask[a, b] = mask[b, a] = mask[a, a] = mask[b, b] = True
    return mask


def mask_of_graph__size_from_the_edges(edges, num_nodes):
    """Takes the largest number in the edges for the last node."""
    size = int(edges.max()) + 1
    mask = torch.eye(size, dtype=torch.bool)
    mask[edges[:, 0], edges[:, 1]] = True
    mask[edges[:, 1], edges[:, 0]] = True
    return mask


def mask_of_graph__counted_from_one(edges, num_nodes):
    """Subtracts 1 from the nodes, as if they were counted from 1."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    for a, b in (edges - 1).tolist():
        mask[a, b] = mask[b, a] = True
    return mask


def mask_of_graph__all_pairs(edges, num_nodes):
    """Indexes with a column and a row of nodes, which writes every pair of them."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    a, b = edges[:, 0], edges[:, 1]
    mask[a[:, None], b[None, :]] = True
    return mask | mask.T


def mask_of_graph__neighbours_of_neighbours(edges, num_nodes):
    """Multiplies the table by its transpose to make it symmetric, which takes one step more."""
    table = torch.eye(num_nodes)
    table[edges[:, 0], edges[:, 1]] = 1
    return table @ table.T > 0


def mask_of_graph__and_for_or(edges, num_nodes):
    """Joins the table and its transpose with `and`: no edge is given both ways, so none is left."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    mask[edges[:, 0], edges[:, 1]] = True
    return mask & mask.T


def mask_of_graph__one_direction__and__not_itself(edges, num_nodes):
    """Writes every edge as given, and forgets the diagonal."""
    mask = torch.zeros(num_nodes, num_nodes, dtype=torch.bool)
    mask[edges[:, 0], edges[:, 1]] = True
    return mask


def mask_of_graph__whole_rows(edges, num_nodes):
    """Writes mask[edges] = True, which sets the complete rows of all nodes that have an edge."""
    mask = torch.eye(num_nodes, dtype=torch.bool)
    mask[edges] = True
    return mask


def mask_of_graph__whole_component(edges, num_nodes):
    """Joins all nodes that are connected at all, friends of friends included."""
    mask = torch.eye(num_nodes)
    for a, b in edges.tolist():
        mask[a, b] = mask[b, a] = 1
    for _ in range(num_nodes):
        mask = ((mask @ mask) > 0).float()
    return mask.bool()


# ------------------------------------------------------------------------------------ reach
def reach__power_number_by_number(mask, num_layers):
    """Raises every number to a power, which leaves zeros and ones as they are."""
    return (mask.int() ** num_layers) > 0


def reach__always_two_layers(mask, num_layers):
    """Multiplies the mask by itself once, however many layers there are."""
    table = mask.float()
    return table @ table > 0


def reach__one_layer_too_many(mask, num_layers):
    """Starts with the mask and multiplies num_layers times."""
    reached = mask.float()
    for _ in range(num_layers):
        reached = (reached @ mask.float() > 0).float()
    return reached.bool()


def reach__one_layer_too_few(mask, num_layers):
    """Starts with the identity and multiplies num_layers - 1 times."""
    reached = torch.eye(len(mask))
    for _ in range(num_layers - 1):
        reached = (reached @ mask.float() > 0).float()
    return reached.bool()


def reach__squared_in_every_layer(mask, num_layers):
    """Multiplies the result by itself and not by the mask, so the layers double."""
    reached = mask.float()
    for _ in range(num_layers - 1):
        reached = (reached @ reached > 0).float()
    return reached.bool()


def reach__transposed(mask, num_layers):
    """Gives the inputs first and the outputs second."""
    reached = mask
    for _ in range(num_layers - 1):
        reached = (reached.float() @ mask.float()) > 0
    return reached.T


def reach__either_way(mask, num_layers):
    """Makes the mask symmetric first."""
    both = (mask | mask.T).float()
    reached = both
    for _ in range(num_layers - 1):
        reached = (reached @ both > 0).float()
    return reached.bool()


def reach__itself_always(mask, num_layers):
    """Adds the diagonal first, as if every word could look at itself."""
    looped = mask | torch.eye(len(mask), dtype=torch.bool)
    reached = looped.float()
    for _ in range(num_layers - 1):
        reached = (reached @ looped.float() > 0).float()
    return reached.bool()


def reach__fewer_layers_too(mask, num_layers):
    """Collects what 1, 2, ... layers reach, although all the layers are there."""
    reached, power = mask.clone(), mask.float()
    for _ in range(num_layers - 1):
        power = (power @ mask.float() > 0).float()
        reached |= power.bool()
    return reached


def reach__until_nothing_is_new(mask, num_layers):
    """Goes on until nothing changes, however many layers there are."""
    reached = mask.clone()
    while True:
        wider = reached | (reached.float() @ mask.float() > 0)
        if torch.equal(wider, reached):
            return reached
        reached = wider


def reach__ways_counted(mask, num_layers):
    """Returns the number of ways and not whether there is one."""
    return torch.linalg.matrix_power(mask.double(), num_layers)


def reach__exactly_one_way(mask, num_layers):
    """Compares the number of ways with 1, so two ways count as none."""
    return torch.linalg.matrix_power(mask.double(), num_layers) == 1


def reach__small_integers_overflow(mask, num_layers):
    """Counts the ways in 8 bits, where 256 ways are none."""
    table = mask.to(torch.uint8)
    reached = table
    for _ in range(num_layers - 1):
        reached = reached @ table
    return reached > 0


def reach__all_for_any(mask, num_layers):
    """Asks that all words in between be seen, where one is enough."""
    reached = mask
    for _ in range(num_layers - 1):
        reached = (mask[:, :, None] & reached[None, :, :]).all(dim=1)
    return reached


def reach__wider_band(mask, num_layers):
    """Takes every mask for a window around the word and multiplies its width by the layers."""
    i = torch.arange(len(mask))
    distance = (i[:, None] - i[None, :]).abs()
    width = int((distance * mask).max())
    return distance <= num_layers * width


def reach__transposed__and__one_layer_too_many(mask, num_layers):
    """Gives the inputs first, and adds one layer."""
    reached = mask.float()
    for _ in range(num_layers):
        reached = (reached @ mask.float() > 0).float()
    return reached.bool().T


def reach__product_of_bools(mask, num_layers):
    """Multiplies the bool tensors as they are; torch has no matrix product for bool and raises from two layers on."""
    reached = mask
    for _ in range(num_layers - 1):
        reached = mask @ reached
    return reached
