"""Layout of a rewritten call: commas, line breaks, indentation and comments."""

from collections import Counter
from collections.abc import Sequence

import libcst as cst
from libcst import matchers as m

_ONE_LINE = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def lay_out(call: cst.Call, args: Sequence[cst.Arg]) -> cst.Call:
    """Return the call with other arguments, laid out as its own were.

    An argument made of one of the call's keeps its comma, with the line break and the comment
    behind it. The comma of the last argument is found by identity.
    """
    if not call.args or not args:
        return call.with_changes(args=args)
    last = call.args[-1]
    tail, comment = _without_comment(last.comma)
    between = _between(call)
    laid = [
        each.with_changes(
            comma=_own_comma(each, last, between, comment),
            whitespace_after_arg=cst.SimpleWhitespace(""),
        )
        for each in args[:-1]
    ]
    if args[-1].comma is last.comma:
        tail = last.comma
    end = args[-1].with_changes(comma=tail, whitespace_after_arg=last.whitespace_after_arg)
    return call.with_changes(args=[*laid, end])


def lay_out_dict(before: cst.Dict, elements: Sequence[cst.BaseDictElement]) -> cst.Dict:
    """Return a dict with other elements, which have kept their commas.

    If the last element is removed, the brace takes the line break and the comment of the element
    before it.
    """
    brace = before.rbrace
    if elements and elements[-1].comma is not (comma := before.elements[-1].comma):
        brace = brace.with_changes(
            whitespace_before=_closing(elements[-1].comma, brace.whitespace_before)
        )
        elements = [*elements[:-1], elements[-1].with_changes(comma=comma)]
    return before.with_changes(elements=elements, rbrace=brace)


def _closing(
    comma: cst.Comma | cst.MaybeSentinel, space: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """Return the space behind a comma, with the indentation of the space before a brace."""
    behind = comma.whitespace_after if isinstance(comma, cst.Comma) else space
    if not isinstance(behind, cst.ParenthesizedWhitespace) or not isinstance(
        space, cst.ParenthesizedWhitespace
    ):
        return space
    return behind.with_changes(indent=space.indent, last_line=space.last_line)


def indentation(space: cst.BaseParenthesizableWhitespace) -> int | None:
    """Return the columns before the next line, or ``None`` if the line goes on."""
    if isinstance(space, cst.ParenthesizedWhitespace):
        return len(space.last_line.value)
    return None


def moved_left(value: cst.BaseExpression, columns: int) -> cst.BaseExpression:
    """Return an expression with the lines after its first line moved to the left."""
    if columns <= 0:
        return value
    moved = value.visit(_MovedLeft(columns))
    return moved if isinstance(moved, cst.BaseExpression) else value


def lost_comments(before: cst.CSTNode, after: cst.CSTNode) -> list[str]:
    """Return the comments that only the first of two nodes has."""
    return list((_comments(before) - _comments(after)).elements())


def _comments(node: cst.CSTNode) -> Counter[str]:
    found = m.findall(node, m.Comment())
    return Counter(each.value for each in found if isinstance(each, cst.Comment))


def _between(call: cst.Call) -> cst.Comma:
    """Return the comma for a new argument: as the first one, without its comment."""
    first = call.args[0].comma
    if len(call.args) > 1 and isinstance(first, cst.Comma):
        space = first.whitespace_after
    else:
        space = call.whitespace_before_args
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return _ONE_LINE
    bare = space.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return cst.Comma(whitespace_after=bare)


def _own_comma(
    arg: cst.Arg, last: cst.Arg, between: cst.Comma, comment: cst.TrailingWhitespace | None
) -> cst.Comma:
    is_last = arg.comma is last.comma
    if isinstance(arg.comma, cst.Comma) and not is_last:
        return arg.comma
    space = between.whitespace_after
    if is_last and comment and isinstance(space, cst.ParenthesizedWhitespace):
        return between.with_deep_changes(space, first_line=comment)
    return between


def _without_comment(
    comma: cst.Comma | cst.MaybeSentinel,
) -> tuple[cst.Comma | cst.MaybeSentinel, cst.TrailingWhitespace | None]:
    """Split a comma from the comment behind it."""
    if not isinstance(comma, cst.Comma):
        return comma, None
    space = comma.whitespace_after
    if not isinstance(space, cst.ParenthesizedWhitespace) or space.first_line.comment is None:
        return comma, None
    bare = comma.with_deep_changes(space, first_line=cst.TrailingWhitespace())
    return bare, space.first_line


class _MovedLeft(cst.CSTTransformer):
    def __init__(self, columns: int) -> None:
        super().__init__()
        self._columns = columns

    def leave_ParenthesizedWhitespace(  # noqa: N802 - LibCST's name
        self,
        original_node: cst.ParenthesizedWhitespace,  # noqa: ARG002 - LibCST's signature
        updated_node: cst.ParenthesizedWhitespace,
    ) -> cst.ParenthesizedWhitespace:
        return updated_node.with_changes(last_line=self._moved(updated_node.last_line))

    def leave_EmptyLine(  # noqa: N802 - LibCST's name
        self,
        original_node: cst.EmptyLine,  # noqa: ARG002 - LibCST's signature
        updated_node: cst.EmptyLine,
    ) -> cst.EmptyLine:
        return updated_node.with_changes(whitespace=self._moved(updated_node.whitespace))

    def _moved(self, space: cst.SimpleWhitespace) -> cst.SimpleWhitespace:
        return space.with_changes(value=space.value[self._columns :])
