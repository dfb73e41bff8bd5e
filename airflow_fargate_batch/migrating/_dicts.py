"""Dicts of a file that become arguments: ``BatchOperator(**arguments)``."""

from collections.abc import Iterator

import libcst as cst
from libcst import metadata

from airflow_fargate_batch.core.batch_operator import OPERATORS, OTHERS
from airflow_fargate_batch.migrating._calls import (
    OVERRIDES,
    rewrite_arguments,
    rewrite_expand,
    rewrite_operator,
)
from airflow_fargate_batch.migrating._names import class_of, mapped
from airflow_fargate_batch.migrating._overrides import Stays, members, text_of


class _Unseen(Exception):
    """The file does not show all arguments of a call, or uses their dict elsewhere too."""


class ArgumentDicts(cst.CSTVisitor):
    """Finds the dicts that only calls of BatchOperator take as arguments.

    A dict may stand in the call, in a variable, or be returned by a function of the file. A dict
    that is changed, passed to something else, or read by a key that gets another name is left. So
    are all, if a call of the file stays a call of BatchOperator.

    Attributes:
        dicts: Dicts to rewrite.
        of_call: Dicts of each call whose ``**`` arguments are all in *dicts*.
    """

    METADATA_DEPENDENCIES = (
        metadata.QualifiedNameProvider,
        metadata.ScopeProvider,
        metadata.ParentNodeProvider,
    )

    def __init__(self) -> None:
        super().__init__()
        self.dicts: set[cst.CSTNode] = set()
        self.of_call: dict[cst.CSTNode, set[cst.Dict]] = {}
        self._found: list[cst.Call] = []
        self._stays = False

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802 - LibCST's name
        """Note a call of BatchOperator, and whether it stays."""
        try:
            if self._is_old(node):
                self._found.append(node)
                rewrite_operator(node, waits_elsewhere=False)
            elif (inner := mapped(node)) and self._is_old(inner):
                rewrite_expand(node)
        except Stays:
            self._stays = True

    def leave_Module(self, original_node: cst.Module) -> None:  # noqa: ARG002, N802 - LibCST's
        """Follow the ``**`` arguments of the calls to their dicts."""
        if self._stays:
            return
        for call in self._found:
            try:
                found = {each for arg in call.args if arg.star == "**" for each in self._of(arg)}
                for each in found:
                    rewrite_arguments(each)
            except (_Unseen, Stays):
                continue
            self.dicts |= found
            self.of_call[call] = found

    def _is_old(self, call: cst.Call) -> bool:
        names = self.get_metadata(metadata.QualifiedNameProvider, class_of(call), set())
        return any(each.name in OPERATORS for each in names)

    def _of(self, arg: cst.Arg) -> Iterator[cst.Dict]:
        return self._dicts(arg.value, frozenset())

    def _dicts(
        self, value: cst.BaseExpression, on_the_way: frozenset[cst.CSTNode]
    ) -> Iterator[cst.Dict]:
        """Return the dicts that an expression may be.

        :param on_the_way: what was followed to the expression.
        :raises _Unseen: it may be something else.
        """
        if value in on_the_way:
            raise _Unseen
        way = on_the_way | {value}
        if isinstance(value, cst.Dict) and members(value) is not None:
            yield value
        elif isinstance(value, cst.Name):
            for each in self._assigned(value):
                yield from self._dicts(each, way)
        elif isinstance(value, cst.Call) and isinstance(value.func, cst.Name):
            for each in self._returned(value.func):
                yield from self._dicts(each, way)
        else:
            raise _Unseen

    def _assigned(self, name: cst.Name) -> Iterator[cst.BaseExpression]:
        """Return the values of a variable."""
        for node in self._bound(name):
            target = self._parent(node)
            statement = self._parent(target)
            if isinstance(statement, cst.Assign) and isinstance(target, cst.AssignTarget):
                yield statement.value
            elif isinstance(target, cst.AnnAssign) and target.value is not None:
                yield target.value
            else:
                raise _Unseen

    def _returned(self, name: cst.Name) -> Iterator[cst.BaseExpression]:
        """Return the values that a function returns."""
        for node in self._bound(name):
            if not isinstance(node, cst.FunctionDef) or node.asynchronous or node.decorators:
                raise _Unseen
            returns = _Returns()
            node.body.visit(returns)
            if not returns.values:
                raise _Unseen
            yield from returns.values

    def _bound(self, name: cst.Name) -> Iterator[cst.CSTNode]:
        """Return the nodes that bind a name.

        :raises _Unseen: the name is from elsewhere, or is used for something else as well.
        """
        scope = self.get_metadata(metadata.ScopeProvider, name, None)
        found = scope[name.value] if scope else set()
        if not found:
            raise _Unseen
        for each in found:
            if not isinstance(each, metadata.Assignment):
                raise _Unseen
            if not all(self._is_harmless(access.node) for access in each.references):
                raise _Unseen
            yield each.node

    def _is_harmless(self, use: cst.CSTNode) -> bool:
        """Return whether a use of a variable or a function leaves a dict to BatchOperator."""
        parent = self._parent(use)
        if isinstance(parent, cst.Call) and parent.func is use:
            return self._is_harmless(parent)
        if isinstance(parent, cst.Arg):
            return parent.star == "**" and self._parent(parent) in self._found
        if isinstance(parent, cst.Subscript):
            key = _key(parent)
            written = isinstance(self._parent(parent), cst.AssignTarget | cst.AugAssign | cst.Del)
            return key is not None and key not in (*OTHERS, *OVERRIDES) and not written
        if isinstance(parent, cst.Element):  # return arguments, dag
            return isinstance(self._parent(self._parent(parent)), cst.Return)
        return isinstance(parent, cst.Assign | cst.AnnAssign | cst.Return)

    def _parent(self, node: cst.CSTNode) -> cst.CSTNode:
        return self.get_metadata(metadata.ParentNodeProvider, node)


class _Returns(cst.CSTVisitor):
    """Collects what a function returns, without the functions inside."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[cst.BaseExpression] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: ARG002, N802 - LibCST's
        return False

    def visit_Return(self, node: cst.Return) -> None:  # noqa: N802 - LibCST's name
        self.values.append(node.value or cst.Name("None"))


def _key(subscript: cst.Subscript) -> str | None:
    """Return the key of ``arguments["key"]``, if it is a text."""
    index = subscript.slice[0].slice
    return text_of(index.value) if isinstance(index, cst.Index) else None
