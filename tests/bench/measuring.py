"""Takes turns between the things to compare, and says how they compare."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Act = Callable[[int], None]
BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """How long one thing took, in seconds, once in each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle time in milliseconds."""
        return statistics.median(self.seconds) * 1000

    @property
    def p99(self) -> float:
        """The time in milliseconds that 99 of 100 don't exceed."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] * 1000

    def block(self, number: int) -> "Sample":
        """Return a tenth of the rounds."""
        size = len(self.seconds) // BLOCKS
        return Sample(self.seconds[number * size : (number + 1) * size])


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing beside another; the ratio of the medians is promised to be at most `limit`, if any."""

    name: str
    this: Sample
    beside: Sample
    limit: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as long this takes."""
        return self.this.median / self.beside.median

    @property
    def held(self) -> bool:
        """Whether the promise holds."""
        return self.limit is None or self.ratio <= self.limit

    def __str__(self) -> str:
        """Return one line: the ratio, its spread over tenths of the run, the limit."""
        blocks = [self.this.block(n).median / self.beside.block(n).median for n in range(BLOCKS)]
        promise = "" if self.limit is None else f"≤ {self.limit:.2f} {'held' if self.held else 'MISSED'}"
        return f"{self.name:<58} {self.ratio:6.2f}   {min(blocks):.2f} to {max(blocks):.2f}   {promise}"


@dataclass(frozen=True, slots=True)
class Limit:
    """One value that is promised to be at most `most`: milliseconds, or a multiple."""

    name: str
    value: float
    most: float
    unit: str = ""

    @property
    def held(self) -> bool:
        """Whether the promise holds."""
        return self.value <= self.most

    def __str__(self) -> str:
        """Return one line: the value, and its limit."""
        promise = f"≤ {self.most:g}{self.unit} {'held' if self.held else 'MISSED'}"
        return f"{self.name:<62} {self.value:6.2f}{self.unit}   {promise}"


def by_turns(acts: Mapping[str, Act], *, rounds: int, warm_up: int) -> dict[str, Sample]:
    """Do each act once a round, and each in every place of the row equally often: A B C, B C A, C A B.

    What disturbs the machine disturbs all of them alike. The first `warm_up` rounds don't count.
    """
    names = list(acts)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(warm_up + rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            began = time.perf_counter()
            acts[name](number)
            took = time.perf_counter() - began
            if number >= warm_up:
                seconds[name].append(took)
    return {name: Sample(tuple(taken)) for name, taken in seconds.items()}
