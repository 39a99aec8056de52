"""Whether Dagster has made a database of its own: a question that its storages answer slowly.

On every opening they load all migrations that Dagster ever had, some ninety files. A run opens four
databases.
"""

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError


def is_made(engine: Engine) -> bool:
    """Whether its tables are there: Dagster names the migration of a database when all are.

    A database of another release has one as well. Dagster leaves it as it is until its own
    `dagster instance migrate`.
    """
    with engine.connect() as connection:
        try:
            return connection.execute(text("SELECT 1 FROM alembic_version")).first() is not None
        except OperationalError:
            return False
