"""A read model of many tickets, made inside PostgreSQL: what a desk has after some years, in a minute.

The same numbers give the same desk. Three of a hundred tickets are worked on, the newest; the others are resolved or closed. A word
and a tag are rare: one ticket in `RARE` has them. One in fifty has custom fields.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from deskstream_chassis.store.database import Connection

RARE: Final = 20_000
TEAMS: Final = 20
AGENTS: Final = 200
ACTIVE: Final = 0.03
"""The share of tickets that are open or in progress."""

# A number from 0 to 999,999 that looks like chance: of the ticket's number and of what it is for.
_DICE: Final = "(abs(hashint8(n * 31 + {salt})) % 1000000)"
_ID: Final = "CAST(md5('{kind}' || {n}) AS uuid)"


def _id(kind: str, number: str) -> str:
    return _ID.format(kind=kind, n=number)


def _dice(salt: int) -> str:
    return _DICE.format(salt=salt)


_PEOPLE: Final = (
    f"""INSERT INTO views.teams SELECT {_id("team", "n")}, 1, 'Team ' || n, true, '{{}}' FROM generate_series(1, {TEAMS}) AS n""",
    f"""INSERT INTO views.agents
        SELECT {_id("agent", "n")}, 1, 'Agent ' || n, 'agent' || n || '@desk.example', '[]', true, true, '{{}}'
        FROM generate_series(1, {AGENTS}) AS n""",
    f"""INSERT INTO views.organizations
        SELECT {_id("organization", "n")}, 1, 'Organization ' || n, jsonb_build_array('organization' || n || '.example'), '[]',
               now(), json_build_object('id', {_id("organization", "n")}, 'version', 1, 'name', 'Organization ' || n, 'domains',
               json_build_array('organization' || n || '.example'), 'created_at', now(), 'updated_at', now())
        FROM generate_series(1, :organizations) AS n""",
    f"""INSERT INTO views.customers
        SELECT {_id("customer", "n")}, 1, 'person' || n || '@organization' || n % :organizations + 1 || '.example', 'Person ' || n,
               NULL, true, jsonb_build_array({_id("organization", "n % :organizations + 1")}), '[]', now(),
               json_build_object('id', {_id("customer", "n")}, 'version', 1, 'email', 'person' || n || '@organization'
               || n % :organizations + 1 || '.example', 'last_name', 'Person ' || n, 'language', 'en', 'organization_ids',
               json_build_array({_id("organization", "n % :organizations + 1")}), 'created_at', now(), 'updated_at', now())
        FROM generate_series(1, :customers) AS n""",
)
_TICKETS: Final = f"""
    INSERT INTO views.tickets (
        id, version, number, subject, status, priority, priority_rank, ticket_type, waiting_for, channel, mailbox, team_id,
        team_name, agent_id, agent_name, customer_id, requester_email, requester_name, organization_id, organization_name, tags,
        escalation_level, opened_at, updated_at, resolved_at, closed_at, archived_at, fields, state, due_at, due_clock, breached
    )
    SELECT
        {_id("ticket", "n")}, 5, 1000 + n,
        (ARRAY['Printer', 'Invoice', 'Password', 'Delivery', 'Login', 'Refund'])[1 + {_dice(1)} % 6]
            || ' in room ' || {_dice(2)} % 900 || CASE WHEN n % {RARE} = 7 THEN ' zebrafish' ELSE ' does not work' END,
        status, (ARRAY['critical', 'high', 'medium', 'low'])[rank + 1], rank,
        CASE WHEN {_dice(3)} % 4 = 0 THEN 'Question' END, CASE WHEN {_dice(4)} % 3 = 0 THEN 'customer' ELSE 'agent' END,
        CASE WHEN {_dice(5)} % 20 = 0 THEN 'form' ELSE 'email' END, 'support',
        CASE WHEN team > 0 THEN {_id("team", "team")} END, CASE WHEN team > 0 THEN 'Team ' || team END,
        CASE WHEN agent > 0 THEN {_id("agent", "agent")} END, CASE WHEN agent > 0 THEN 'Agent ' || agent END,
        {_id("customer", "customer")}, 'person' || customer || '@organization' || customer % :organizations + 1 || '.example',
        'Person ' || customer, {_id("organization", "customer % :organizations + 1")},
        'Organization ' || customer % :organizations + 1,
        CASE WHEN n % {RARE} = 7 THEN '["rare"]' WHEN {_dice(6)} % 3 = 0 THEN '["vip"]' ELSE '[]' END::jsonb,
        0, opened_at, CASE WHEN archived THEN now() ELSE opened_at + interval '1 hour' END,
        CASE WHEN NOT active THEN opened_at + interval '1 hour' END,
        CASE WHEN status = 'closed' THEN opened_at + interval '2 hours' END, CASE WHEN archived THEN now() END,
        CASE WHEN n % {RARE} = 7 THEN '{{"contract": "rare", "cost": "5"}}' WHEN {_dice(15)} % 50 = 0
            THEN jsonb_build_object('cost', CAST({_dice(16)} % 1000 AS text), 'bought', '2026-01-0' || 1 + {_dice(16)} % 9)
            ELSE '{{}}' END::jsonb,
        json_build_object('id', {_id("ticket", "n")}, 'number', 1000 + n, 'version', 5, 'thread_root', {_id("ticket", "n")},
            'subject', 'Something does not work', 'status', status, 'priority', 'medium', 'channel',
            json_build_object('kind', 'email', 'name', 'support'), 'requester', json_build_object('customer_id',
            {_id("customer", "customer")}, 'customer_version', 1, 'language', 'en', 'email', 'person' || customer || '@b.example'),
            'solution', repeat('x', 300), 'opened_at', opened_at, 'updated_at', opened_at),
        CASE WHEN active AND {_dice(7)} % 10 > 0 THEN now() + ({_dice(8)} % 172800 - 86400) * interval '1 second' END,
        CASE WHEN active AND {_dice(7)} % 10 > 0 THEN 'resolution' END, {_dice(9)} % 20 = 0
    FROM (
        SELECT *, CASE WHEN NOT active THEN CASE WHEN {_dice(10)} % 10 = 0 THEN 'resolved' ELSE 'closed' END
                       WHEN {_dice(10)} % 2 = 0 THEN 'open' ELSE 'in_progress' END AS status,
               width_bucket({_dice(11)}, ARRAY[20000, 120000, 800000]) AS rank,
               CASE WHEN {_dice(12)} % 33 = 0 THEN 0 ELSE 1 + {_dice(12)} % {TEAMS} END AS team,
               CASE WHEN {_dice(13)} % CASE WHEN active THEN 5 ELSE 50 END = 0 THEN 0 ELSE 1 + {_dice(13)} % {AGENTS} END AS agent,
               1 + {_dice(14)} % :customers AS customer,
               -- All in one night: the lists of what was changed last have to look past them.
               {_dice(10)} % 10 > 0 AND n < :tickets / 2 AS archived
        FROM (SELECT n, n > :tickets * (1 - {ACTIVE}) AS active, now() - (:tickets - n) * interval '1 minute' AS opened_at
              FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n) AS numbered
    ) AS made"""
_CLOCKS: Final = """
    INSERT INTO views.slas (ticket_id, version, due_at, due_clock, breached, policy, state)
    SELECT id, 1, due_at, due_clock, breached, 'Default',
        json_build_object('ticket_id', id, 'ticket_number', number, 'version', 1, 'policy', 'Default', 'policy_version', 1,
        'calendar', 'Office', 'priority', priority, 'clocks', json_build_array(), 'updated_at', updated_at) FROM views.tickets"""
_COUNTS: Final = """
    INSERT INTO views.ticket_counts
    SELECT status, coalesce(team_id, '00000000-0000-0000-0000-000000000000'), count(*) FROM views.tickets GROUP BY 1, 2"""
_CHUNK: Final = 100_000


async def fill(connection: Connection, tickets: int) -> None:
    """Fills the empty read model of a gateway; a million tickets take minutes with their indexes, which are kept."""
    sizes = {"tickets": tickets, "customers": max(1, tickets // 5), "organizations": max(1, tickets // 10)}
    indexes = (await connection.execute(text(_LOOSE_INDEXES))).scalars()
    made = [str(statement) for statement in indexes]
    for statement in made:
        await connection.execute(text(f"DROP INDEX views.{statement.split()[2]}"))
    for statement in _PEOPLE:
        await connection.execute(text(statement), {name: size for name, size in sizes.items() if f":{name}" in statement})
    for first in range(1, tickets + 1, _CHUNK):
        await connection.execute(text(_TICKETS), {**sizes, "first": first, "last": min(tickets, first + _CHUNK - 1)})
    await connection.execute(text(_CLOCKS))
    await connection.execute(text(_COUNTS))
    # Made at the end, from rows that are there: a tenth of the time.
    for statement in made:
        await connection.execute(text(statement))


async def settle(connection: Connection) -> None:
    """Leaves the tables as autovacuum would: analyzed, with a map of what every reader sees. Not in a transaction."""
    await connection.execute(text("VACUUM (ANALYZE) views.tickets, views.slas, views.customers, views.organizations"))


_LOOSE_INDEXES: Final = """
    SELECT i.indexdef FROM pg_indexes AS i JOIN pg_class AS c ON c.relname = i.indexname JOIN pg_index AS x ON x.indexrelid = c.oid
    WHERE i.schemaname = 'views' AND i.tablename IN ('tickets', 'slas', 'customers', 'organizations') AND NOT x.indisunique"""
