"""Imports of a rewritten file: the new class takes the place of the old one."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import libcst as cst
from libcst import metadata
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import (
    AddImportsVisitor,
    GatherUnusedImportsVisitor,
    RemoveImportsVisitor,
)

from airflow_fargate_batch.migrating._names import NEW_NAME, NewName, dotted, imported_by


class OldImport(NamedTuple):
    """An import of BatchOperator, BatchSensor or their modules.

    Attributes:
        module: Module that the statement names.
        name: Name imported from the module; ``None`` means the module itself.
        alias: Name after ``as``; ``None`` means none.
    """

    module: str
    name: str | None
    alias: str | None

    @property
    def full(self) -> str:
        """Full name of what is imported."""
        return self.module if self.name is None else f"{self.module}.{self.name}"


def with_imports(
    tree: cst.Module, used: Collection[NewName], old: Sequence[OldImport]
) -> cst.Module:
    """Return the file with imports of the classes that it uses now.

    A statement that imports nothing but an old class becomes an import of the new class, with its
    place, its comments and the lines above it. Only other old imports need a new statement.

    :param used: the new classes in the file.
    :param old: imports that may be no longer needed.
    """
    wrapper = metadata.MetadataWrapper(tree)
    wrapper.resolve_many(GatherUnusedImportsVisitor.get_inherited_dependencies())
    unused = GatherUnusedImportsVisitor(CodemodContext(wrapper=wrapper))
    wrapper.module.visit(unused)
    in_place = _InPlace(used, {alias for alias, _ in unused.unused_imports})
    replaced = wrapper.module.visit(in_place)
    context = CodemodContext()
    missing = sorted(new for new in used if new in in_place.left or new not in in_place.placed)
    for new in missing:
        AddImportsVisitor.add_needed_import(context, *new)
    # Each of the two reads the whole file several times, which seldom has anything for it to do.
    added = AddImportsVisitor(context).transform_module(replaced) if missing else replaced
    if in_place.left.isdisjoint(used):
        return added
    for each in old:
        if not imported_by(each.full).isdisjoint(used):
            RemoveImportsVisitor.remove_unused_import(context, *each)
    return RemoveImportsVisitor(context).transform_module(added)


class _InPlace(cst.CSTTransformer):
    """Replaces the statements that import only one of the old classes.

    Attributes:
        placed: New classes that have an import now.
        left: New classes of old imports that could not be replaced.
    """

    def __init__(self, used: Collection[NewName], unused: Collection[cst.ImportAlias]) -> None:
        super().__init__()
        self.placed: set[NewName] = set()
        self.left: set[NewName] = set()
        self._used = used
        self._unused = unused
        self._blocks: list[set[NewName]] = [set()]

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:  # noqa: ARG002, N802 - LibCST's
        self._blocks.append(set())

    def leave_IndentedBlock(  # noqa: N802 - LibCST's name
        self,
        original_node: cst.IndentedBlock,  # noqa: ARG002 - LibCST's signature
        updated_node: cst.IndentedBlock,
    ) -> cst.IndentedBlock:
        self._blocks.pop()
        return updated_node

    def visit_Import(self, node: cst.Import) -> None:  # noqa: N802 - LibCST's name
        for each in node.names:
            self.left |= imported_by(each.evaluated_name)

    def leave_ImportFrom(  # noqa: N802 - LibCST's name
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        """Replace the statement; a second one of the same class in a block is removed."""
        names = original_node.names
        if isinstance(names, cst.ImportStar) or original_node.relative:
            return updated_node
        module = dotted(original_node.module) if original_node.module else ""
        new = {NEW_NAME.get(f"{module}.{each.evaluated_name}") for each in names}
        found = next(iter(new))
        if (
            len(new) > 1
            or found not in self._used
            or found is None
            or any(each not in self._unused for each in names)
        ):
            self.left |= {
                old for each in names for old in imported_by(f"{module}.{each.evaluated_name}")
            }
            return updated_node
        if found in self._blocks[-1]:
            return cst.RemoveFromParent()
        self._blocks[-1].add(found)
        self.placed.add(found)
        return _of(found, updated_node, names[-1])


def _of(new: NewName, statement: cst.ImportFrom, last: cst.ImportAlias) -> cst.ImportFrom:
    """Return a statement that imports another class, laid out as it was."""
    package, _, module = new.module.partition(".")
    return statement.with_changes(
        module=cst.Attribute(cst.Name(package), cst.Name(module)),
        names=[last.with_changes(name=cst.Name(new.name), asname=None)],
    )
