"""`python -m local`: the whole system on this machine."""

import sys

from local.command_line import main

sys.exit(main())
