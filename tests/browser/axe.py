"""axe: what a machine can check of WCAG 2.2 A and AA, and good practice."""

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

SCRIPT = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What passes is not handed over: on a long page that takes longer than the checks.
# Colours that still fade from one theme to the other are taken as they will be.
RUN = """async levels => {
    for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish();
    const options = {runOnly: {type: 'tag', values: levels}, resultTypes: ['violations']};
    return (await axe.run(document, options)).violations;
}"""


def violations(page: Page) -> list[dict[str, Any]]:
    """Return what axe finds on the page that is open, as axe tells it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(RUN, LEVELS)
    return found
