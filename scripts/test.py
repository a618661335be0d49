"""From a fresh checkout to tested, with one command: set up what is missing, then all tests.

    python3 scripts/test.py                          set up, then run every test
    python3 scripts/test.py -q tests/unit            any argument goes to pytest
    python3 scripts/test.py -m "not slow"            only the quick ones
    python3 scripts/test.py -n 0                     one after the other; as it is, two files run side by side
    python3 scripts/test.py --setup-only             set up and stop
    python3 scripts/test.py --offline                download nothing; use only what is there
    python3 scripts/test.py -- --help                pytest's own options

As root on Debian or Ubuntu this also installs PostgreSQL's server programs: some tests run on both databases.
"""

import sys

from _setup import ensure_postgres, launch

SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
"""Half of the time goes into waiting for browsers and servers.  A file's tests share what they start."""

if __name__ == "__main__":
    sys.exit(
        launch(
            __doc__,
            sys.argv[1:],
            lambda python: [str(python), "-m", "pytest", *SIDE_BY_SIDE],
            ensure_postgres,
        )
    )
