"""The French texts are those of the program: none missing, none left over, compiled as written."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import polib
import pytest

from admin_center.server.database import ROOT

FRENCH = Path("admin_center/locale/fr/LC_MESSAGES/django.po")
# Where texts stand that somebody may read.
SOURCES = ("accounts", "billing", "admin_center", "templates")
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
Key = tuple[str | None, str, str]


def keys(entries: Iterable[polib.POEntry]) -> set[Key]:
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in entries}


@pytest.fixture(scope="module")
def written() -> polib.POFile:
    return polib.pofile(str(ROOT / FRENCH))


def test_every_text_of_the_program_is_there(written: polib.POFile, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.mo")
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "manage.py", tmp_path)
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--locale", "fr", "--no-obsolete", "--verbosity", "0"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    wanted = polib.pofile(str(tmp_path / FRENCH))
    assert len(wanted) > 200
    assert keys(wanted) - keys(written) == set(), "run make messages, then translate"
    assert keys(written) - keys(wanted) == set(), "run make messages"


def test_every_text_is_translated(written: polib.POFile) -> None:
    assert [entry.msgid for entry in written.untranslated_entries() + written.fuzzy_entries()] == []


def test_no_translation_loses_a_place_that_is_filled_in(written: polib.POFile) -> None:
    wrong = []
    for entry in written.translated_entries():
        wanted = set(PLACES.findall(entry.msgid + entry.msgid_plural))
        texts = [text for number, text in entry.msgstr_plural.items() if number] or [entry.msgstr]
        wrong += [entry.msgid for text in texts if set(PLACES.findall(text)) != wanted]
    assert wrong == []


def test_the_compiled_texts_are_the_written_ones(written: polib.POFile) -> None:
    compiled = polib.mofile(str(ROOT / FRENCH.with_suffix(".mo")))
    as_compiled = {
        (one.msgctxt, one.msgid): (one.msgstr, tuple(sorted(one.msgstr_plural.items()))) for one in compiled
    }
    as_written = {
        (one.msgctxt, one.msgid): (one.msgstr, tuple(sorted(one.msgstr_plural.items())))
        for one in written.translated_entries()
    }
    assert as_compiled == as_written, "run make messages"


# What print never does, in either language, with the same as it should be.
TYPOGRAPHY = {
    "a plain space before a sign that stands apart": re.compile(r"\S (?=[:;!?»€]|%(?!\())"),
    "a plain space inside quotes": re.compile(r"« (?=\S)"),
    "no space before a sign that stands apart": re.compile(
        r"[\w)](?=[;!?](\s|$))|[^\W\d](?=:(\s|$))|«\S|\S»"
    ),
    "a straight apostrophe": re.compile(r"\w'\w"),
    "three dots": re.compile(r"\.\.\."),
    "no elision": re.compile(r"(?<!-)\b([Qq]ue|[Dd]e|[Ll][ea]|[Jj]e|[Nn]e|[Ss]e) [aeiouyéèêàâîôûœ]"),
    "a word that a name may want elided": re.compile(
        r"\b([Dd]e|[Qq]ue) %\((account|account_name|name|product|vendor|by|payer|owner|suite|to|from)\)s"
    ),
}
# "le onze", "le oui" and letters called by their name; h is aspirate as often as not.
NOT_ELIDED = re.compile(r"\b[Ll]e (onze|oui|un)\b|[Ll]e 1")


def flat(text: str) -> str:
    """Return a text without its tags and addresses."""
    return re.sub(r"<[^>]*>|https?:\S+", "", text)


def test_french_is_set_as_french_is(written: polib.POFile) -> None:
    wrong = [
        f"{name}: {text}"
        for entry in written.translated_entries()
        for text in (entry.msgstr, *entry.msgstr_plural.values())
        for name, sign in TYPOGRAPHY.items()
        if sign.search(NOT_ELIDED.sub("", flat(text)))
    ]
    assert wrong == []


def test_english_has_the_apostrophes_and_dots_of_print(written: polib.POFile) -> None:
    wrong = [
        entry.msgid
        for entry in written.translated_entries()
        # Names of fields are seen in the back office alone, and a migration would have to follow each.
        if not any("/models/" in place for place, _line in entry.occurrences)
        and re.search(r"\w'\w|\.\.\.|\w \"", flat(entry.msgid + entry.msgid_plural))
    ]
    assert wrong == []


# What print never does in English, and what a native reader marked.
ENGLISH = {
    "two spaces": re.compile(r"\S  +\S"),
    "a space before a sign": re.compile(r"\S [,.:;!?](\s|$)"),
    "a hyphen for a dash": re.compile(r"\w - \w"),
    "e-mail in one word": re.compile(r"(?<!\()\b[Ee]mails?\b(?!\)s)"),
    "what should simply be there": re.compile(r"\bstands? (here|there|on|for|anew|as it)\b"),
    "what should contain": re.compile(r"\b(letter|page|archive|line|It) holds?\b|doesn’t hold\b"),
    "what acts of its own": re.compile(r"\bby (itself|themselves)\b"),
    "a letter’s whom": re.compile(r"\bwhom (to|it)\b|\bwho decides it\b"),
    "somebody told": re.compile(r"\b(is|are|was|were) told (of|that)\b"),
    "a title of capitals": re.compile(r"^[A-Z][a-z]+( (?!Center\b|Georgia|Helena|City)[A-Z][a-z]+){1,3}$"),
    "what meets or waits": re.compile(r"\b[Ii]t meets\b|\bwhat waits (is|moves)\b|\bwaits for its payment\b"),
    "as ever": re.compile(
        r"\bas ever\b|\bby halves\b|\bis called so\b|\bneed do\b|\bas (many|often) .* as (there|it) may\b"
    ),
    "staff in the singular": re.compile(r"\b(?<!of the )staff (makes|sells|answers|sends|decides|has|is)\b"),
}
# Read by our staff alone, or names of fields.
OURS = ("/models/", "back_office/", "templates/admin/")


def test_english_reads_as_english(written: polib.POFile) -> None:
    wrong = [
        f"{name}: {text}"
        for entry in written.translated_entries()
        for text in filter(None, (entry.msgid, entry.msgid_plural))
        for name, sign in ENGLISH.items()
        if sign.search(" ".join(flat(text).split()) if name != "two spaces" else flat(text).strip())
    ]
    assert wrong == []


def test_a_customer_reads_e_mail_where_we_say_letter(written: polib.POFile) -> None:
    wrong = [
        entry.msgid
        for entry in written.translated_entries()
        if not all(any(part in place for part in OURS) for place, _line in entry.occurrences)
        and re.search(r"\b[Ll]etters?\b(?! A to Z)", entry.msgid + entry.msgid_plural)
    ]
    assert wrong == []


# One word for one thing, as the glossary has it: the word that is not ours, unless the English says this.
ONE_WORD = {
    "a discount is une remise": (r"\bréductions?\b(?! des? licences)", r"\bdiscount"),
    "a rejected request is refusée": (r"\b[Rr]eje(ter|tée?s?|tez|t)\b", r"."),
    "a seat is held: détenue": (r"\b[Oo]ccup(e|ent|er|ées?)\b(?! de)", r"\bseats?\b"),
    "a balance is l’avoir disponible": (r"\b(le|au|du) solde\b", r"\bcredit balance\b"),
    "a second person is une seconde": (r"\bdeuxième personne\b", r"."),
    "a try is une tentative": (r"\bessais?\b", r"\b(try|tries|tried)\b"),
}


def test_french_has_one_word_for_one_thing(written: polib.POFile) -> None:
    wrong = [
        f"{name}: {text}"
        for entry in written.translated_entries()
        for text in (entry.msgstr, *entry.msgstr_plural.values())
        for name, (word, where) in ONE_WORD.items()
        if re.search(where, entry.msgid) and re.search(word, text)
    ]
    assert wrong == []


def test_the_words_that_read_badly_are_gone(written: polib.POFile) -> None:
    """Those of which a native reader said what is better (French: calques of our own English)."""
    badly = re.compile(
        r"qui (en )?décide\b|au devis du jour|tarif public|(?<!un )courrier\b|(?<!aux )\blettres?\b(?! de A)"
        r"|d’(elles?|eux)-mêmes?|de lui-même|ce qui attend|mégarde|Solde créditeur|Il coûtera",
        re.IGNORECASE,
    )
    wrong = [
        text
        for entry in written.translated_entries()
        for text in (entry.msgstr, *entry.msgstr_plural.values())
        if badly.search(text)
    ]
    assert wrong == []
