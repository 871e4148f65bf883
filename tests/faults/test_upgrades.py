"""Release N to N+1 with data and under load: the schema expands beside old code, the code changes, the schema contracts."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from desk.errors import DeskError
from desk.paths import ROOT
from desk.stack import Stack
from tests.contract.test_migrations import complaints
from tests.faults.conftest import Broken, Load
from tests.faults.observed import count
from tests.faults.releases import release

SERVICE = ROOT / "services" / "ticket-svc"
HEADER = """from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
"""
EXPAND = """    op.execute("ALTER TABLE tickets ADD COLUMN subject_key text")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_tickets_subject_key ON tickets (subject_key)")
"""
CONTRACT = """    op.execute("UPDATE tickets SET subject_key = lower(state ->> 'subject') WHERE subject_key IS NULL")
    # contracts: every release since N+1 writes it
    op.execute("ALTER TABLE tickets ALTER COLUMN subject_key SET NOT NULL")
"""


def _next_release(folder: Path, *steps: str) -> None:
    """The migrations of ticket-svc with further ones behind them."""
    shutil.copytree(SERVICE / "migrations", folder / "migrations", dirs_exist_ok=True)
    before = _head(folder)
    for step in steps:
        revision = f"next{len(list((folder / 'migrations/versions').glob('next*.py')))}"
        text = HEADER.format(revision=revision, before=before) + step
        assert complaints(text) == []
        (folder / "migrations" / "versions" / f"{revision}.py").write_text(text)
        before = revision


def _migrations(broken: Broken, root: Path, at_once: int = 1) -> None:
    """`migrate` of a release, as so many pods that start at the same time do it."""
    script = "import sys; from pathlib import Path; from deskstream_chassis.store.migrations import upgrade; "
    script += "upgrade(Path(sys.argv[1]), sys.argv[2])"
    command = [sys.executable, "-c", script, str(root), broken.stack.database_url("ticket")]
    env = {**os.environ, **broken.stack.env("ticket")}
    running = [subprocess.Popen(command, env=env, stderr=subprocess.PIPE) for _ in range(at_once)]
    for process in running:
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint.decode()


def test_an_upgrade_under_load_loses_nothing_and_can_be_taken_back_before_the_schema_contracts(
    broken: Broken, load: Callable[..., Load], tmp_path: Path
) -> None:
    stack = broken.stack

    def under_load(step: Callable[[], None]) -> tuple[int, int]:
        """Does a step while mails come in. Returns how many tickets they became, and how many of all have the new column."""
        before = count(stack, "ticket", "tickets")
        with load(60, 20) as traffic:
            step()
        traffic.check()
        return count(stack, "ticket", "tickets") - before, _keyed(stack)

    def back() -> None:
        stack.extra_env.pop("ticket")
        _migrations(broken, SERVICE)  # of the old release, which finds a schema that it does not know
        broken.restart("ticket")

    _next_release(tmp_path, EXPAND)
    try:
        assert under_load(lambda: _migrations(broken, tmp_path, at_once=3)) == (30, 0)
        new, keyed = under_load(lambda: release(broken, "ticket", "keeps_subjects"))
        assert new == 30
        assert keyed > 0
        assert under_load(back)[0] == 30
        release(broken, "ticket", "keeps_subjects")
        _next_release(tmp_path, CONTRACT)
        new, keyed = under_load(lambda: _migrations(broken, tmp_path))
        assert new == 30
        assert keyed == count(stack, "ticket", "tickets WHERE subject_key = lower(state ->> 'subject')")
        assert keyed == count(stack, "ticket", "tickets")
    finally:
        stack.postgres.psql("ALTER TABLE tickets DROP COLUMN IF EXISTS subject_key; DELETE FROM alembic_version;", "ticket")
        stack.postgres.psql(f"INSERT INTO alembic_version VALUES ('{_head(SERVICE)}')", "ticket")


def _keyed(stack: Stack) -> int:
    try:
        return count(stack, "ticket", "tickets WHERE subject_key IS NOT NULL")
    except DeskError:  # there is no such column yet
        return 0


def _head(root: Path) -> str:
    config = Config()
    config.set_main_option("script_location", str(root / "migrations"))
    return str(ScriptDirectory.from_config(config).get_current_head())
