"""Countries have their names in the reader's language, and stand in its order."""

from django.utils.translation import override

from admin_center.wording.countries import choices, country


def test_a_french_reader_reads_french_names_in_french_order() -> None:
    with override("en"):
        assert country("DE") == "Germany"
        english = [name for code, name in choices() if code in ("AT", "DE", "FR")]
    with override("fr"):
        assert country("DE") == "Allemagne"
        french = [name for code, name in choices() if code in ("AT", "DE", "FR")]
    assert english == ["Austria", "France", "Germany"]
    assert french == ["Allemagne", "Autriche", "France"]


def test_a_code_that_is_no_country_stands_as_it_is() -> None:
    assert country("XX") == "XX"
