"""Rewriting of DAG files: calls of BatchOperator and BatchSensor become calls of this package.

The modules need LibCST, the extra ``[migrate]``. ``dag_file`` is the entrance.
"""
