"""Policies and calendars put as a whole: their versions, and what is refused."""

from dataclasses import replace

import pytest

from sla_svc.adapters.holidays import is_holiday_of
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.domain.configuring import put_calendars, put_policies
from sla_svc.domain.policy import Policy, SlaConfiguration, Targets
from sla_svc.domain.refusals import BadCalendar, BadPolicy, ConfigurationHasMoved
from sla_svc.persistence.configuration_cache import ConfigurationCache

CACHE = ConfigurationCache(is_holiday_of)
ALWAYS = CalendarDefinition("24x7", always=True)
OFFICE = CalendarDefinition("Office", time_zone="Europe/Oslo", weekly=(((480, 960),),) * 5 + ((), ()), country="NO")
STANDARD = Policy("Standard", 1, {"medium": Targets(3600, None, 7200)}, is_default=True)
FIRST = CACHE.compiled(4, (STANDARD,), (ALWAYS,))


def policies(current: SlaConfiguration, *put: Policy, expected: int | None = None) -> SlaConfiguration:
    return put_policies(current, put, expected, CACHE)


def calendars(current: SlaConfiguration, *put: CalendarDefinition) -> SlaConfiguration:
    return put_calendars(current, put, None, CACHE)


def test_the_same_again_is_the_same_configuration_whatever_version_was_sent() -> None:
    assert policies(FIRST, replace(STANDARD, version=0), expected=1) is FIRST
    assert calendars(FIRST, replace(ALWAYS, version=9)) is FIRST


def test_a_policy_counts_its_changes_and_a_new_one_begins_at_1() -> None:
    after = policies(FIRST, replace(STANDARD, warn_fraction=0.5), replace(STANDARD, name="Gold", version=7, is_default=False))
    assert (after.version, [(p.name, p.version) for p in after.policies]) == (5, [("Standard", 2), ("Gold", 1)])


def test_a_calendar_counts_its_changes_and_the_policies_stay() -> None:
    after = calendars(FIRST, ALWAYS, OFFICE)
    again = calendars(after, ALWAYS, replace(OFFICE, time_zone="Europe/Berlin"))
    assert [(c.name, c.version) for c in again.definitions] == [("24x7", 1), ("Office", 2)]
    assert (again.version, again.policies) == (6, FIRST.policies)


def test_another_version_than_was_expected_is_refused() -> None:
    with pytest.raises(ConfigurationHasMoved):
        policies(FIRST, replace(STANDARD, warn_fraction=0.5), expected=3)
    assert policies(FIRST, replace(STANDARD, warn_fraction=0.5), expected=4).version == 5


@pytest.mark.parametrize(
    ("put", "pointer"),
    [
        ([ALWAYS, ALWAYS], "#/calendars/1/name"),
        ([replace(OFFICE, time_zone="Mars/Base")], "#/calendars/0/time_zone"),
        ([replace(OFFICE, country="XX")], "#/calendars/0/country"),
        ([replace(OFFICE, subdivision="XX")], "#/calendars/0/country"),
        ([replace(OFFICE, weekly=((),) * 7)], "#/calendars/0/weekly"),
    ],
)
def test_a_calendar_that_cannot_be_taken_is_pointed_to(put: list[CalendarDefinition], pointer: str) -> None:
    with pytest.raises(BadCalendar) as refused:
        calendars(FIRST, *put)
    assert refused.value.pointer == pointer


def test_a_calendar_that_a_policy_names_cannot_be_left_out() -> None:
    with pytest.raises(BadPolicy) as refused:
        calendars(FIRST, OFFICE)
    assert refused.value.pointer == "#/policies/0/calendar"


@pytest.mark.parametrize(
    ("put", "pointer"),
    [
        ([STANDARD, replace(STANDARD, name="STANDARD", is_default=False)], "#/policies/1/name"),
        ([STANDARD, replace(STANDARD, name="Gold")], "#/policies/1/is_default"),
        ([replace(STANDARD, calendar="Nowhere")], "#/policies/0/calendar"),
        ([], "#/policies"),
        ([replace(STANDARD, is_default=False)], "#/policies"),
        ([replace(STANDARD, targets={"low": Targets(resolution=6 * 365 * 86400)})], "#/policies/0/targets/low/resolution"),
    ],
)
def test_a_policy_that_cannot_be_taken_is_pointed_to(put: list[Policy], pointer: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        policies(FIRST, *put)
    assert refused.value.pointer == pointer
