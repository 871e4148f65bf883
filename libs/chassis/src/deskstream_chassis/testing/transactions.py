"""How many rows each transaction touches, written down by the database itself."""

from typing import Final

NOTED: Final = "SELECT table_name, sum(rows)::int AS rows FROM noted GROUP BY transaction, table_name ORDER BY min(id)"
"""A row for each table of each transaction that touched rows of it, in their order."""


def noting(table: str, verb: str = "DELETE") -> list[str]:
    """Statements after which each DELETE or UPDATE of the table is noted. One table and verb at a time."""
    return [
        """CREATE TABLE IF NOT EXISTS noted (
            id bigint GENERATED ALWAYS AS IDENTITY, transaction bigint NOT NULL, table_name text NOT NULL, rows bigint NOT NULL
        )""",
        """CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO noted (transaction, table_name, rows)
                SELECT txid_current(), TG_TABLE_NAME, count(*) FROM touched HAVING count(*) > 0;
            RETURN NULL; END $$""",
        f"""CREATE TRIGGER noted_{verb.lower()} AFTER {verb} ON {table} REFERENCING OLD TABLE AS touched
            FOR EACH STATEMENT EXECUTE FUNCTION note()""",
    ]
