"""One rule for characters: what becomes plain, what stays, what is refused by code point and place."""

import sys
import unicodedata

import pytest

from accounts.rules.texts import OddCharacter, tidy, without_odd
from accounts.rules.time_zones import time_zones

KEPT = {
    "composed": ("Zoe\u0308", "Zo\u00eb"),
    "an ideographic space": ("山田\u3000太郎", "山田 太郎"),
    "a no-break space": ("Olivia\u00a0Owens", "Olivia Owens"),
    "a thin space and a run": ("Olivia \u2009\u202f Owens", "Olivia Owens"),
    "spaces around": ("\u00a0 Acme\u2003", "Acme"),
    "a family of emoji": ("Team 👨\u200d👩\u200d👧", "Team 👨\u200d👩\u200d👧"),
    "a heart of two characters": ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"),
    "Persian": ("می\u200cخواهم", "می\u200cخواهم"),
    "Devanagari": ("क्\u200dष", "क्\u200dष"),
    "a flag of tags": (
        "🏴\U000e0067\U000e0062\U000e0073\U000e007f",
        "🏴\U000e0067\U000e0062\U000e0073\U000e007f",
    ),
    "right to left": ("שלום", "שלום"),
    "an Arabic sign that is seen": ("\u06dd", "\u06dd"),
    "an emoji of tomorrow": ("\U0001faf0\U0001fadc", "\U0001faf0\U0001fadc"),
    "quotes and strokes": ("O’Neil – “Söhne”", "O’Neil – “Söhne”"),
}
REFUSED = {
    "an override of the direction": ("Acme\u202ecnI", "U+202E", 5, True),
    "an isolate": ("\u2066Acme", "U+2066", 1, True),
    "a mark of the direction": ("Acme\u200f", "U+200F", 5, True),
    "a line break": ("Acme\nInc", "U+000A", 5, False),
    "a tab": ("Acme\tInc", "U+0009", 5, False),
    "a null": ("A\0", "U+0000", 2, False),
    "a control": ("A\x85B", "U+0085", 2, False),
    "a space of no width": ("A\u200bB", "U+200B", 2, False),
    "a mark of byte order": ("A\ufeffB", "U+FEFF", 2, False),
    "a soft hyphen": ("A\u00adB", "U+00AD", 2, False),
    "a line separator": ("A\u2028B", "U+2028", 2, False),
    "private use": ("\ue000", "U+E000", 1, False),
    "half a pair": ("\ud800", "U+D800", 1, False),
    "no character": ("A\ufffe", "U+FFFE", 2, False),
    "what could not be read": ("Zo\ufffd", "U+FFFD", 3, False),
    "a joiner before a space": ("A\u200d B", "U+200D", 2, False),
    "a joiner alone": ("\u200c", "U+200C", 1, False),
    "a joiner between digits": ("4\u200d2", "U+200D", 2, False),
    "a letter that nobody sees": ("\u3164", "U+3164", 1, False),
    "a tag without its flag": ("A\U000e0067", "U+E0067", 2, False),
}


@pytest.mark.parametrize("which", KEPT)
def test_a_text_is_kept_composed_and_with_plain_spaces(which: str) -> None:
    text, kept = KEPT[which]
    assert tidy(text) == kept
    assert tidy(kept) == kept
    assert without_odd(text) == kept


@pytest.mark.parametrize("which", REFUSED)
def test_an_odd_character_is_refused_by_code_point_and_place(which: str) -> None:
    text, code, place, turns = REFUSED[which]
    with pytest.raises(OddCharacter, match=f"character {place} is ") as refused:
        tidy(text)
    odd = refused.value
    assert (odd.code, odd.place, odd.turns) == (code, place, turns)
    assert odd.called
    assert tidy(without_odd(text)) == without_odd(text)


def test_several_lines_keep_their_breaks() -> None:
    text = " Dear all,\r\n\ttwo  spaces\rand\u00a0more \n"
    assert tidy(text, lines=True) == "Dear all,\n\ttwo  spaces\nand more"
    with pytest.raises(OddCharacter):
        tidy("A\u202eB", lines=True)
    assert without_odd("a\nb\u202e") == "a b"


def test_no_control_of_unicode_comes_through() -> None:
    """A sweep over all of Unicode: what is not seen and turns or hides other text is refused."""
    shown = {0x6DD, 0x70F, 0x8E2, 0x890, 0x891, 0x110BD, 0x110CD, *range(0x600, 0x606)}
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and number not in shown:
            with pytest.raises(OddCharacter):
                tidy(f"1{character}1")


def test_time_zones_are_places() -> None:
    assert {"Europe/Paris", "UTC", "America/New_York"} <= time_zones()
    assert not time_zones() & {"localtime", "Factory", "posixrules", "leapseconds"}
    assert not [name for name in time_zones() if name.startswith(("posix", "right", "SystemV"))]
