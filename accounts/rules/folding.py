"""How texts are searched and sorted: one folding, the same in Python and in the database.

Compatible forms decomposed (NFKD), marks off, without case; letters that only look marked, quotes, hyphens
and spaces as plain ones. `accounts_folded` in the database is made from the same table.
"""

import sys
import unicodedata
from functools import cache

# Letters that no decomposition takes apart, as people type them who don't have them.
_LETTERS = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ı": "i",
    "ð": "d",
    "þ": "th",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
    "ĸ": "k",
    "ɫ": "l",
    "ƀ": "b",
    "ɖ": "d",
    "ƒ": "f",
    "ǥ": "g",
    "ɨ": "i",
    "ƙ": "k",
    "ƥ": "p",
    "ɍ": "r",
    "ƭ": "t",
    "ʉ": "u",
    "ƴ": "y",
    "ƶ": "z",
    "ǝ": "e",
    "ə": "e",
    "ς": "σ",
}
_SIGNS = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u02bb\u02bc\u02bd\u02b9\u00b4\u0060\uff07",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad",
}


@cache
def table() -> dict[int, str]:
    """Return what each decomposed character becomes, where that is something else; "" where it goes."""
    found: dict[int, str] = {}
    for number in range(0x80, sys.maxunicode + 1):
        character = chr(number)
        category = unicodedata.category(character)
        if category in ("Mn", "Me", "Cf"):
            found[number] = ""
        elif category in ("Zs", "Zl", "Zp"):
            found[number] = " "
        elif ((case := character.casefold()) != character or character in _LETTERS) and (
            unicodedata.normalize("NFKD", character) == character
        ):
            found[number] = "".join(_LETTERS.get(one, one) for one in case)
    found |= {ord(sign): plain for plain, signs in _SIGNS.items() for sign in signs}
    return found | {number: chr(number).lower() for number in range(ord("A"), ord("Z") + 1)}


def folded(text: str) -> str:
    """Return a text as it is searched and sorted."""
    plain = unicodedata.normalize("NFKD", text).translate(table())
    return " ".join(part for part in plain.split(" ") if part)


def words(text: str) -> tuple[str, ...]:
    """Return the words that are searched for; each must be found, in whatever order they were typed."""
    return tuple(dict.fromkeys(folded(text.replace("\0", "").replace("\n", " ")).split()))


def function() -> str:
    """Return the SQL that makes `accounts_folded`, which folds as `folded` does."""
    single = {number: plain for number, plain in table().items() if len(plain) == 1}
    gone = [number for number, plain in table().items() if not plain]
    longer = {number: plain for number, plain in table().items() if len(plain) > 1}
    value = "normalize(value, NFKD)"
    for number, plain in longer.items():
        value = f"replace({value}, U&'\\+{number:06X}', '{_quoted(plain)}')"
    from_ = "".join(map(chr, [*single, *gone]))
    to = "".join(single.values())
    return f"""
        CREATE OR REPLACE FUNCTION accounts_folded(value text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $folded$
            SELECT CASE WHEN octet_length(value) = length(value) AND strpos(value, '`') = 0
                THEN btrim(regexp_replace(lower(value COLLATE "C"), ' +', ' ', 'g'), ' ')
                ELSE btrim(regexp_replace(
                    translate({value}, '{_quoted(from_)}', '{_quoted(to)}'), ' +', ' ', 'g'), ' ')
                END
        $folded$
    """


def _quoted(text: str) -> str:
    return text.replace("'", "''")
