"""Each kind of letter has a folder of templates of its name, and no folder is left over."""

from pathlib import Path

from accounts.rules.letters import LetterKind

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "mail"


def test_every_kind_has_its_templates() -> None:
    folders = {one.name for one in TEMPLATES.iterdir() if one.is_dir()}
    assert folders == {kind.value for kind in LetterKind}
