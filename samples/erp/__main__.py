"""`python -m samples.erp`: starts the sample ERP, prints one line of JSON with its address, runs until stopped."""

import argparse
import json
import signal
import sys
import threading
from dataclasses import fields
from pathlib import Path

from samples.erp.server import SampleErp
from samples.erp.variants import CHOICES, Variants


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m samples.erp", description=__doc__)
    made.add_argument("--port", type=int, default=0, help="0 = any free one")
    made.add_argument("--seed", type=int, default=7, help="decides every order and every move")
    made.add_argument("--count", type=int, default=500, help="open orders")
    made.add_argument("--closed", type=int, default=300, help="other orders")
    made.add_argument("--token", default="", help="for /_control/ (header X-Control); made up if not given")
    made.add_argument("--state", type=Path, help="JSON file that keeps the orders over restarts")
    made.add_argument("--tls", nargs=2, type=Path, metavar=("CERT", "KEY"), help="serve https")
    made.add_argument("--fault", action="append", default=[], metavar="NAME[=JSON]", help="switch a fault on")
    for field in fields(Variants):
        kind = type(field.default) if not isinstance(field.default, str) else str
        flag = f"--{field.name.replace('_', '-')}"
        made.add_argument(flag, type=kind, default=field.default, choices=CHOICES.get(field.name))
    return made


def main() -> int:
    options = parser()
    given = vars(options.parse_args())
    switched, tls = given.pop("fault"), given.pop("tls")
    try:
        erp = SampleErp(tls=tuple(tls) if tls else None, **given)
        for fault in switched:
            name, _, params = fault.partition("=")
            erp.faults.set(name, **json.loads(params or "{}"))
    except ValueError as error:
        options.error(str(error))
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        erp.start()
    except OSError as error:
        print(f"cannot listen on 127.0.0.1:{given['port']}: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"url": erp.url, "token": erp.token}), flush=True)
    while not stopped.wait(0.5):  # on Windows a wait without an end is deaf to Ctrl-C
        pass
    erp.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
