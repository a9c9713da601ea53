"""What a catalogue calls what it sells, and what it counts it in: read with the facts, used by no rule."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

# What one and several of a product are called, by language: (("en", "credit", "credits"), ("fr", …)).
CountedIn: TypeAlias = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Names(Mapping[str | tuple[str, str], str]):
    """A product's name by its key, and an edition's by (product key, edition key).

    `counted_in` says of each product that isn't counted in seats what it is counted in; empty for what
    has a number alone. `purposes` are sentences by (product key, edition key) and language.
    """

    of: Mapping[str | tuple[str, str], str] = field(default_factory=dict)
    counted_in: Mapping[str, CountedIn] = field(default_factory=dict)
    purposes: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    def __getitem__(self, key: str | tuple[str, str]) -> str:
        """Return a name."""
        return self.of[key]

    def __iter__(self) -> Iterator[str | tuple[str, str]]:
        """Go through the keys."""
        return iter(self.of)

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self.of)


def counted_to_plain(words: CountedIn) -> dict[str, list[str]]:
    """Return the words of a unit as JSON holds them: {"en": ["credit", "credits"]}."""
    return {language: [one, several] for language, one, several in words}


def counted_from_plain(plain: Mapping[str, Sequence[str]]) -> CountedIn:
    """Return the words that were written, in the order of the languages' codes."""
    return tuple((language, one, several) for language, (one, several) in sorted(plain.items()))
