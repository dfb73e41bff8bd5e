"""The pass over a file: finds the calls, and writes notes above their statements."""

import textwrap
from typing import Any, Final, NamedTuple

import libcst as cst
from libcst import metadata

from airflow_fargate_batch.core.batch_operator import OPERATORS, OTHERS, SENSORS
from airflow_fargate_batch.migrating._calls import (
    WAIT,
    rewrite_arguments,
    rewrite_expand,
    rewrite_operator,
    rewrite_sensor,
)
from airflow_fargate_batch.migrating._dicts import ArgumentDicts
from airflow_fargate_batch.migrating._imports import OldImport
from airflow_fargate_batch.migrating._layout import lost_comments
from airflow_fargate_batch.migrating._names import (
    NEW_NAME,
    NewName,
    class_of,
    dotted,
    imported_by,
    mapped,
)
from airflow_fargate_batch.migrating._overrides import Stays, text_of

_WIDTH: Final = 88


class Note(NamedTuple):
    """A remark about a statement.

    Attributes:
        line: First line of the call in the old file.
        text: What is left for a person, and why.
    """

    line: int
    text: str


class Rewriter(cst.CSTTransformer):
    """Rewrites calls, writes notes above their statements, and counts.

    Attributes:
        calls: Number of rewritten calls.
        mentions: Whether the file uses BatchOperator or BatchSensor at all.
        notes: What is left for a person.
        used: Classes that the new file needs.
        imports: Imports that may be no longer needed.
    """

    METADATA_DEPENDENCIES = (metadata.QualifiedNameProvider, metadata.PositionProvider)

    def __init__(self, arguments: ArgumentDicts) -> None:
        super().__init__()
        self._arguments = arguments
        self.calls = 0
        self.mentions = False
        self.notes: list[Note] = []
        self.used: set[NewName] = set()
        self.imports: list[OldImport] = []
        self._waits_elsewhere = False
        self._above: list[list[str]] = []
        self._annotations = 0
        self._seen: set[cst.CSTNode] = set()
        self._stays: dict[cst.CSTNode, str] = {}
        self._tasks: set[str] = set()

    # ── imports ──────────────────────────────────────────────────────────────────────────────

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802 - LibCST's name
        module = dotted(node.module) if node.module and not node.relative else ""
        if not isinstance(node.names, cst.ImportStar):
            for each in node.names:
                if imported_by(f"{module}.{each.evaluated_name}"):
                    self.mentions = True
                    old = OldImport(module, each.evaluated_name, each.evaluated_alias)
                    self.imports.append(old)
        return False

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: N802 - LibCST's name
        for each in node.names:
            if imported_by(each.evaluated_name):
                self.imports.append(OldImport(each.evaluated_name, None, each.evaluated_alias))
        return False

    # ── what the file says elsewhere ─────────────────────────────────────────────────────────

    def visit_Module(self, node: cst.Module) -> None:  # noqa: N802 - LibCST's name
        keys = _Keys()
        node.visit(keys)
        self._waits_elsewhere = WAIT in keys.found

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802 - LibCST's name
        """Note an attribute, and a default argument, that only BatchOperator has."""
        for each in node.targets:
            target = each.target
            if isinstance(target, cst.Name):
                self._note_defaults(target.value, node.value)
            if isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name):
                name = target.attr.value
                if target.value.value in self._tasks and name in OTHERS:
                    self._note(node, f"the task has no attribute {name}: {OTHERS[name].advice}")

    def visit_Arg(self, node: cst.Arg) -> None:  # noqa: N802 - LibCST's name
        if node.keyword:
            self._note_defaults(node.keyword.value, node.value)

    def _note_defaults(self, name: str, value: cst.BaseExpression) -> None:
        """Note the ``default_args`` that the operator refuses, since other operators may need them.

        :param name: name that the value gets.
        """
        is_default = self.mentions and name.lower().endswith("default_args")
        if not is_default or not isinstance(value, cst.Dict):
            return
        keys = (text_of(each.key) for each in value.elements if isinstance(each, cst.DictElement))
        for key in keys:
            if key in OTHERS and key and OTHERS[key].changes_job:
                self._note(value, f"{name} has {key}, which is refused: {OTHERS[key].advice}")

    def leave_Assign(  # noqa: N802 - LibCST's name
        self, original_node: cst.Assign, updated_node: cst.Assign
    ) -> cst.Assign:
        """Remember the variables that hold rewritten tasks."""
        if original_node.value in self._seen:
            for each in original_node.targets:
                if isinstance(each.target, cst.Name):
                    self._tasks.add(each.target.value)
        return updated_node

    # ── calls ────────────────────────────────────────────────────────────────────────────────

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802 - LibCST's name
        """Find the class, and look whether the values of ``expand`` allow to rewrite it."""
        if self._old_name(class_of(node)):
            self.mentions = True
            self._seen.add(class_of(node))
        inner = mapped(node)
        if inner is not None and self._old_name(class_of(inner)) in OPERATORS:
            try:
                rewrite_expand(node)
            except Stays as reason:
                self._stays[inner] = str(reason)

    def leave_Call(  # noqa: N802 - LibCST's name
        self, original_node: cst.Call, updated_node: cst.Call
    ) -> cst.Call:
        if old := self._old_name(class_of(original_node)):
            return self._rewritten(original_node, updated_node, old)
        inner = mapped(original_node)
        if inner is not None and inner in self._seen and (old := self._old_name(class_of(inner))):
            return self._expanded(original_node, updated_node, old)
        return updated_node

    def _rewritten(self, original: cst.Call, updated: cst.Call, old: str) -> cst.Call:
        try:
            if original in self._stays:
                raise Stays(self._stays[original])  # noqa: TRY301 - one place that leaves a call
            if old in SENSORS:
                done = rewrite_sensor(updated)
            else:
                done = rewrite_operator(
                    updated,
                    waits_elsewhere=self._waits_elsewhere,
                    seen=self._arguments.of_call.get(original),
                )
        except Stays as reason:
            self._note(original, f"not rewritten: {reason}")
            return updated
        self.calls += 1
        self._seen.add(original)
        self._note_all(original, lost_comments(updated, done.call), done.notes)
        self.used.add(NEW_NAME[old])
        name = cst.Name(NEW_NAME[old].name)
        if isinstance(updated.func, cst.Attribute) and class_of(original) is not original.func:
            return done.call.with_changes(func=updated.func.with_changes(value=name))
        return done.call.with_changes(func=name)

    def _expanded(self, original: cst.Call, updated: cst.Call, old: str) -> cst.Call:
        done = rewrite_sensor(updated) if old in SENSORS else rewrite_expand(updated)
        self._note_all(original, lost_comments(updated, done.call), done.notes)
        self._seen.add(original)
        return done.call

    def leave_Dict(  # noqa: N802 - LibCST's name
        self, original_node: cst.Dict, updated_node: cst.Dict
    ) -> cst.Dict:
        """Rewrite a dict of arguments."""
        if original_node not in self._arguments.dicts:
            return updated_node
        new, notes = rewrite_arguments(updated_node)
        self._note_all(original_node, lost_comments(updated_node, new), notes)
        return new

    def _note_all(self, original: cst.CSTNode, comments: list[str], notes: list[str]) -> None:
        if self._above:
            self._above[-1] += comments
        for text in notes:
            self._note(original, text)

    # ── other uses of the classes ────────────────────────────────────────────────────────────

    def visit_Annotation(self, node: cst.Annotation) -> None:  # noqa: ARG002, N802 - LibCST's
        self._annotations += 1

    def leave_Annotation(  # noqa: N802 - LibCST's name
        self,
        original_node: cst.Annotation,  # noqa: ARG002 - LibCST's signature
        updated_node: cst.Annotation,
    ) -> cst.Annotation:
        self._annotations -= 1
        return updated_node

    def leave_Name(  # noqa: N802 - LibCST's name
        self, original_node: cst.Name, updated_node: cst.Name
    ) -> cst.BaseExpression:
        return self._other_use(original_node, updated_node)

    def leave_Attribute(  # noqa: N802 - LibCST's name
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return self._other_use(original_node, updated_node)

    def _other_use(
        self, original: cst.BaseExpression, updated: cst.BaseExpression
    ) -> cst.BaseExpression:
        old = self._old_name(original)
        if old is None or original in self._seen:
            return updated
        self.mentions = True
        if self._annotations:
            self.used.add(NEW_NAME[old])
            return cst.Name(NEW_NAME[old].name)
        name = old.rpartition(".")[2]
        new = NEW_NAME[old].name
        self._note(
            original,
            f"{name} is used without a call here, which is not rewritten: use {new}, or keep it",
        )
        return updated

    def _old_name(self, node: cst.CSTNode) -> str | None:
        """Return the full name of BatchOperator or BatchSensor, if an expression means it."""
        found = self.get_metadata(metadata.QualifiedNameProvider, node, set())
        return next((each.name for each in found if each.name in NEW_NAME), None)

    # ── notes ────────────────────────────────────────────────────────────────────────────────

    def _note(self, node: cst.CSTNode, text: str) -> None:
        line = self.get_metadata(metadata.PositionProvider, node).start.line
        self.notes.append(Note(line, text))
        if self._above:
            self._above[-1] += textwrap.wrap(
                f"# fargate-batch migrate: {text}", _WIDTH, subsequent_indent="# "
            )

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Begin to collect the comments above a statement."""
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._above.append([])
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        """Write the comments above a statement, except those that stand there already."""
        left = super().on_leave(original_node, updated_node)
        if not isinstance(original_node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            return left
        above = self._above.pop()
        if not isinstance(left, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            return left
        there = {each.comment.value for each in left.leading_lines if each.comment}
        lines = [cst.EmptyLine(comment=cst.Comment(text)) for text in above if text not in there]
        return left.with_changes(leading_lines=[*left.leading_lines, *lines]) if lines else left


class _Keys(cst.CSTVisitor):
    """Collects the keys of all dicts that are texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_DictElement(self, node: cst.DictElement) -> None:  # noqa: N802 - LibCST's name
        if (key := text_of(node.key)) is not None:
            self.found.add(key)
