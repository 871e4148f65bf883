"""Old code runs beside a new schema for a while (docs/operations.md, Upgrades): a migration expands, and contracts a release later.

A statement that old code could not live with needs the line `# contracts: …` above it, which says since which release nobody needs
what goes. The first migration of a service is exempt: there is nothing yet that could break.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = sorted(path for path in ROOT.glob("services/*/migrations/versions/*.py") if not path.name.startswith("0001_"))
MARKER = "# contracts:"
FORBIDDEN = {
    r"\bDROP\s+(TABLE|COLUMN|VIEW|SCHEMA|TYPE|SEQUENCE|FUNCTION)\b": "old code may still use it",
    r"\bRENAME\b": "old code knows the old name",
    r"\bTRUNCATE\b|\bDELETE\s+FROM\s+\w+\s*$": "it empties a table",
    r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b": "it rewrites the table under a lock, and old code knows the old type",
    r"\bSET\s+NOT\s+NULL\b": "old code may leave it out",
    r"\bDROP\s+DEFAULT\b": "old code may leave it out",
    r"\bADD\s+(COLUMN\s+)?(IF\s+NOT\s+EXISTS\s+)?\w+\s+(?!.*\bDEFAULT\b)[^,]*\bNOT\s+NULL\b": "old code leaves it out",
    r"\bADD\s+(CONSTRAINT\s+\w+\s+)?(CHECK|FOREIGN\s+KEY)\b(?!.*\bNOT\s+VALID\b)": "it looks at every row: NOT VALID first",
    r"\bADD\s+(CONSTRAINT\s+\w+\s+)?(UNIQUE|PRIMARY\s+KEY)\s*\(": "it builds an index: CONCURRENTLY first",
    r"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)": "writers wait for it: CONCURRENTLY, in an autocommit_block",
}
OPERATIONS = {"drop_table", "drop_column", "alter_column", "rename_table", "create_index", "drop_constraint"}


def complaints(source: str) -> list[str]:
    """What in a migration old code could not live with: line and reason."""
    lines = source.splitlines()
    found = []
    for number, statement in _statements(ast.parse(source)):
        marked = any(MARKER in line for line in lines[max(0, number - 3) : number])
        for pattern, why in FORBIDDEN.items():
            if re.search(pattern, statement, re.IGNORECASE | re.DOTALL) and not marked:
                found.append(f"line {number}: {statement.strip()[:80]}: {why}")
    return found


def _statements(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string that is SQL, with its line, and every call of an alembic operation that is not plain SQL."""
    new = {name for node in ast.walk(tree) for name in _created(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for statement in node.value.split(";"):
                # An index on a table of the same migration keeps nobody waiting.
                if not any(re.search(rf"\bON\s+{re.escape(name)}\b", statement, re.IGNORECASE) for name in new):
                    yield node.lineno, statement
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OPERATIONS:
            yield node.lineno, f"RENAME by op.{node.func.attr}: write it as SQL"


def _created(node: ast.AST) -> list[str]:
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return []
    return re.findall(r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)", node.value, re.IGNORECASE)


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_migration_leaves_old_code_what_it_needs(path: Path) -> None:
    assert complaints(path.read_text()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE tickets DROP COLUMN state",
        "DROP TABLE messages",
        "ALTER TABLE tickets RENAME COLUMN number TO no",
        "ALTER TABLE tickets ALTER COLUMN number TYPE integer",
        "ALTER TABLE tickets ALTER number SET DATA TYPE text",
        "ALTER TABLE tickets ALTER COLUMN number SET NOT NULL",
        "ALTER TABLE tickets ADD COLUMN mood text NOT NULL",
        "ALTER TABLE tickets ADD mood text NOT NULL",
        "ALTER TABLE tickets ADD CONSTRAINT positive CHECK (number > 0)",
        "ALTER TABLE tickets ADD CONSTRAINT one UNIQUE (number)",
        "CREATE INDEX ix ON tickets (number)",
        "CREATE UNIQUE INDEX ix ON tickets (number)",
        "DELETE FROM tickets",
    ],
)
def test_what_contracts_or_holds_writers_up_is_refused_unless_it_says_since_when_it_may(statement: str) -> None:
    call = f'    op.execute("{statement}")\n'
    assert complaints(f"def upgrade() -> None:\n{call}")
    assert not complaints(f"def upgrade() -> None:\n    # contracts: nobody has used it since 0.3\n{call}")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE tickets ADD COLUMN mood text",
        "ALTER TABLE tickets ADD COLUMN mood text NOT NULL DEFAULT 'calm'",
        "CREATE INDEX CONCURRENTLY ix ON tickets (number)",
        "CREATE TABLE moods (id uuid PRIMARY KEY, at timestamptz NOT NULL)",
        "ALTER TABLE tickets ADD CONSTRAINT positive CHECK (number > 0) NOT VALID",
        "DROP INDEX CONCURRENTLY ix",
        "DELETE FROM tickets WHERE number < 0",
    ],
)
def test_what_expands_is_let_through(statement: str) -> None:
    assert complaints(f'def upgrade() -> None:\n    op.execute("{statement}")\n') == []


def test_an_alembic_operation_is_refused_where_its_sql_cannot_be_read() -> None:
    assert complaints('def upgrade() -> None:\n    op.drop_column("tickets", "state")\n')
