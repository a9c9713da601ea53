"""One folding: what is typed without its marks is found as it is shown."""

import pytest

from accounts.rules.folding import folded, function, words

FOLDED = {
    "İpek": "ipek",
    "ıpek": "ipek",
    "Łukasz": "lukasz",
    "Øystein Đặng": "oystein dang",
    "Straße STRASSE": "strasse strasse",
    "Ærø Œuvre Þór": "aero oeuvre thor",
    "D’Angelo O`Neil": "d'angelo o'neil",
    "Jean‑Luc": "jean-luc",
    "Zoe\u0308 Zoë": "zoe zoe",
    "山田\u3000太郎": "山田 太郎",
    "ＡＢＣ ﬁn": "abc fin",
    "  a \u00a0 b ": "a b",
    "ΣΊΣΥΦΟΣ Σίσυφος": "σισυφοσ σισυφοσ",
    "علی\u200cرضا": "علیرضا",
    "Йод йод": "иод иод",
}


@pytest.mark.parametrize("text", FOLDED)
def test_a_text_is_folded(text: str) -> None:
    assert folded(text) == FOLDED[text]
    assert folded(folded(text)) == FOLDED[text]


def test_each_word_is_asked_for_once() -> None:
    assert words("  Owens\u00a0OLIVIA\nowens \0") == ("owens", "olivia")
    assert words(" \u200d ") == ()


def test_the_database_gets_the_same_table() -> None:
    assert "CREATE OR REPLACE FUNCTION accounts_folded" in function()
    assert "''" in function()
