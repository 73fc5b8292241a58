"""Wrong answers to the exercises of chapter 7, as a learner might write them.

A checker that accepts one of these cannot do its work. Every function is one answer. Its name is
`<exercise>__<what_went_wrong>`, with `__and__` between two mistakes made at once; it takes the
exercise's parameters, and its docstring says in plain words what the learner did wrong. Some are
wrong for few inputs only, such as one kind of layer, a kernel of even size, or a word whose way
leads back to itself.

To add an answer: copy what a real learner wrote, give it such a name and such a docstring, and make
sure that the exercise's own docstring calls it wrong for some input that may be handed over.
Helpers start with an underscore, so that they are not taken for answers.
"""
# ruff: noqa: F841 - learners' slips are the point

import math
from collections import deque

import torch


def _recurrent_flops(kind, n, d):
    """Count a recurrent layer as it should be, for answers whose mistake is elsewhere."""
    return {"rnn": 1, "gru": 3, "lstm": 4}[kind] * 4 * n * d**2


def _attention_flops(n, d):
    """Count self-attention as it should be, for answers whose mistake is elsewhere."""
    return 8 * n * d**2 + 4 * n**2 * d


def _other_flops(kind, n, d, k):
    """Count the layer that attention is compared with, for answers whose mistake is elsewhere."""
    return 2 * k * n * d**2 if kind == "conv" else _recurrent_flops(kind, n, d)


# ------------------------------------------------------------------------------ layer_flops
def layer_flops__multiplications_only(kind, n, d, k):
    """Counts multiplications and leaves the additions out: half of every number."""
    if kind == "conv":
        return k * n * d * d
    if kind == "attention":
        return 4 * n * d * d + 2 * n * n * d
    return {"rnn": 1, "gru": 3, "lstm": 4}[kind] * 2 * n * d * d


def layer_flops__projections_forgotten(kind, n, d, k):
    """Counts scores and weighted sum of attention, and none of the four projections."""
    if kind == "attention":
        return 4 * n * n * d
    return _other_flops(kind, n, d, k)


def layer_flops__output_projection_forgotten(kind, n, d, k):
    """Counts three projections: W_o is left out."""
    if kind == "attention":
        return 3 * 2 * n * d * d + 2 * 2 * n * n * d
    return _other_flops(kind, n, d, k)


def layer_flops__weighted_sum_forgotten(kind, n, d, k):
    """Counts the scores and not the product of the weights with the values."""
    if kind == "attention":
        return 4 * 2 * n * d * d + 2 * n * n * d
    return _other_flops(kind, n, d, k)


def layer_flops__one_flop_a_score(kind, n, d, k):
    """Counts one score or one weight as one multiply-add, as if words had one feature."""
    if kind == "attention":
        return 8 * n * d * d + 4 * n * n
    return _other_flops(kind, n, d, k)


def layer_flops__softmax_counted(kind, n, d, k):
    """Counts the softmax too: exponential, sum and division of every score."""
    if kind == "attention":
        return _attention_flops(n, d) + 3 * n * n
    return _other_flops(kind, n, d, k)


def layer_flops__kernel_squared(kind, n, d, k):
    """Takes the kernel for one of pictures, k by k."""
    if kind == "conv":
        return 2 * k**2 * n * d**2
    return _attention_flops(n, d) if kind == "attention" else _recurrent_flops(kind, n, d)


def layer_flops__one_output_channel(kind, n, d, k):
    """Counts one output channel of the convolution: d once and not squared."""
    if kind == "conv":
        return 2 * k * n * d
    return _attention_flops(n, d) if kind == "attention" else _recurrent_flops(kind, n, d)


def layer_flops__no_padding(kind, n, d, k):
    """Counts the places where the kernel fits without padding, n - k + 1 of them."""
    if kind == "conv":
        return 2 * k * (n - k + 1) * d**2
    return _attention_flops(n, d) if kind == "attention" else _recurrent_flops(kind, n, d)


def layer_flops__state_forgotten(kind, n, d, k):
    """Multiplies the input alone in a recurrent layer; the state costs nothing."""
    if kind == "conv":
        return 2 * k * n * d**2
    if kind == "attention":
        return _attention_flops(n, d)
    return {"rnn": 1, "gru": 3, "lstm": 4}[kind] * 2 * n * d**2


def layer_flops__gates_forgotten(kind, n, d, k):
    """Takes all three recurrent layers for the same one."""
    if kind == "conv":
        return 2 * k * n * d**2
    if kind == "attention":
        return _attention_flops(n, d)
    return 2 * 2 * n * d**2


def layer_flops__gru_and_lstm_swapped(kind, n, d, k):
    """Gives the GRU four products and the LSTM three."""
    if kind in ("gru", "lstm"):
        return {"gru": 4, "lstm": 3}[kind] * 4 * n * d**2
    return _attention_flops(n, d) if kind == "attention" else _other_flops(kind, n, d, k)


def layer_flops__candidate_forgotten(kind, n, d, k):
    """Counts the gates alone, two of the GRU and three of the LSTM, and not the new state itself."""
    if kind in ("gru", "lstm"):
        return {"gru": 2, "lstm": 3}[kind] * 4 * n * d**2
    return _attention_flops(n, d) if kind == "attention" else _other_flops(kind, n, d, k)


def layer_flops__one_step_of_the_rnn(kind, n, d, k):
    """Counts one step of a recurrent layer and not n of them."""
    if kind in ("rnn", "gru", "lstm"):
        return _recurrent_flops(kind, 1, d)
    return _attention_flops(n, d) if kind == "attention" else _other_flops(kind, n, d, k)


def layer_flops__first_state_is_free(kind, n, d, k):
    """Leaves the state out of the first step, since it is zero there."""
    if kind in ("rnn", "gru", "lstm"):
        return {"rnn": 1, "gru": 3, "lstm": 4}[kind] * 2 * (n + n - 1) * d**2
    return _attention_flops(n, d) if kind == "attention" else _other_flops(kind, n, d, k)


def layer_flops__multiplications_only__and__projections_forgotten(kind, n, d, k):
    """Counts multiplications alone, and leaves the projections out."""
    if kind == "attention":
        return 2 * n * n * d
    return _other_flops(kind, n, d, k) // 2


def layer_flops__two_d_for_d_squared__and__projections_once(kind, n, d, k):
    """Writes d * 2 for d ** 2 in the recurrent layers, and counts the projections once, not for every word."""
    if kind == "conv":
        return 2 * k * n * d**2
    if kind == "attention":
        return 2 * (4 * d**2 + 2 * n**2 * d)
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[kind]
    return gates * 2 * n * 2 * (d * 2)


# --------------------------------------------------------------------------- steps_in_a_row
def steps_in_a_row__words_times_layers(kind, n, num_layers):
    """Lets every layer wait until the one below has read the whole sentence."""
    if kind == "rnn":
        return n * num_layers
    return num_layers


def steps_in_a_row__last_cell_counted_twice(kind, n, num_layers):
    """Adds words and layers and counts the cell in the corner twice."""
    if kind == "rnn":
        return n + num_layers
    return num_layers


def steps_in_a_row__arrows_counted(kind, n, num_layers):
    """Counts the arrows between the cells of the longest chain and not the cells."""
    if kind == "rnn":
        return (n - 1) + (num_layers - 1)
    return num_layers


def steps_in_a_row__layers_of_the_rnn_forgotten(kind, n, num_layers):
    """Counts the words of a recurrent layer, as if all its layers worked at once."""
    if kind == "rnn":
        return n
    return num_layers


def steps_in_a_row__the_longer_side(kind, n, num_layers):
    """Takes the larger of the two chains, words or layers."""
    if kind == "rnn":
        return max(n, num_layers)
    return num_layers


def steps_in_a_row__first_word_is_free(kind, n, num_layers):
    """Counts n - 1 steps in every layer, because the first word waits for no state."""
    if kind == "rnn":
        return (n - 1) * num_layers
    return num_layers


def steps_in_a_row__both_waits_added_up(kind, n, num_layers):
    """Adds the chains of both cells it waits for, where the longer one is meant."""
    if kind != "rnn":
        return num_layers
    chain = {}
    for layer in range(num_layers):
        for i in range(n):
            chain[layer, i] = 1 + chain.get((layer, i - 1), 0) + chain.get((layer - 1, i), 0)
    return chain[num_layers - 1, n - 1]


def steps_in_a_row__two_products_a_cell(kind, n, num_layers):
    """Counts the products of input and state in every cell as two steps one after the other."""
    if kind == "rnn":
        return 2 * (n + num_layers - 1)
    return num_layers


def steps_in_a_row__attention_word_by_word(kind, n, num_layers):
    """Lets attention go through the words one by one."""
    if kind == "rnn":
        return n + num_layers - 1
    if kind == "attention":
        return n * num_layers
    return num_layers


def steps_in_a_row__convolution_place_by_place(kind, n, num_layers):
    """Lets the kernel slide: a convolution computes one place after the other."""
    if kind == "rnn":
        return n + num_layers - 1
    if kind == "conv":
        return n * num_layers
    return num_layers


def steps_in_a_row__all_pairs_of_words(kind, n, num_layers):
    """Counts the scores of attention, one for every pair of words."""
    if kind == "attention":
        return n * n * num_layers
    if kind == "conv":
        return num_layers
    return n + num_layers - 1


def steps_in_a_row__three_steps_of_attention(kind, n, num_layers):
    """Counts scores, softmax and weighted sum as three operations of a layer."""
    if kind == "attention":
        return 3 * num_layers
    if kind == "conv":
        return num_layers
    return n + num_layers - 1


def steps_in_a_row__one_for_all_layers(kind, n, num_layers):
    """Gives 1 for convolution and attention, as in a table for one layer."""
    if kind == "rnn":
        return n + num_layers - 1
    return 1


def steps_in_a_row__same_chain_for_every_kind(kind, n, num_layers):
    """Uses the count of the recurrent layers for every kind."""
    return n + num_layers - 1


def steps_in_a_row__all_operations_counted(kind, n, num_layers):
    """Counts all the operations and not the ones that wait for each other."""
    return n * num_layers


def steps_in_a_row__words_times_layers__and__one_for_all_layers(kind, n, num_layers):
    """Multiplies words and layers for the recurrent kind, and gives 1 for the others."""
    return n * num_layers if kind == "rnn" else 1


def steps_in_a_row__counts_arrows_not_cells(kind, n, num_layers):
    """Counts the waits (arrows) between the operations, not the operations: one too few everywhere."""
    if kind == "rnn":
        return (n - 1) + (num_layers - 1)
    return num_layers - 1


def steps_in_a_row__conv_is_sequential_too(kind, n, num_layers):
    """Thinks that a convolution slides over the words one after the other, so treats it like the rnn."""
    if kind in ("rnn", "conv"):
        return n + num_layers - 1
    return num_layers


# ------------------------------------------------------------------------------ path_length
def path_length__arrows_the_other_way(sees, start, end):
    """Reads row `word` and not column `word`: walks from a word to what it sees."""
    seen, queue = set(), deque([(start, 0)])
    while queue:
        word, layers = queue.popleft()
        for other in range(len(sees)):
            if sees[word, other] and other not in seen:
                if other == end:
                    return layers + 1
                seen.add(other)
                queue.append((other, layers + 1))
    return -1


def path_length__either_way(sees, start, end):
    """Makes the table symmetric first, so that a dependence runs both ways."""
    both = sees | sees.T
    reached = torch.zeros(len(sees), dtype=torch.bool)
    reached[start] = True
    for layers in range(1, len(sees) + 1):
        reached = (both & reached).any(dim=1)
        if reached[end]:
            return layers
    return -1


def path_length__words_counted(sees, start, end):
    """Counts the words on the way, both ends included, and not the layers between them."""
    seen, queue = set(), deque([[start]])
    while queue:
        path = queue.popleft()
        for other in torch.nonzero(sees[:, path[-1]]).flatten().tolist():
            if other == end:
                return len([*path, other])
            if other not in seen:
                seen.add(other)
                queue.append([*path, other])
    return -1


def path_length__words_between_counted(sees, start, end):
    """Counts the words between both ends: one less than the layers."""
    seen, queue = set(), deque([(start, 0)])
    while queue:
        word, between = queue.popleft()
        for other in range(len(sees)):
            if sees[other, word]:
                if other == end:
                    return between
                if other not in seen:
                    seen.add(other)
                    queue.append((other, between + 1))
    return -1


def path_length__no_layer_from_a_word_to_itself(sees, start, end):
    """Tests for the end before the first layer: 0 when start and end are the same word."""
    distance, queue = {start: 0}, deque([start])
    while queue:
        word = queue.popleft()
        if word == end:
            return distance[word]
        for other in range(len(sees)):
            if sees[other, word] and other not in distance:
                distance[other] = distance[word] + 1
                queue.append(other)
    return -1


def path_length__way_back_never_found(sees, start, end):
    """Marks the start as visited, so no way from a word back to itself is found."""
    visited = {start}
    layer, layers = [start], 0
    while layer:
        layers += 1
        following = []
        for word in layer:
            for other in range(len(sees)):
                if sees[other, word] and other not in visited:
                    if other == end:
                        return layers
                    visited.add(other)
                    following.append(other)
        layer = following
    return -1


def path_length__at_least_one_by_max(sees, start, end):
    """Mends the 0 for a word and itself with max(1, ...), whether it sees itself or not."""
    distance, queue = {start: 0}, deque([start])
    while queue:
        word = queue.popleft()
        for other in torch.nonzero(sees[:, word]).flatten().tolist():
            if other not in distance:
                distance[other] = distance[word] + 1
                queue.append(other)
    return max(1, distance[end]) if end in distance else -1


def path_length__depth_first(sees, start, end):
    """Takes the newest word from the list and not the oldest, and returns the first way it meets."""
    seen, stack = set(), [(start, 0)]
    while stack:
        word, layers = stack.pop()
        for other in range(len(sees)):
            if sees[other, word]:
                if other == end:
                    return layers + 1
                if other not in seen:
                    seen.add(other)
                    stack.append((other, layers + 1))
    return -1


def path_length__depth_first_by_recursion(sees, start, end):
    """Calls itself for the first word that leads on, and takes the first way that arrives."""
    seen = set()

    def follow(word):
        for other in range(len(sees)):
            if sees[other, word] and other not in seen:
                seen.add(other)
                if other == end:
                    return 1
                rest = follow(other)
                if rest > 0:
                    return rest + 1
        return -1

    return follow(start)


def path_length__words_taken_from_the_queue(sees, start, end):
    """Raises the count for every word taken from the queue and not for every layer."""
    seen, queue, count = set(), deque([start]), 0
    while queue:
        word = queue.popleft()
        count += 1
        for other in range(len(sees)):
            if sees[other, word]:
                if other == end:
                    return count
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
    return -1


def path_length__no_way_is_zero(sees, start, end):
    """Returns 0 where no number of layers is enough."""
    reached = torch.arange(len(sees)) == start
    for layers in range(1, len(sees) + 1):
        reached = (sees & reached).any(dim=1)
        if reached[end]:
            return layers
    return 0


def path_length__no_way_is_infinite(sees, start, end):
    """Returns infinity where no number of layers is enough."""
    best = math.inf
    reached = torch.arange(len(sees)) == start
    for layers in range(len(sees), 0, -1):
        power = torch.linalg.matrix_power((sees * 1.0).double(), layers)
        if power[end, start] > 0:
            best = layers
    return best


def path_length__last_layer_not_tried(sees, start, end):
    """Tries n - 1 layers at most, which a way round through all n words does not fit into."""
    n = len(sees)
    reached = torch.arange(n) == start
    for layers in range(1, n):
        reached = (sees & reached).any(dim=1)
        if reached[end]:
            return layers
    return -1


def path_length__power_number_by_number(sees, start, end):
    """Raises every number of the table to a power, which leaves zeros and ones as they are."""
    table = sees.long()
    for layers in range(1, len(sees) + 1):
        if (table**layers)[end, start] > 0:
            return layers
    return -1


def path_length__distance_by_the_widest_row(sees, start, end):
    """Divides the distance by how far a row reaches, as if every row had the same window."""
    i, j = torch.nonzero(sees, as_tuple=True)
    if len(i) == 0:
        return -1
    reach = int((i - j).abs().max())
    return max(1, math.ceil(abs(end - start) / max(reach, 1)))


def path_length__arrows_the_other_way__and__words_counted(sees, start, end):
    """Walks from a word to what it sees, and counts words."""
    seen, queue = set(), deque([(start, 1)])
    while queue:
        word, words = queue.popleft()
        for other in range(len(sees)):
            if sees[word][other] and other not in seen:
                if other == end:
                    return words + 1
                seen.add(other)
                queue.append((other, words + 1))
    return -1


def path_length__start_visited_from_the_beginning(sees, start, end):
    """Marks start as visited before any layer, so that a way round to start in several layers is never found."""
    n = sees.shape[0]
    if start == end and sees[start, start]:
        return 1
    queue, distance = [start], {start: 0}
    while queue:
        j = queue.pop(0)
        for i in range(n):
            if sees[i, j] and i not in distance:
                distance[i] = distance[j] + 1
                if i == end:
                    return distance[i]
                queue.append(i)
    return -1


def path_length__arrows_turned__and__no_layer_to_itself(sees, start, end):
    """Follows sees[j, i] (the wrong way), and says 0 layers when start == end."""
    if start == end:
        return 0
    step = sees.T.float()
    reached = step
    for layers in range(1, len(sees) + 1):
        if reached[end, start] > 0:
            return layers
        reached = (step @ reached > 0).float()
    return -1


# -------------------------------------------------------------------------------- crossover
def crossover__projections_forgotten(kind, d, k):
    """Compares scores and weighted sum alone with the other layer."""
    n = 1
    while 4 * n * n * d <= _other_flops(kind, n, d, k):
        n += 1
    return n


def crossover__stops_at_equal(kind, d, k):
    """Accepts the n at which both cost the same."""
    n = 1
    while not _attention_flops(n, d) >= _other_flops(kind, n, d, k):
        n += 1
    return n


def crossover__formula_without_a_floor(kind, d, k):
    """Uses the formula as it stands: zero or negative where attention costs more from the start."""
    factor = {"conv": 2 * k, "rnn": 4, "gru": 12, "lstm": 16}[kind]
    return (factor - 8) * d // 4 + 1


def crossover__not_a_whole_number(kind, d, k):
    """Divides and adds 1, which leaves a half for odd products."""
    factor = {"conv": 2 * k, "rnn": 4, "gru": 12, "lstm": 16}[kind]
    return max(1, (factor - 8) * d / 4 + 1)


def crossover__last_one_that_is_cheaper(kind, d, k):
    """Returns the largest n at which attention does not cost more yet."""
    n = 1
    while _attention_flops(n + 1, d) <= _other_flops(kind, n + 1, d, k):
        n += 1
    return n


def crossover__one_too_far(kind, d, k):
    """Raises n once more after the comparison: one too high."""
    n = 0
    costs_more = False
    while not costs_more:
        n += 1
        costs_more = _attention_flops(n, d) > _other_flops(kind, n, d, k)
        n += costs_more
    return n


def crossover__starts_at_two(kind, d, k):
    """Never tries a sentence of one word."""
    n = 2
    while _attention_flops(n, d) <= _other_flops(kind, n, d, k):
        n += 1
    return n


def crossover__search_gives_up(kind, d, k):
    """Tries sentences of fewer than 1000 words and returns 1000 beyond them."""
    for n in range(1, 1000):
        if _attention_flops(n, d) > _other_flops(kind, n, d, k):
            return n
    return 1000


def crossover__gates_forgotten(kind, d, k):
    """Takes GRU and LSTM for the simple recurrent layer."""
    n = 1
    while _attention_flops(n, d) <= (2 * k * n * d * d if kind == "conv" else 4 * n * d * d):
        n += 1
    return n


def crossover__state_forgotten(kind, d, k):
    """Multiplies the input alone in a recurrent layer; the state costs nothing."""
    matrices = {"conv": k, "rnn": 1, "gru": 3, "lstm": 4}[kind]
    n = 1
    while _attention_flops(n, d) <= matrices * 2 * n * d * d:
        n += 1
    return n


def crossover__weighted_sum_forgotten(kind, d, k):
    """Counts the scores and not the weighted sum, so attention seems cheap for longer."""
    n = 1
    while 8 * n * d * d + 2 * n * n * d <= _other_flops(kind, n, d, k):
        n += 1
    return n


def crossover__multiplications_against_flops(kind, d, k):
    """Counts multiplications of attention and FLOPs of the other layer."""
    n = 1
    while 4 * n * d * d + 2 * n * n * d <= _other_flops(kind, n, d, k):
        n += 1
    return n


def crossover__kernel_squared(kind, d, k):
    """Squares the size of the kernel in the convolution."""
    n = 1
    while _attention_flops(n, d) <= _other_flops(kind, n, d, k * k):
        n += 1
    return n


def crossover__n_above_d(kind, d, k):
    """Uses the rule of thumb that attention costs more as soon as n is above d."""
    return d + 1


def crossover__attention_always_dominates(kind, d, k):
    """Is sure that attention costs more for every sentence."""
    return 1


def crossover__projections_forgotten__and__stops_at_equal(kind, d, k):
    """Leaves the projections out, and accepts equal costs."""
    n = 1
    while 4 * n * n * d < _other_flops(kind, n, d, k):
        n += 1
    return n


def crossover__rule_of_the_table(kind, d, k):
    """Takes the rule of the classic table, n^2 d against n d^2 (k n d^2): n > d, or n > k d for a convolution."""
    return k * d + 1 if kind == "conv" else d + 1


def crossover__search_stops_at_d(kind, d, k):
    """Tries n up to d only, and returns d when nothing was found."""
    other = {"conv": 2 * k, "rnn": 4, "gru": 12, "lstm": 16}[kind]
    for n in range(1, d + 1):
        if 8 * n * d**2 + 4 * n**2 * d > other * n * d**2:
            return n
    return d


# -------------------------------------------------------------------------- receptive_field
def receptive_field__kernel_to_the_power_of_layers(kernel_size, dilations):
    """Multiplies the size of the kernel by itself once a layer, which holds for one choice of dilations only."""
    return kernel_size ** len(dilations)


def receptive_field__dilations_multiplied(kernel_size, dilations):
    """Multiplies the dilations where they add up."""
    return 1 + (kernel_size - 1) * math.prod(dilations)


def receptive_field__whole_kernel_every_layer(kernel_size, dilations):
    """Adds kernel_size times the dilation: the place in the middle counts once too often."""
    return sum(kernel_size * dilation for dilation in dilations)


def receptive_field__whole_kernel_every_layer_and_one(kernel_size, dilations):
    """Uses kernel_size in the formula where kernel_size - 1 belongs."""
    return 1 + kernel_size * sum(dilations)


def receptive_field__dilations_ignored(kernel_size, dilations):
    """Counts the layers and forgets how far the places are apart."""
    return 1 + (kernel_size - 1) * len(dilations)


def receptive_field__last_layer_only(kernel_size, dilations):
    """Starts again in every layer, so the last one alone is left."""
    field = 1
    for dilation in dilations:
        field = 1 + (kernel_size - 1) * dilation
    return field


def receptive_field__place_itself_forgotten(kernel_size, dilations):
    """Adds up what every layer adds and forgets the one place it started with."""
    return sum((kernel_size - 1) * dilation for dilation in dilations)


def receptive_field__sum_of_the_layers(kernel_size, dilations):
    """Adds up the fields of the layers: the place they share counts once a layer."""
    return sum(1 + (kernel_size - 1) * dilation for dilation in dilations)


def receptive_field__product_of_the_layers(kernel_size, dilations):
    """Multiplies the fields of the layers."""
    return math.prod(1 + (kernel_size - 1) * dilation for dilation in dilations)


def receptive_field__dilations_as_exponents(kernel_size, dilations):
    """Takes the numbers for exponents of 2."""
    return 1 + (kernel_size - 1) * sum(2**dilation for dilation in dilations)


def receptive_field__one_side_only(kernel_size, dilations):
    """Counts half of every kernel, the places on one side."""
    return 1 + (kernel_size // 2) * sum(dilations)


def receptive_field__two_equal_halves(kernel_size, dilations):
    """Counts two halves of kernel_size // 2 places: one too many for a kernel of even size."""
    return 1 + 2 * (kernel_size // 2) * sum(dilations)


def receptive_field__dilation_as_a_gap(kernel_size, dilations):
    """Takes a dilation for the number of places left out between two taps."""
    return 1 + (kernel_size - 1) * sum(dilation + 1 for dilation in dilations)


def receptive_field__first_layer_not_dilated(kernel_size, dilations):
    """Starts with the size of the kernel, as if the first layer had no dilation."""
    field = kernel_size
    for dilation in dilations[1:]:
        field += (kernel_size - 1) * dilation
    return field


def receptive_field__places_jumped_over_left_out(kernel_size, dilations):
    """Follows all taps, and counts the places that one of them falls on."""
    places = {0}
    for dilation in dilations:
        places = {place + dilation * tap for place in places for tap in range(kernel_size)}
    return len(places)


def receptive_field__dilation_as_a_stride(kernel_size, dilations):
    """Multiplies the step on from layer to layer, as strides do."""
    field, jump = 1, 1
    for dilation in dilations:
        jump *= dilation
        field += (kernel_size - 1) * jump
    return field


def receptive_field__dilations_ignored__and__place_itself_forgotten(kernel_size, dilations):
    """Counts the layers alone, and forgets the place it started with."""
    return (kernel_size - 1) * len(dilations)
