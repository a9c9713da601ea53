"""`make load` in small: that it asks, buys, counts and judges."""

import asyncio
import random
import re
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import connection

from billing.models import Invoice, PaymentMethod
from tests.bench import population
from tests.bench.visitors import visitors
from tests.console.test_worker import server
from tests.load.clients import LOOPBACK, Client, Tally
from tests.load.steps import Step, step

KEPT = Step(
    clients=8,
    seconds=20,
    answered=(0.02, 4.9),
    refused=(0.01,),
    health=(0.01,),
    bought=1,
    faulty=0,
    faults=(),
)
BUSY, PAGE, FAILED = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage",
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
)


@pytest.mark.django_db(transaction=True)
def test_a_few_clients_read_and_buy_for_two_seconds() -> None:
    population.one_account()
    PaymentMethod.objects.update(reference="test_approves")
    people = visitors(str(connection.settings_dict["NAME"]), 3)
    tally = Tally()

    async def buy(port: int) -> None:
        client = Client(port, people[0].slug, people[0].session, tally)
        await client.edit()
        await client.buy()
        await client.hang_up()

    with server("--without-worker") as process:
        port = int(process.args[process.args.index("--port") + 1])  # type: ignore[index,union-attr]
        asyncio.run(buy(port))
        assert (tally.bought, Invoice.objects.count()) == (1, 1)
        found = step(port, people[:1], seconds=2)
    assert (found.clients, found.faulty, found.faults) == (1, 0, [])
    assert found.answered
    assert found.health
    assert found.bought == Invoice.objects.count() - 1


def test_a_client_comes_back_when_it_is_told_to_and_counts_what_no_page_is() -> None:
    answers = [FAILED, BUSY]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.split(b"Content-Length: ")[1].split()[0]))
                writer.write(answers.pop() if answers else PAGE)
        writer.close()

    async def ask(tally: Tally) -> None:
        async with await asyncio.start_server(answer, LOOPBACK, 0) as listening:
            client = Client(listening.sockets[0].getsockname()[1], "acme", "session", tally)
            for _each in range(3):
                await client.until(time.monotonic() + 0.1, random.Random(1))
            await asyncio.sleep(0.1)

    tally = Tally()
    asyncio.run(ask(tally))
    assert len(tally.refused) == 1
    assert any("answered 500" in fault for fault in tally.faults)
    assert len(tally.answered) > 1


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ({"faulty": 1, "faults": ("GET /a/acme/ answered 500",)}, "1 answers were no page .* answered 500"),
        ({"answered": ()}, "nothing was answered"),
        ({"bought": 0}, "or nothing confirmed"),
        ({"health": (0.11,) * 2}, "health took 110 ms, not 100"),
        ({"refused": (0.6,)}, "a 503 took 600 ms, not 500"),
        ({"answered": (0.1, 5.1)}, r"a page took 5\.1 s, not 5\.0"),
    ],
)
def test_each_broken_promise_is_named(what: dict[str, object], told: str) -> None:
    assert list(KEPT.broken()) == []
    (broken,) = replace(KEPT, **what).broken()  # type: ignore[arg-type]
    assert re.search(told, broken)
