"""Arguments of one call, rewritten by the tables of ``core.batch_operator``."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import libcst as cst

from airflow_fargate_batch.core.batch_operator import OF_SENSOR, OTHERS, Other
from airflow_fargate_batch.migrating._layout import (
    indentation,
    lay_out,
    lay_out_dict,
    moved_left,
)
from airflow_fargate_batch.migrating._overrides import Stays, is_none, members, take_apart, text_of

OVERRIDES: Final = ("container_overrides", "overrides")
WAIT: Final = "wait_for_completion"
DEFERRABLE: Final = "deferrable"
_LONGEST_VALUE: Final = 40


class Rewritten(NamedTuple):
    """A rewritten call.

    Attributes:
        call: The call, with its function as before.
        notes: What has no counterpart, with the reason.
    """

    call: cst.Call
    notes: list[str]


def rewrite_operator(
    call: cst.Call, *, waits_elsewhere: bool, seen: Collection[cst.Dict] | None = None
) -> Rewritten:
    """Rewrite the arguments of ``BatchOperator(…)`` or ``BatchOperator.partial(…)``.

    BatchOperator waits for its job by default, FargateBatchSubmitOperator does not, so the wait is
    written out.

    :param waits_elsewhere: whether a dict of the file, such as ``default_args``, has
        *wait_for_completion*.
    :param seen: dicts of all ``**`` arguments, if they are rewritten too.
    :raises Stays: Fargate does not run the job.
    """
    notes: list[str] = []
    args = list(_rewritten(call, OTHERS, notes, is_seen=seen is not None))
    _write_wait(args, notes, waits_elsewhere=waits_elsewhere, seen=seen)
    return Rewritten(lay_out(call, args), notes)


def rewrite_sensor(call: cst.Call) -> Rewritten:
    """Rewrite the arguments of ``BatchSensor(…)``, also of ``partial`` and ``expand``.

    :raises Stays: the call has positional arguments.
    """
    notes: list[str] = []
    return Rewritten(lay_out(call, list(_rewritten(call, OF_SENSOR, notes))), notes)


def rewrite_expand(call: cst.Call) -> Rewritten:
    """Rewrite the arguments of ``BatchOperator.partial(…).expand(…)``, each a list of values.

    :raises Stays: an argument takes other values here.
    """
    args = []
    notes: list[str] = []
    for arg in call.args:
        name = arg.keyword.value if arg.keyword else None
        if name in OVERRIDES:
            args.append(_named(arg, "container_overrides"))
        elif name in OTHERS and name is not None:
            args.append(_expanded(arg, name, OTHERS[name]))
        else:
            args.append(arg)
            if name is None:
                notes.append(_unseen("expand_kwargs", OTHERS))
    return Rewritten(lay_out(call, args), notes)


def _expanded(arg: cst.Arg, name: str, other: Other) -> cst.Arg:
    if other.argument is None or other.member is not None:
        raise Stays(f"the values of {name} are not rewritten in expand: {other.advice}")
    return _named(arg, other.argument)


def rewrite_arguments(arguments: cst.Dict) -> tuple[cst.Dict, list[str]]:
    """Rewrite a dict of arguments; return the dict, and what has no counterpart.

    :raises Stays: Fargate does not run the job.
    """
    notes: list[str] = []
    columns = indentation(arguments.lbrace.whitespace_after)
    elements = [new for each in arguments.elements for new in _element(each, columns, notes)]
    return lay_out_dict(arguments, elements), notes


def _element(
    element: cst.BaseDictElement, columns: int | None, notes: list[str]
) -> Iterator[cst.BaseDictElement]:
    """Rewrite one element, as an argument of the same name.

    :param columns: indentation of the dict's elements.
    """
    key = element.key if isinstance(element, cst.DictElement) else None
    name = text_of(key) if key else None
    if name in OVERRIDES and name:
        args = _taken_apart(_argument(name, element.value), columns, notes)
    elif name in OTHERS and name:
        args = _replaced(_argument(name, element.value), name, OTHERS[name], notes)
    else:
        yield element
        return
    quote = key.quote if isinstance(key, cst.SimpleString) else '"'
    for arg in args:
        new = arg.keyword.value if arg.keyword else ""
        yield element.with_changes(key=cst.SimpleString(f"{quote}{new}{quote}"), value=arg.value)


def _rewritten(
    call: cst.Call, others: Mapping[str, Other], notes: list[str], *, is_seen: bool = False
) -> Iterator[cst.Arg]:
    for arg in call.args:
        name = arg.keyword.value if arg.keyword else None
        if name is None:
            if arg.star != "**":
                raise Stays("the call has positional arguments, which BatchOperator does not take")
            if not is_seen:
                notes.append(_unseen(_shown(arg), others))
            yield arg
        elif name in OVERRIDES and others is OTHERS:
            yield from _taken_apart(arg, indentation(call.whitespace_before_args), notes)
        elif name in others:
            yield from _replaced(arg, name, others[name], notes)
        else:
            yield arg


def _replaced(arg: cst.Arg, name: str, other: Other, notes: list[str]) -> Iterator[cst.Arg]:
    if is_none(arg.value):
        return
    if not other.on_fargate:
        raise Stays(f"{name}: {other.advice}")
    if other.argument is None:
        notes.append(f"{_shown(arg)} is left out: {other.advice}")
    elif other.member is None:
        yield _named(arg, other.argument)
    elif (value := _member(arg.value, other.member)) is not None:
        yield _named(arg, other.argument).with_changes(value=value)


def _member(value: cst.BaseExpression, name: str) -> cst.BaseExpression | None:
    """Return the expression of a member; ``None`` means that an empty dict is given."""
    known = members(value)
    if known is None:
        key = cst.SubscriptElement(cst.Index(cst.SimpleString(f'"{name}"')))
        return cst.Subscript(value=_operand(value), slice=[key])
    return next((element.value for key, element in known if key == name), None)


def _taken_apart(arg: cst.Arg, outer: int | None, notes: list[str]) -> Iterator[cst.Arg]:
    """Return the arguments that an override becomes.

    :param outer: indentation of the arguments.
    """
    if is_none(arg.value):
        return
    parts = take_apart(arg.value)
    notes += (f"{_shown(arg)}: {note}" for note in parts.notes)
    inner = indentation(arg.value.lbrace.whitespace_after) if isinstance(arg.value, cst.Dict) else 0
    columns = 0 if outer is None or inner is None else inner - outer
    args = [
        _named(arg, name).with_changes(
            value=moved_left(value, columns), comma=cst.MaybeSentinel.DEFAULT
        )
        for name, value in parts.arguments.items()
    ]
    if parts.rest is not None:
        args.append(_named(arg, "container_overrides").with_changes(value=parts.rest))
    elif args:
        args[-1] = args[-1].with_changes(comma=arg.comma)
    yield from args


def _write_wait(
    args: list[cst.Arg],
    notes: list[str],
    *,
    waits_elsewhere: bool,
    seen: Collection[cst.Dict] | None,
) -> None:
    by_name = {each.keyword.value: place for place, each in enumerate(args) if each.keyword}
    defers = DEFERRABLE in by_name and _is(args[by_name[DEFERRABLE]].value, "True")
    if WAIT in by_name:
        place = by_name[WAIT]
        if defers and _is(args[place].value, "False"):  # BatchOperator waits if it is deferrable
            args[place] = args[place].with_changes(value=cst.Name("True"))
        elif text_of(args[place].value) is not None:
            notes.append(f"{WAIT} is not templated: a text means that the task waits")
        return
    if defers:
        return
    unseen = next((place for place, each in enumerate(args) if each.star == "**"), None)
    keys = [{name for name, _ in members(each) or ()} for each in seen or ()]
    if keys and all(WAIT in each for each in keys):
        return
    if unseen is not None and keys and not any({WAIT, DEFERRABLE} & each for each in keys):
        args.append(_argument(WAIT, cst.Name("True")))
    elif unseen is not None:
        args[unseen] = _with_default(args[unseen])
    elif waits_elsewhere:
        notes.append(f"BatchOperator waits by default: give {WAIT}=True if no default_args have it")
    else:
        args.append(_argument(WAIT, cst.Name("True")))


def _with_default(arg: cst.Arg) -> cst.Arg:
    """Return ``**pars`` as ``**{"wait_for_completion": True, **pars}``."""
    default = cst.DictElement(cst.SimpleString(f'"{WAIT}"'), cst.Name("True"))
    return arg.with_changes(value=cst.Dict([default, cst.StarredDictElement(_operand(arg.value))]))


def _operand(value: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression in parentheses, unless it binds closest without them."""
    if value.lpar or isinstance(
        value, cst.Name | cst.Attribute | cst.Call | cst.Subscript | cst.Dict
    ):
        return value
    return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _is(value: cst.BaseExpression, name: str) -> bool:
    return isinstance(value, cst.Name) and value.value == name


def _argument(name: str, value: cst.BaseExpression) -> cst.Arg:
    return cst.Arg(
        value,
        keyword=cst.Name(name),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )


def _named(arg: cst.Arg, name: str) -> cst.Arg:
    return arg.with_changes(keyword=cst.Name(name))


def _shown(arg: cst.Arg) -> str:
    """Return an argument as in the file, with ``…`` for a long value."""
    name = f"{arg.keyword.value}=" if arg.keyword else arg.star
    value = cst.Module([]).code_for_node(arg.value)
    return name + (value if len(value) <= _LONGEST_VALUE and "\n" not in value else "…")


def _unseen(where: str, others: Iterable[str]) -> str:
    names = ", ".join(sorted({*others, "overrides"} if others is OTHERS else others))
    return f"the arguments in {where} are not rewritten: look for {names}"
