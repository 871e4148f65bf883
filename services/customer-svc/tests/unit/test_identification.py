"""Who sent a message, and what an unproven sender does not gain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from customer_svc.adapters.language_detection import EldcDetector
from customer_svc.adapters.public_domains import ListedDomains
from customer_svc.domain import identification
from customer_svc.domain.customer import Customer, CustomerDeactivated, CustomerJoined, CustomerReactivated, ProfileChanged, apply
from customer_svc.domain.identification import Sender
from customer_svc.domain.languages import Languages
from customer_svc.domain.organization import Organization

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LANGUAGES = Languages(("en", "de", "fr", "nb"), "en")
SAMPLE = Organization(UUID(int=5), 1, "Sample Inc.", NOW, NOW, domains=("sample.com",))
JIM = Sender("jim@sample.com", "Jim Sample", proven=True, text="Guten Tag, meine Rechnung stimmt nicht.", at=NOW)


class Hears:
    """A detector that always hears the same language."""

    def __init__(self, language: str | None) -> None:
        self.language = language

    def detect(self, text: str) -> str | None:
        return self.language


def registered(sender: Sender, organization: Organization | None = None, heard: str | None = "de") -> Customer:
    return identification.register(sender, UUID(int=1), organization, LANGUAGES, Hears(heard), NOW).customer


def test_a_new_sender_gets_a_profile_in_the_language_of_the_first_mail() -> None:
    jim = registered(JIM)
    assert (jim.email, jim.name, jim.language, jim.language_source) == ("jim@sample.com", "Jim Sample", "de", "detected")


@pytest.mark.parametrize(("heard", "expected"), [("es", "en"), (None, "en"), ("no", "nb"), ("nn", "nb"), ("de-AT", "de")])
def test_an_unsupported_language_falls_back_and_a_relative_is_served_by_its_own(heard: str | None, expected: str) -> None:
    assert registered(JIM, heard=heard).language == expected


def test_a_requested_language_goes_before_the_detected_one() -> None:
    asked = registered(replace(JIM, requested_language="fr_FR"))
    assert (asked.language, asked.language_source) == ("fr", "requested")


def test_a_proven_sender_joins_the_organization_of_the_domain() -> None:
    assert registered(JIM, SAMPLE).organization_ids == (SAMPLE.id,)


def test_an_unproven_sender_joins_nothing_and_reactivates_nothing() -> None:
    spoofer = replace(JIM, proven=False)
    assert registered(spoofer, SAMPLE).organization_ids == ()
    assert registered(spoofer, SAMPLE).company is None
    dormant = replace(registered(JIM), active=False, organization_ids=())
    assert identification.recognise(dormant, spoofer, SAMPLE, NOW) == []


def test_what_an_unproven_sender_says_of_somebody_fills_in_nothing() -> None:
    known = replace(registered(JIM), first_name=None, last_name=None, phone=None)
    said = replace(JIM, name="Jim the Boss", phone="+47 666", first_name="Jim", last_name="Boss")
    assert identification.recognise(known, replace(said, proven=False), None, NOW) == []
    assert len(identification.recognise(known, said, None, NOW)) == 1


def test_a_deactivated_customer_is_reactivated_by_a_proven_request() -> None:
    dormant = replace(registered(JIM, SAMPLE), active=False)
    changes = identification.recognise(dormant, JIM, SAMPLE, NOW)
    assert changes == [CustomerReactivated(NOW)]
    assert apply(dormant, changes[0]).active


@pytest.mark.parametrize(("late", "comes_back"), [(-1, False), (0, False), (1, True)])
def test_a_request_from_before_the_deactivation_reactivates_nobody(late: int, comes_back: bool) -> None:
    dormant = apply(registered(JIM, SAMPLE), CustomerDeactivated(NOW))
    told_again = replace(JIM, at=NOW + timedelta(seconds=late))
    assert bool(identification.recognise(dormant, told_again, SAMPLE, NOW)) == comes_back


def test_who_was_reactivated_by_hand_is_deactivated_anew() -> None:
    back = apply(apply(registered(JIM), CustomerDeactivated(NOW)), CustomerReactivated(NOW))
    assert (back.active, back.deactivated_at) == (True, None)


def test_a_profile_without_an_organization_joins_with_the_first_proven_message() -> None:
    loner = registered(JIM)
    assert identification.recognise(loner, JIM, SAMPLE, NOW) == [CustomerJoined(SAMPLE.id, NOW)]


def test_a_known_customer_is_not_renamed_by_a_later_mail() -> None:
    assert identification.recognise(registered(JIM), replace(JIM, name="Somebody Else"), None, NOW) == []


def test_a_number_that_is_known_is_not_overwritten_by_a_form() -> None:
    known = replace(registered(JIM), phone="+47 1")
    assert identification.recognise(known, replace(JIM, phone="+47 2"), None, NOW) == []
    jim = registered(JIM)
    assert identification.recognise(jim, replace(JIM, phone="+47 2"), None, NOW) == [
        ProfileChanged(replace(jim.profile, phone="+47 2"), NOW)
    ]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Jim Sample", "Jim", "Sample"),
        ("Sample, Jim", "Jim", "Sample"),
        ("Jim", "Jim", None),
        ("jim@sample.com", None, None),
        ("", None, None),
        ("'Jim van der Berg'", "Jim", "van der Berg"),
    ],
)
def test_names_are_read_from_what_the_sender_is_called(name: str, first: str | None, last: str | None) -> None:
    jim = registered(replace(JIM, name=name))
    assert (jim.first_name, jim.last_name) == (first, last)


def test_long_names_are_together_no_longer_than_a_name() -> None:
    jim = registered(replace(JIM, first_name="j" * 300, last_name="s" * 300))
    assert jim.name == "j" * 300


@pytest.mark.parametrize("domain", ["gmail.com", "outlook.com", "mailinator.com", "web.de", "mail.gmail.com"])
def test_free_and_disposable_mail_domains_are_public(domain: str) -> None:
    assert ListedDomains().is_public(domain)


def test_a_companys_domain_is_not_public() -> None:
    assert not ListedDomains().is_public("sample-company.example")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, since this morning I cannot log in to my account.", "en"),
        ("Guten Tag, seit heute Morgen funktioniert meine Anmeldung nicht.", "de"),
        ("Bonjour, depuis ce matin je ne peux plus me connecter.", "fr"),
        ("Hei, siden i morges får jeg ikke logget inn på kontoen min.", "nb"),
        ("", None),
    ],
)
def test_the_detector_hears_the_four_languages(text: str, language: str | None) -> None:
    assert EldcDetector().detect(text) == language
