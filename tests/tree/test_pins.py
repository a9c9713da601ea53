"""The pins in requirements/ are those that pyproject.toml asks for."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from admin_center.server.database import ROOT

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned_in(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def pins(name: str) -> dict[str, str]:
    return {canonicalize_name(found["name"]): found["version"] for found in PIN.finditer(pinned_in(name))}


def blocks(name: str) -> list[str]:
    return re.split(r"^(?=[A-Za-z0-9])", pinned_in(name), flags=re.MULTILINE)[1:]


def wanted(name: str) -> list[Requirement]:
    listed = list(PROJECT["project"]["dependencies"])
    if name == "stripe":
        listed += PROJECT["project"]["optional-dependencies"]["stripe"]
    if name == "dev":
        listed += PROJECT["dependency-groups"]["dev"]
    return [Requirement(one) for one in listed]


@pytest.mark.parametrize("name", ["base", "stripe", "dev"])
def test_everything_asked_for_is_pinned(name: str) -> None:
    pinned = pins(name)
    wrong = [
        f"{one}: pinned {pinned.get(canonicalize_name(one.name))}"
        for one in wanted(name)
        if not one.specifier.contains(pinned.get(canonicalize_name(one.name), "0"), prereleases=True)
    ]
    assert wrong == [], "run make requirements"


@pytest.mark.parametrize("name", ["base", "stripe", "dev"])
def test_nothing_is_pinned_that_nobody_asks_for(name: str) -> None:
    asked = {canonicalize_name(one.name) for one in wanted(name)}
    # What a group of pyproject.toml asks for is listed as asked for by nobody.
    ours = [block for block in blocks(name) if " admin-center" in block or "# via" not in block]
    for_us = {canonicalize_name(block.split("==")[0]) for block in ours}
    assert for_us <= asked, "run make requirements"


def test_tests_run_with_the_versions_of_production() -> None:
    base, stripe, dev = pins("base"), pins("stripe"), pins("dev")
    assert {name: dev.get(name) for name in stripe} == stripe
    assert {name: stripe.get(name) for name in base} == base


@pytest.mark.parametrize("name", ["base", "stripe", "dev"])
def test_every_pin_has_its_hashes(name: str) -> None:
    assert len(blocks(name)) == len(pins(name))
    assert [block.split()[0] for block in blocks(name) if "--hash=sha256:" not in block] == []


def unmet(name: str, pinned: dict[str, str]) -> Iterator[str]:
    """Say which requirement of what is pinned, and of the extras asked for, no pin meets."""
    waiting = [(requirement, "pyproject.toml") for requirement in wanted(name)]
    asked: set[tuple[str, str]] = set()
    while waiting:
        requirement, by = waiting.pop()
        package = canonicalize_name(requirement.name)
        if not requirement.specifier.contains(pinned.get(package, "0.dev0"), prereleases=True):
            yield f"{by} asks for {requirement}: pinned is {pinned.get(package)}"
            continue
        for extra in {"", *requirement.extras}:
            if (package, extra) in asked:
                continue
            asked.add((package, extra))
            for text in distribution(package).requires or []:
                further = Requirement(text)
                if not further.marker or further.marker.evaluate({"extra": extra}):
                    waiting.append((further, package))


@pytest.mark.parametrize("name", ["base", "stripe", "dev"])
def test_every_requirement_of_a_pin_is_met_by_a_pin(name: str) -> None:
    """`pip install --no-deps` looks nothing up: what a pinned package needs, extras too, must be pinned."""
    assert list(unmet(name, pins(name))) == []


def test_a_missing_pin_is_named() -> None:
    """pytest-cov wants coverage[toml], whose extra asks for nothing on Python 3.11."""
    without = {package: version for package, version in pins("dev").items() if package != "coverage"}
    assert "pytest-cov asks for coverage[toml]>=7.10.6: pinned is None" in list(unmet("dev", without))
