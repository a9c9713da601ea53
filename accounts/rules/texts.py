"""One rule for the characters of texts that people and files bring in, whichever door they come by.

In Unicode's composed form; every kind of space is a plain one; joiners stay where writing needs them;
what can't be seen and could change how other text reads is refused, by its code point and place.
"""

import unicodedata

_LINE_BREAKS = "\n\t"
_JOINERS = "\u200c\u200d"
# Cf, but seen: signs of Arabic and other scripts that stand around a number or a name.
_SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
# Letters by their category, that nobody sees.
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
# The flags of England, Scotland and Wales: a black flag, then its name in tags.
_FLAG, _FIRST_TAG, _LAST_TAG = "\U0001f3f4", "\U000e0020", "\U000e007f"
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class OddCharacter(ValueError):
    """A character that is refused: which, where (counted from 1), and whether it turns the direction."""

    def __init__(self, character: str, place: int) -> None:
        """Keep what it is and where."""
        self.character, self.place = character, place
        self.code = code_point(character)
        super().__init__(f"character {place} is {self.code}")

    @property
    def turns(self) -> bool:
        """Whether it changes the direction in which text reads."""
        return self.character in _DIRECTIONS

    @property
    def called(self) -> str:
        """Its name in Unicode, or what kind of character has none."""
        return named(self.character)


def code_point(character: str) -> str:
    """Return a character as `U+202E`."""
    return f"U+{ord(character):04X}"


def named(character: str) -> str:
    """Return the name of a character in small letters; a control has none in Unicode, but a usual one."""
    usual = {"\n": "line break", "\r": "line break", "\t": "tab", "\0": "null"}
    return usual.get(character) or unicodedata.name(character, "control or unknown character").lower()


def tidy(text: str, *, lines: bool = False) -> str:
    """Return a text as it is kept: composed, with plain single spaces and nothing around it.

    `lines` is for a text of several lines, which keeps its breaks, tabs and runs of spaces. Raises
    OddCharacter for what is refused.
    """
    if text.isascii() and text.isprintable() and not lines:
        return " ".join(text.split())
    if lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for place, character in enumerate(text):
        if not (lines and character in _LINE_BREAKS) and not _allowed(text, place, character):
            raise OddCharacter(character, place + 1)
    return _spaced(text, lines=lines)


def without_odd(text: str) -> str:
    """Return a text of one line that nobody can be asked to mend, tidy and without what would be refused."""
    text = "".join(" " if c in "\n\r\t" else c for c in text)
    return _spaced("".join(c for place, c in enumerate(text) if _allowed(text, place, c)), lines=False)


def _spaced(text: str, *, lines: bool) -> str:
    text = unicodedata.normalize("NFC", text)
    plain = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    return plain.strip() if lines else " ".join(plain.split())


def _allowed(text: str, place: int, character: str) -> bool:
    if character.isascii():
        return character.isprintable()
    if character in _JOINERS:
        return _joins(text, place)
    if _FIRST_TAG <= character <= _LAST_TAG:
        return (
            text[:place].rstrip("".join(map(chr, range(ord(_FIRST_TAG), ord(_LAST_TAG) + 1)))).endswith(_FLAG)
        )
    if character in _FILLERS or character == "\ufffd":
        return False
    category = unicodedata.category(character)
    if category == "Cn":
        # Not assigned in this Python's tables: a newer emoji, unless it never will be one.
        return not (0xFDD0 <= ord(character) <= 0xFDEF or ord(character) & 0xFFFE == 0xFFFE)
    return category not in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") or character in _SEEN


def _joins(text: str, place: int) -> bool:
    """Tell whether a joiner stands between two letters, marks or emoji."""
    return 0 < place < len(text) - 1 and all(
        unicodedata.category(text[beside])[0] in "LM"
        or unicodedata.category(text[beside]) in ("So", "Sk", "Cn")
        for beside in (place - 1, place + 1)
    )
