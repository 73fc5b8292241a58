"""Chapter 8: places for the nodes of a graph, so that no edge runs under a node that it does not join."""

import numpy as np

SIZE = 7.0, 4.2  # inches
RADIUS, LARGE, MARGIN, APART = 0.14, 0.19, 0.06, 0.45


def clear_places(edges, *, large=(), steps=300):
    """Find places for the nodes of a graph at which every edge can be followed.

    Starts from the distances along the edges (Kamada and Kawai 1989); then nodes and edges push one another away
    until each edge passes the nodes that are not its ends.

    **Shapes** edges (num_edges, 2), every node has at least one; large: nodes that are drawn larger
    -> (num_nodes, 2) in inches, in a box of about 7 x 4.2

    **Promises** the same edges give the same places.
    """
    import networkx  # only who draws the club pays for the package

    edges = np.asarray(edges)
    found = networkx.kamada_kawai_layout(networkx.Graph(edges.tolist()))
    places = np.array([found[node] for node in range(len(found))])
    places = (places - places.min(axis=0)) / np.ptp(places, axis=0) * SIZE
    radii = np.array([LARGE if node in large else RADIUS for node in range(len(places))])
    for _ in range(steps):
        places = places + _apart(places) + _off_edges(places, edges, radii + MARGIN)
    return places


def hidden_ends(places, edges, radii):
    """Find the edges that run under a node which is not their end.

    **Shapes** places (n, 2), edges (num_edges, 2), radii (n,) -> a list of (from, to, node, way out (2,))
    """
    found = []
    for start, end in edges:
        along = places[end] - places[start]
        share = np.clip((places - places[start]) @ along / (along @ along), 0, 1)
        off = places - (places[start] + share[:, None] * along)
        distance = np.linalg.norm(off, axis=1)
        for node in np.flatnonzero(distance < radii):
            if node not in (start, end):
                way = off[node] / max(distance[node], 1e-9) * (radii[node] - distance[node])
                found.append((int(start), int(end), int(node), way))
    return found


def _off_edges(places, edges, radii):
    # the node goes half of the way out, the two ends of the edge a quarter each to the other side
    move = np.zeros_like(places)
    for start, end, node, way in hidden_ends(places, edges, radii):
        move[node] += way / 2
        move[[start, end]] -= way / 4
    return move


def _apart(places):
    gaps = places[:, None] - places
    distance = np.linalg.norm(gaps, axis=-1) + 9 * np.eye(len(places))
    push = 0.3 * np.clip(APART - distance, 0, None) / distance
    return (push[..., None] * gaps).sum(axis=1)
