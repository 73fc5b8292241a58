"""Small changes to the code of a right answer, one at a time: what a slip of the keyboard makes of it.

An operator becomes another one, a number one more or one less, a line, a call, an index or a keyword is left out, two
arguments change places. Every change that fits is made: nothing is drawn by chance.
"""

import ast
import copy
import difflib
from functools import partial

SWAPPED = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
MODULES = {"np", "numpy", "torch", "math", "functional", "nn", "F", "attnlib"}


def mutants(source):
    """Yield (what has changed, source of the changed function) for every small change to one function."""
    tree = ast.parse(source)
    function = tree.body[0]
    if ast.get_docstring(function) is not None:
        del function.body[0]
    original = ast.unparse(tree)
    arguments = [one.arg for one in function.args.args]
    seen = {original}
    for node, put in _places(function):
        for other in _others(node, arguments):
            put(other)
            changed = ast.unparse(tree)
            put(node)
            if changed not in seen and _is_python(changed):
                seen.add(changed)
                yield _difference(original, changed), changed


def _is_python(source):
    """Tell whether a source can be read at all: ``f(*x)`` without its call cannot."""
    try:
        compile(source, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


def _places(function):
    """Yield every node below a function's body, and what puts another one into its place.

    The words of an error are left out: they are free.
    """
    todo = [(function, "body")]
    while todo:
        parent, field = todo.pop()
        value = getattr(parent, field)
        if isinstance(value, list):
            found = [(one, partial(value.__setitem__, place)) for place, one in enumerate(value)]
        else:
            found = [(value, partial(setattr, parent, field))]
        for node, put in found:
            if isinstance(node, ast.AST):
                if node is not function.body[-1]:
                    yield node, put
                todo += [] if isinstance(node, ast.Raise) else [(node, name) for name in node._fields]


def _others(node, arguments):
    """Return what may stand in a node's place."""
    kind = type(node)
    if kind in SWAPPED:
        return [other() for other in SWAPPED[kind]]
    if isinstance(node, ast.stmt):
        return [ast.Pass()]
    if isinstance(node, ast.Constant):
        return [ast.Constant(value) for value in _other_values(node.value)]
    if isinstance(node, ast.Name) and node.id in arguments and isinstance(node.ctx, ast.Load):
        return [ast.Name(name, ast.Load()) for name in arguments if name != node.id]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr in ("T", "mT")):
        return [node.value] if isinstance(node.ctx, ast.Load) else []
    if isinstance(node, ast.Slice):
        return [_without(node, name) for name in ("lower", "upper", "step") if getattr(node, name)]
    return _other_calls(node) if isinstance(node, ast.Call) else []


def _other_values(value):
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1]
    return [value + "x"] if isinstance(value, str) else []


def _other_calls(call):
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    inner = [] if receiver is None or (isinstance(receiver, ast.Name) and receiver.id in MODULES) else [receiver]
    others = [*inner, *call.args[:1]]
    for place in range(len(call.keywords)):
        others.append(_without(call, "keywords", place))
    if len(call.args) > 1:
        others.append(copy.copy(call))
        others[-1].args = [call.args[1], call.args[0], *call.args[2:]]
    return others


def _without(node, field, place=None):
    """Return a copy of a node without one of its parts."""
    value = getattr(node, field)
    other = copy.copy(node)
    setattr(other, field, None if place is None else value[:place] + value[place + 1 :])
    return other


def _difference(before, after):
    """Say in one line what has changed."""
    rows = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    gone, come = ([row[2:].strip() for row in rows if row.startswith(sign)] for sign in "-+")
    return f"{' '.join(gone)}  ->  {' '.join(come)}"
