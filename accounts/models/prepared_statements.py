"""Reads that every page pays for: written by the ORM once, run as often as needed.

For such a read the ORM takes several times as long to write the statement as PostgreSQL to answer it
(docs/performance.md).
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)
Row = tuple[Any, ...]


class Prepared(Generic[M]):
    """A queryset whose parameters are given later; it joins, and follows `select_related`.

    `read` is called once, with the stand-ins; each must be a value that the statement holds nowhere
    else, and must reach the database as it is.
    """

    def __init__(self, read: Callable[..., "models.QuerySet[M, Any]"], **stand_ins: object) -> None:
        self._read, self._stand_ins = read, stand_ins

    def rows(self, **values: Any) -> list[Row]:
        """Return the rows of the statement with these values."""
        with connection.cursor() as cursor:
            statement, places = self._statement
            cursor.execute(statement, [values[place.name] if place.name else place.value for place in places])
            rows: list[Row] = cursor.fetchall()
            return rows

    def all(self, **values: Any) -> list[M]:
        """Return the models that the rows are."""
        rows = self.rows(**values)
        return [self._model(row) for row in rows]

    def first(self, **values: Any) -> M | None:
        """Return the first of them, or None."""
        rows = self.rows(**values)
        return self._model(rows[0]) if rows else None

    def _model(self, row: Row) -> M:
        model, names, others = self._shape
        made: M = model.from_db(DEFAULT_DB_ALIAS, names, row[: len(names)])
        for other in others:
            other.populate(row, made)
        return made

    @cached_property
    def _compiler(self) -> Any:
        return self._read(**self._stand_ins).query.get_compiler(DEFAULT_DB_ALIAS)

    @cached_property
    def _statement(self) -> tuple[str, list["_Place"]]:
        statement, parameters = self._compiler.as_sql()
        names = {stand_in: name for name, stand_in in self._stand_ins.items()}
        places = [_Place(names.get(value), value) for value in parameters]
        assert {place.name for place in places} >= set(self._stand_ins), statement
        return statement, places

    @cached_property
    def _shape(self) -> tuple[type[M], list[str], list[Any]]:
        """Return the model, its attributes in the order of the columns, and what fills its relations."""
        compiler = self._compiler
        compiler.as_sql()
        info = compiler.klass_info
        columns = [compiler.select[number][0] for number in info["select_fields"]]
        assert not compiler.get_converters(one[0] for one in compiler.select), "a column needs the ORM"
        return (
            info["model"],
            [column.target.attname for column in columns],
            # The stubs are those of a later Django.
            get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS),  # type: ignore[call-arg]
        )


class _Place:
    """A place in a statement: for a value of this name, or always the same."""

    __slots__ = ("name", "value")

    def __init__(self, name: str | None, value: Any) -> None:
        self.name, self.value = name, value
