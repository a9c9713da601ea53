"""Every page in both languages, with no text that was not translated, and sound HTML (test_html.py).

Every message that passes gettext while the pages are read is put into ⟦brackets⟧. What then stands
outside of brackets, in a text or an attribute that is read aloud, must be data (a name, a number, a
code); anything else was written into a template without `translate`. And every message that passed must
stand in a French catalogue.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import polib
import pytest
from django.conf import settings
from django.db import models
from django.template import engines
from django.utils import translation
from django.utils.translation import trans_real
from html5lib.html5parser import ParseError

import admin_center
from accounts.models import User
from admin_center import context, navigation
from admin_center.templatetags import ui
from admin_center.wording import countries
from billing import addresses, tax_numbers
from billing.models import Catalogue, Edition, PostalAddress, Product
from tests import canary
from tests.sweeps import reading, world
from tests.sweeps.test_html import faults

ACCOUNTS = [("S", "A"), ("A", "A"), ("M", "A"), ("S", "T"), ("S", "E"), ("S", "P"), ("S", "S"), ("S", "C")]
PEOPLE = [*reading.MEMBERS, "of_globex"]
CATALOGUE = Path(admin_center.__file__).parent / "locale" / "fr" / "LC_MESSAGES" / "django.po"
OPEN, CLOSE = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
# Words that are the same in every language: names, units, codes, and formats of dates.
SAME_EVERYWHERE = {"English", "Français", "français", "UTC", "CSV", "PDF", "EN", "FR", "am", "pm", "AM", "PM"}
# Names of a format, and of an account at a bank.
SAME_EVERYWHERE |= {"Factur-X", "UBL", "IBAN", "BIC"}
# Addresses of mail and pages, currencies, ids.
CODES = re.compile(r"\S+@\S+|\b[A-Z]{3}\b|/\S+|[0-9a-f-]{36}")
MONTHS_AND_DAYS = re.compile(r"\d+(?:er|st|nd|rd|th)\b")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Put every message in brackets; give the set of those that passed."""
    passed: set[str] = set()

    def bracketed(original: Callable[..., str], message_at: int) -> Callable[..., str]:
        def translated(*parts: Any) -> str:
            if parts[message_at]:
                passed.add(str(parts[message_at]))
            said = original(*parts)
            return f"{OPEN}{said}{CLOSE}" if said.strip() and not is_format(str(parts[message_at])) else said

        return translated

    for name, message_at in (("gettext", 0), ("ngettext", 0), ("pgettext", 1), ("npgettext", 1)):
        original = getattr(trans_real, name)
        monkeypatch.setattr(translation._trans, name, bracketed(original, message_at), raising=False)
    forget_what_was_written()
    yield passed
    monkeypatch.undo()
    forget_what_was_written()


def is_format(message: str) -> bool:
    """Return whether a message is no text for people: a format, a header, a plural rule."""
    return message.startswith(("Content-Type", "DATE", "TIME")) or not re.search(r"[^\W\d_]{2}", message)


def forget_what_was_written() -> None:
    """Empty what the frame and the templates keep written: it was written with the other translations."""
    for one in engines.all():
        for loader in one.engine.template_loaders:
            loader.reset()
    for module in (ui, context, navigation, countries):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def outside_brackets(text: str) -> str:
    """Return what stands outside of all brackets, which may lie in each other."""
    depth, left = 0, []
    for sign in text:
        depth += (sign == OPEN) - (sign == CLOSE)
        if depth == 0 and sign != CLOSE:
            left.append(sign)
        elif sign == OPEN:
            left.append("\n")
    return "".join(left)


def data() -> re.Pattern[str]:
    """Return a pattern of all that is data in the database: not to be translated."""
    known = {str(settings.VENDOR_NAME), *SAME_EVERYWHERE, *of_the_seller()}
    for model in (*canary.account_models(), User, Catalogue, Product, Edition):
        columns = [
            one.attname
            for one in model._meta.concrete_fields
            if isinstance(one, (models.CharField, models.TextField))
        ]
        codes = canary.CODES.get(model._meta.label, set()) - {"actor_name", "requester_name", "brand"}
        for column in set(columns) - codes:
            known |= {str(value) for value in model._default_manager.values_list(column, flat=True) if value}
    for address in PostalAddress.objects.all():
        known |= {*address.lines, address.city, address.postal_code} - {""}
    # Regions are called as their own country calls them.
    known |= {name for one in addresses.format_of("US").regions for name in (one.name, one.key)}
    known |= {name.split()[0] for name in User.objects.values_list("name", flat=True)}
    known |= {
        "".join(part[0] for part in name.split()) for name in User.objects.values_list("name", flat=True)
    }
    for labels in Catalogue.objects.values_list("labels", flat=True):
        known |= {word for words in labels.values() for word in words.values()}
    longest_first = sorted(known, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)", re.IGNORECASE)


def own_names() -> re.Pattern[str]:
    """Return a pattern of what tax numbers are called in their own country, with their examples."""
    found = {text for one in tax_numbers.TYPES.values() for text in (one.name, one.example) if text}
    longest_first = sorted(found, key=len, reverse=True)
    return re.compile("|".join(re.escape(one).replace(r"\ ", r"\s") for one in longest_first))


def of_the_seller() -> set[str]:
    """Return what documents say of the vendor as its country writes it: address, numbers, bank account.

    A number is called by its country's name in every language ("Numéro de TVA", "USt-IdNr."): on a document
    it is what an auditor looks for.
    """
    seller = settings.SELLER
    known = {*addresses.written(seller.address), *(one.written for one in seller.tax_ids)}
    known |= {re.sub(r"(.{4})\B", r"\1 ", seller.bank.iban), seller.bank.bic}
    called = (tax_numbers.TYPES[one.kind, one.country].name for one in seller.tax_ids)
    return known | {CODES.sub(" ", name).strip() for name in called}


def untranslated(tree: Element, known: re.Pattern[str]) -> Iterator[str]:
    """Yield the words of a page that came neither from a catalogue nor from the database."""
    text = outside_brackets("".join(reading.texts(tree)))
    text = own_names().sub(" ", text)
    text = MONTHS_AND_DAYS.sub(" ", known.sub(" ", CODES.sub(" ", text)))
    for line in text.splitlines():
        if re.search(r"[^\W\d_]{2}", line):
            yield line.strip()


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("part", range(2))
def test_every_page_is_sound_and_every_text_of_it_translated(db: None, heard: set[str], part: int) -> None:
    """One walk for both: brackets are text like any other, also in an attribute."""
    place = world.make()
    known, found = data(), list(reading.pages(place, ACCOUNTS[part::2], PEOPLE))
    if part == 0:
        found += reading.outside(place, ["anonymous", "without", "owner"])
    html = reading.distinct(found, place)
    assert len(html) > 100
    wrong, bare = set(), {}
    for page in html:
        try:
            reading.demand_sound(page)
        except ParseError as error:
            wrong.add(f"{page} is not HTML: {error}")
            continue
        tree = reading.parsed(page)
        wrong |= {f"{page} {fault}" for fault in faults(tree)}
        bare |= {(page.name, word): page for word in untranslated(tree, known)}
    assert not wrong, f"{len(wrong)} faults:\n" + "\n".join(sorted(wrong)[:25])
    assert not bare, "written without translate:\n" + "\n".join(
        f"{page}: {word!r}" for (_name, word), page in list(bare.items())[:25]
    )
    missing = sorted(heard - french())
    assert not missing, f"{len(missing)} messages without French, first {missing[:10]}"


def french() -> set[str]:
    """Return every message that has a French translation: ours, Django's and the libraries'."""
    catalogue = trans_real.translation("fr")._catalog  # type: ignore[attr-defined]
    messages: set[str] = set()
    for source in catalogue._catalogs if hasattr(catalogue, "_catalogs") else [catalogue]:
        for key, value in source.items():
            message = key[0] if isinstance(key, tuple) else key
            if value:
                messages |= {message, message.split("\x04")[-1]}
    # Ours from its source: what was compiled may be older.
    for entry in polib.pofile(str(CATALOGUE)).translated_entries():
        messages |= {entry.msgid, entry.msgid_plural}
    return messages


def test_the_french_catalogue_is_complete() -> None:
    catalogue = polib.pofile(str(CATALOGUE))
    assert len(catalogue) > 100
    open_ends = [one.msgid for one in catalogue.untranslated_entries()]
    fuzzy = [one.msgid for one in catalogue.fuzzy_entries()]
    assert not open_ends, f"without French: {open_ends[:10]}"
    assert not fuzzy, f"French only guessed: {fuzzy[:10]}"


@pytest.mark.parametrize("entry_kind", ["placeholders", "plurals"])
def test_the_french_says_the_same_things(entry_kind: str) -> None:
    """A placeholder that is lost breaks a page; a plural that is lost is silent."""
    names = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%[sd]")
    wrong = []
    for entry in polib.pofile(str(CATALOGUE)):
        said = [entry.msgstr] if entry.msgstr else list(entry.msgstr_plural.values())
        if entry_kind == "plurals" and entry.msgid_plural and any(said) and not all(said):
            wrong.append(entry.msgid)
        if entry_kind == "placeholders":
            asked = set(names.findall(entry.msgid + (entry.msgid_plural or "")))
            wrong += [entry.msgid for one in said if one and not set(names.findall(one)) <= asked]
            # The singular may leave the number out.
            wrong += [entry.msgid for one in said[-1:] if one and set(names.findall(one)) != asked]
    assert not wrong, wrong[:10]


def test_brackets_may_lie_in_brackets() -> None:
    text = f"a {OPEN}b {OPEN}c{CLOSE} d{CLOSE} e"
    assert outside_brackets(text).split() == ["a", "e"]
