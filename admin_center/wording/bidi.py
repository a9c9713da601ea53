"""Names inside the sentences that Python makes: one from right to left turns nothing beside it.

In a template the filter `bdi` does the same with an element. Here there is no element: a message, a
label and a subject are plain text, so the name stands between Unicode's own marks (FSI and PDI).
"""

import unicodedata

FIRST_STRONG_ISOLATE = "\N{FIRST STRONG ISOLATE}"
POP_DIRECTIONAL_ISOLATE = "\N{POP DIRECTIONAL ISOLATE}"
FROM_RIGHT = {"R", "AL", "AN"}


def isolated(name: object) -> str:
    """Return a name that keeps its direction to itself; one without letters from right to left as it is."""
    text = str(name)
    if not text.isascii() and any(unicodedata.bidirectional(one) in FROM_RIGHT for one in text):
        return f"{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}"
    return text
