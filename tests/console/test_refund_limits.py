"""Above which amounts two of the staff decide: what the setting says, and what of it can't be read."""

from typing import Any

import pytest

from admin_center.server import checks, refund_limits


@pytest.mark.parametrize(
    ("text", "limits", "faulty"),
    [
        ("", {}, []),
        ("EUR 500", {"EUR": 50000}, []),
        (
            " EUR 500.50 ,USD  0, JPY 60000 , BHD 1.005,",
            {"EUR": 50050, "USD": 0, "JPY": 60000, "BHD": 1005},
            [],
        ),
        # What can't be read is a limit of nothing: two decide until it is mended.
        ("EUR 500, USD many", {"EUR": 50000, "USD": 0}, ["USD many"]),
        ("EUR 0.001", {"EUR": 0}, ["EUR 0.001"]),
        ("EUR -1", {"EUR": 0}, ["EUR -1"]),
        ("eur 500", {"eur": 0}, ["eur 500"]),
        ("500", {"500": 0}, ["500"]),
        ("XXYZ 5", {"XXYZ": 0}, ["XXYZ 5"]),
        ("EUR Infinity", {"EUR": 0}, ["EUR Infinity"]),
        ("EUR ٥", {"EUR": 0}, ["EUR ٥"]),
    ],
)
def test_limits_are_read_and_faults_told(
    text: str, limits: dict[str, int], faulty: list[str], monkeypatch: Any
) -> None:
    assert refund_limits.read(text) == limits
    told = list(refund_limits.faults(text))
    assert [f"{part!r}" in fault for part, fault in zip(faulty, told, strict=True)] == [True] * len(faulty)
    monkeypatch.setenv("REFUND_LIMITS", text)
    assert [one.msg for one in checks.refund_limits_are_read()] == told
    assert refund_limits.read(refund_limits.DEMO)["EUR"] == 100000
