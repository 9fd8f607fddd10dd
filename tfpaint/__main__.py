"""`python -m tfpaint` is `tfpaint`."""

import sys

from tfpaint.cli import main

sys.exit(main())
