"""What a catalogue calls what it sells: names by key, and the words of a unit as JSON holds them."""

import json
from dataclasses import replace

from billing.rules.names import Names, counted_from_plain, counted_to_plain
from tests.rules.documents import TEN_SEATS

CREDIT = (("en", "credit", "credits"), ("fr", "crédit", "crédits"))


def test_names_are_a_mapping_of_what_they_were_given() -> None:
    names = Names({"support": "Support", ("support", "team"): "Team"}, {"credits": CREDIT})
    assert dict(names) == {"support": "Support", ("support", "team"): "Team"}
    assert len(names) == 2
    assert names.get("guide") is None
    assert names.counted_in["credits"] == CREDIT


def test_the_words_of_a_unit_are_read_as_they_were_written() -> None:
    plain = json.loads(json.dumps(counted_to_plain(CREDIT)))
    assert plain == {"en": ["credit", "credits"], "fr": ["crédit", "crédits"]}
    assert counted_from_plain(plain) == CREDIT
    assert counted_from_plain(dict(reversed(plain.items()))) == CREDIT
    assert counted_from_plain({}) == ()


def test_a_line_is_counted_in_seats_in_its_unit_or_in_a_number_alone() -> None:
    assert TEN_SEATS.unit_words is None
    assert replace(TEN_SEATS, counted_in=CREDIT).unit_words == CREDIT
    assert replace(TEN_SEATS, flat=True).unit_words == ()
