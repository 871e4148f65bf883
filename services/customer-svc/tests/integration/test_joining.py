"""An organization gets a domain: those who were known before join it, however many they are."""

from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, another, example, refused
from deskstream_contracts.commands import OrganizationAnswer
from deskstream_contracts.events.customers import CustomerJoinedV1, CustomerState
from deskstream_contracts.events.inbound import MessageReceivedV1
from deskstream_contracts.jobs import Job

from .conftest import Open

pytestmark = pytest.mark.anyio


async def customer(desk: OpenService, email: str, **fields: Any) -> CustomerState:
    answer = await desk.as_("agent").post("/customers", json={"email": email, **fields})
    return accepted(answer, CustomerState, status=201)


async def organization(desk: OpenService, name: str, *domains: str) -> OrganizationAnswer:
    answer = await desk.as_("lead").post("/organizations", json={"name": name, "domains": list(domains)})
    return accepted(answer, OrganizationAnswer, status=201)


async def worked_off(desk: OpenService) -> None:
    while await desk.worker("processes").turn():
        pass


async def job(desk: OpenService, id_: str | None) -> Job:
    assert id_ is not None
    return accepted(await desk.as_("viewer").get(f"/jobs/{id_.removeprefix('customer.')}"), Job)


async def organizations_of(desk: OpenService, person: CustomerState) -> list[str]:
    found = accepted(await desk.as_("viewer").get(f"/customers/{person.id}"), CustomerState)
    return [str(id_) for id_ in found.organization_ids]


async def test_people_known_before_join_the_organization_that_gets_their_domain(working_desk: OpenService) -> None:
    desk = working_desk
    ann, bob, other = [await customer(desk, e) for e in ("ann@acme.example", "bob@acme.example", "cid@brick.example")]
    acme = await organization(desk, "ACME", "acme.example")
    begun = await job(desk, acme.job)
    assert (begun.kind, begun.subject, begun.state, begun.done) == ("join_by_domain", f"organization/{acme.id}", "running", 0)
    await worked_off(desk)
    ended = await job(desk, acme.job)
    assert (ended.state, ended.done, ended.total, ended.failed) == ("done", 2, 2, 0)
    assert ended.finished_at is not None
    assert ended.asked_by.name == "Tess"
    assert await organizations_of(desk, ann) == await organizations_of(desk, bob) == [str(acme.id)]
    assert await organizations_of(desk, other) == []
    joined = await desk.published(CustomerJoinedV1)
    assert {(e.customer.id, e.organization_id) for e in joined} == {(ann.id, acme.id), (bob.id, acme.id)}


@pytest.mark.parametrize(
    ("domain", "joins", "stays"),
    [
        ("ACME.Example", "ann@acme.example", "ann@eu.acme.example"),
        ("Bücher.example", "ann@bücher.example", "ann@bucher.example"),
        ("xn--bcher-kva.example", "ann@bücher.example", "ann@xn--fa-hia.example"),
        ("*.acme.example", "ann@mail.eu.acme.example", "ann@acme.example"),
        ("*.acme.example", "ann@eu.acme.example", "ann@notacme.example"),
    ],
)
async def test_a_domain_is_the_same_however_it_is_written_and_those_below_it_by_choice(
    working_desk: OpenService, domain: str, joins: str, stays: str
) -> None:
    desk = working_desk
    known, other = await customer(desk, joins), await customer(desk, stays)
    one = await organization(desk, "One", domain)
    await worked_off(desk)
    assert await organizations_of(desk, known) == [str(one.id)]
    assert await organizations_of(desk, other) == []
    assert refused(await desk.as_("lead").post("/organizations", json={"name": "Two", "domains": [domain.upper()]}))[0] == 409


async def test_the_organization_of_the_most_particular_domain_gets_who_writes(working_desk: OpenService) -> None:
    desk = working_desk
    whole, part = await organization(desk, "Whole", "*.acme.example"), await organization(desk, "Part", "eu.acme.example")
    for email, where in (("ann@eu.acme.example", part), ("ann@us.acme.example", whole)):
        await desk.settle(another(MessageReceivedV1, message={"sender": {"email": email, "name": None}, "sender_proven": True}))
        (found,) = (await desk.as_("viewer").get("/customers", params={"email": email})).json()
        assert found["organization_ids"] == [str(where.id)]


async def test_who_belongs_somewhere_already_stays_there(working_desk: OpenService) -> None:
    desk = working_desk
    brick = await organization(desk, "Brick Co.")
    ann = await customer(desk, "ann@acme.example", organization_ids=[str(brick.id)])
    acme = await organization(desk, "ACME", "acme.example")
    await worked_off(desk)
    assert (await job(desk, acme.job)).total == 0
    assert await organizations_of(desk, ann) == [str(brick.id)]


async def test_a_domain_that_is_added_later_brings_its_people(working_desk: OpenService) -> None:
    desk = working_desk
    ann = await customer(desk, "ann@acme-two.example")
    acme = await organization(desk, "ACME", "acme.example")
    await worked_off(desk)
    body = {"domains": ["acme.example", "acme-two.example"]}
    after = accepted(await desk.as_("lead").patch(f"/organizations/{acme.id}", json=body), OrganizationAnswer)
    assert after.job is not None
    assert accepted(await desk.as_("lead").patch(f"/organizations/{acme.id}", json=body), OrganizationAnswer).job is None
    await worked_off(desk)
    assert await organizations_of(desk, ann) == [str(acme.id)]


async def test_a_domain_that_is_given_up_meanwhile_brings_nobody(working_desk: OpenService) -> None:
    desk = working_desk
    ann = await customer(desk, "ann@acme.example")
    acme = await organization(desk, "ACME", "acme.example")
    accepted(await desk.as_("lead").patch(f"/organizations/{acme.id}", json={"domains": []}), OrganizationAnswer)
    await worked_off(desk)
    assert (await job(desk, acme.job)).state == "done"
    assert await organizations_of(desk, ann) == []


async def test_a_job_is_stopped_and_resumed(working_desk: OpenService) -> None:
    desk, lead = working_desk, working_desk.as_("lead")
    ann = await customer(desk, "ann@acme.example")
    acme = await organization(desk, "ACME", "acme.example")
    path = f"/jobs/{(acme.job or '').removeprefix('customer.')}"
    assert accepted(await lead.post(f"{path}/stop"), Job).state == "stopped"
    assert accepted(await lead.post(f"{path}/stop"), Job).state == "stopped"
    await worked_off(desk)
    assert await organizations_of(desk, ann) == []
    assert accepted(await lead.post(f"{path}/resume"), Job).state == "running"
    await worked_off(desk)
    assert await organizations_of(desk, ann) == [str(acme.id)]
    assert refused(await lead.post(f"{path}/stop"))[0] == 409
    assert refused(await lead.get(f"/jobs/{uuid4()}"))[0] == 404
    assert refused(await desk.as_("agent").post(f"{path}/stop"))[0] == 403


async def test_jobs_are_listed_newest_first_and_by_their_subject(working_desk: OpenService) -> None:
    desk = working_desk
    acme, brick = await organization(desk, "ACME", "acme.example"), await organization(desk, "Brick Co.", "brick.example")
    listed = accepted(await desk.as_("viewer").get("/jobs"))
    assert [j["id"] for j in listed] == [brick.job, acme.job]
    of_acme = accepted(await desk.as_("viewer").get("/jobs", params={"subject": f"organization/{acme.id}"}))
    assert [j["id"] for j in of_acme] == [acme.job]


async def test_an_organization_that_a_new_domain_made_lets_known_people_join(opens: Open) -> None:
    async with opens(role="all") as desk:
        await desk.put_in_force("domains", create_organizations=True)
        ann = await customer(desk, "ann@sample-company.example")
        message = {"sender": {"email": "bob@sample-company.example"}, "sender_proven": True}
        await desk.settle(example(MessageReceivedV1, message=message))
        await worked_off(desk)
        assert len(await organizations_of(desk, ann)) == 1


async def test_a_worker_is_woken_by_what_begins_work_and_by_nothing_else(working_desk: OpenService) -> None:
    desk = working_desk
    wake = desk.worker("processes")._wake
    await customer(desk, "ann@acme.example")
    assert not wake.is_set()
    await organization(desk, "ACME", "acme.example")
    assert wake.is_set()
