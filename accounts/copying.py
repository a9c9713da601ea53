"""Writes many rows in one statement by COPY, which costs a fraction of what inserts of the ORM do."""

from collections.abc import Iterable, Sequence

from django.db import connection, models


def copy(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Store rows of a model, each with a value for each of these columns.

    Constraints and triggers hold as for any insert. JSON is given as text; a column that isn't named gets
    what the database gives it, and a model's own default is not known here.
    """
    kept = list(rows)
    if not kept:
        return
    quote = connection.ops.quote_name
    statement = f"COPY {quote(model._meta.db_table)} ({', '.join(map(quote, columns))}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as into:
        into.write(_text(kept, len(columns)))


# What no value holds, because PostgreSQL takes it in none.
_NULL = "\0"


def _text(rows: Sequence[Sequence[object]], columns: int) -> str:
    """Return rows as COPY reads them: all at once, because value by value takes twice as long."""
    text = "\n".join(
        ["\t".join([_NULL if value is None else str(value) for value in row]) for row in rows]
    ).replace("\\", r"\\")
    ends = text.count("\t"), text.count("\n"), text.count("\r")
    if ends != (len(rows) * (columns - 1), len(rows) - 1, 0):
        # Some value has a line of its own: it is written so that it doesn't end the row.
        text = "\n".join("\t".join(map(_escaped, row)) for row in rows)
    return text.replace(_NULL, r"\N") + "\n"


def _escaped(value: object) -> str:
    text = _NULL if value is None else str(value).replace("\\", r"\\")
    return text.replace("\n", r"\n").replace("\t", r"\t").replace("\r", r"\r")


def array(values: Iterable[object]) -> str:
    """Return values as PostgreSQL reads an array: the driver looks at each of them several times."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", r"\\").replace('"', r"\"") + '"'
    return "NULL" if value is None else str(value)


def new_ids(model: type[models.Model], count: int) -> list[int]:
    """Return ids that no row of a model has or will be given: for rows that others refer to."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s::int)",
            [model._meta.db_table, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def values_taken(model: type[models.Model], column: str, values: Sequence[str]) -> set[str]:
    """Return which of these values a unique column holds already, however many are asked for."""
    quote = connection.ops.quote_name
    column, table = quote(column), quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM {table} WHERE {column} = ANY(%s::text[])",  # noqa: S608 - our names
            [array(values)],
        )
        return {value for (value,) in cursor.fetchall()}
