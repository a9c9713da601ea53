"""A WSGI application that says what it was asked, served as the console is, on the port that is named."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

PATIENCE = 1.0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/fails":
        raise ValueError("as applications do")
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.3)
    if environ["PATH_INFO"] == "/hangs":
        time.sleep(3)
    told = {name: value for name, value in environ.items() if name.isupper()}
    told["BODY"] = environ["wsgi.input"].read().decode()
    content = json.dumps(told).encode()
    start_response(
        "200 OK", [("Content-Length", str(len(content))), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    )
    return [content]


if __name__ == "__main__":
    from admin_center.management.commands import serve

    serve.run(
        "tests.console.echo:application",
        "127.0.0.1",
        int(sys.argv[1]),
        1,
        started=lambda: None,
        patience=PATIENCE,
    )
