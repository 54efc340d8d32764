"""The one choice of which signs count, on the page of privacy and in the first minute: explicit ones, unless more."""

from __future__ import annotations

import re

import pytest

from accounts import actions as people
from accounts.models import Consent, Signs


@pytest.mark.parametrize(
    ("chosen", "opens", "reading"),
    [("explicit", False, False), ("opens", True, False), ("reading", True, True), ("", False, False)],
)
@pytest.mark.parametrize("page", ["/you/privacy", "/you/welcome"])
def test_one_choice_says_which_signs_count(seen_by, person, chosen, opens, reading, page):
    dana = person("dana", consents=False)
    browser = seen_by(dana)
    asked = browser.get(page, {"step": "3"}).content.decode()
    assert asked.count('name="signs"') == 3
    assert re.findall(r'<input type="radio"[^>]*value="(\w+)"[^>]* checked', asked) == ["explicit"]
    assert "next night" in asked
    browser.post(page, {"step": "3", "behaviour": "on", "signs": chosen})
    consent = Consent.objects.get(person=dana)
    assert (consent.behaviour, consent.opens, consent.reading_time) == (True, opens, reading)
    assert consent.signs == (chosen or Signs.EXPLICIT)


def test_a_wrong_choice_of_signs_changes_nothing(seen_by, alice):
    people.give_consent(alice, opens=True)
    assert seen_by(alice).post("/you/privacy", {"signs": "everything"}).status_code == 422
    assert Consent.objects.get(person=alice).opens


def test_who_lets_reading_be_measured_but_not_opening_keeps_exactly_that(seen_by, alice):
    people.give_consent(alice, reading_time=True)
    browser = seen_by(alice)
    assert browser.get("/you/privacy").content.decode().count('name="signs"') == 4
    browser.post("/you/privacy", {"behaviour": "on", "signs": "reading_only"})
    consent = Consent.objects.get(person=alice)
    assert (consent.opens, consent.reading_time) == (False, True)
