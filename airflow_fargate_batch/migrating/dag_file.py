"""One DAG file: read, rewritten, and the notes about what has no counterpart."""

import ast
from collections.abc import Sequence
from typing import NamedTuple

import libcst as cst
from libcst import metadata

from airflow_fargate_batch.migrating._dicts import ArgumentDicts
from airflow_fargate_batch.migrating._imports import with_imports
from airflow_fargate_batch.migrating._rewriter import Note, Rewriter


class NotPython(Exception):
    """The file is not Python; the message has line, column and reason."""


class Migrated(NamedTuple):
    """A rewritten file.

    Attributes:
        old: Text before.
        new: Text after; equal to *old* if there was nothing to rewrite.
        data: *new* in the encoding of the file.
        calls: Number of rewritten calls.
        mentions: Whether the file mentions BatchOperator or BatchSensor at all.
        notes: Remarks, which are comments in *new* too.
    """

    old: str
    new: str
    data: bytes
    calls: int
    mentions: bool
    notes: Sequence[Note]


def migrate(source: bytes) -> Migrated:
    """Rewrite the calls of BatchOperator and BatchSensor in a file.

    :raises NotPython: the file cannot be parsed.
    """
    try:
        module = cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        raise NotPython(_reason(source, error)) from None
    except (UnicodeDecodeError, LookupError, SyntaxError, ValueError) as error:
        raise NotPython(str(error)) from None
    wrapper = metadata.MetadataWrapper(module)
    arguments = ArgumentDicts()
    wrapper.visit(arguments)
    rewriter = Rewriter(arguments)
    tree = wrapper.visit(rewriter)
    if rewriter.used:
        tree = with_imports(tree, rewriter.used, rewriter.imports)
    return Migrated(
        old=module.code,
        new=tree.code,
        data=tree.bytes,
        calls=rewriter.calls,
        mentions=rewriter.mentions,
        notes=rewriter.notes,
    )


def _reason(source: bytes, error: cst.ParserSyntaxError) -> str:
    """Return place and reason of a syntax error in Python's words, or else in LibCST's."""
    try:
        ast.parse(source)
    except SyntaxError as python:
        return f"line {python.lineno}, column {python.offset}: {python.msg}"
    return f"line {error.raw_line}, column {error.raw_column + 1}: {error.message}"
