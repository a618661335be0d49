"""From a fresh checkout to the running demo, with one command: set up what is missing, then `bridge demo`.

    python3 scripts/demo.py                  set up, then read the sample ERP and pass its changes on
    python3 scripts/demo.py --setup-only     set up and stop
    python3 scripts/demo.py --offline        download nothing; use only what is there
    python3 scripts/demo.py -- --help        the demo's own options; any other argument goes to it as well

The first run makes `.venv` here, downloads about 500 MB and takes a few minutes; later runs start in seconds.
"""

import sys

from _setup import launch

if __name__ == "__main__":
    sys.exit(launch(__doc__, sys.argv[1:], lambda python: [str(python), "-m", "bridge", "demo"]))
