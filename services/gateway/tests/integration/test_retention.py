"""What tickets show of decisions and mails, and which tokens were used, is let go after its time; who is refused stays refused."""

import pytest

from gateway.settings import Settings

from .conftest import Owners, opened

pytestmark = pytest.mark.anyio
DECISION = "INSERT INTO views.decisions VALUES (gen_random_uuid(), gen_random_uuid(), now() - make_interval(days => :days), '{}')"
NOTIFICATION = """INSERT INTO views.notifications VALUES (gen_random_uuid(), gen_random_uuid(), 'confirmation', 'a@b.example',
    'sent', now() - make_interval(days => :days), '{}')"""
TOKEN = """INSERT INTO seen_tokens VALUES (:jti, '1', 'Ada', 'staff', '{}', now() - interval '1 year',
    now() - make_interval(days => :days), now() - interval '1 year', now() - interval '1 year')"""


async def test_old_rows_of_flows_and_ended_tokens_go_and_revocations_stay(settings: Settings) -> None:
    async with opened(settings, "all", Owners()) as gateway:
        for days in (399, 401):
            await gateway.execute(DECISION, days=days)
            await gateway.execute(NOTIFICATION, days=days)
        for days in (-1, 29, 31):
            await gateway.execute(TOKEN, jti=f"ended {days}", days=days)
        await gateway.execute("INSERT INTO revoked_tokens VALUES ('r', now() - interval '9 years', 'ada')")
        await gateway.execute("INSERT INTO revoked_people VALUES ('eve', now() - interval '9 years', 'ada')")
        await gateway.let_go()
        for table in ("views.decisions", "views.notifications", "revoked_tokens", "revoked_people"):
            [row] = await gateway.rows(f"SELECT count(*) AS n FROM {table}")
            assert row.n == 1, table
        assert {row.jti for row in await gateway.rows("SELECT jti FROM seen_tokens")} == {"ended -1", "ended 29"}
