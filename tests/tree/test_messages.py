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
