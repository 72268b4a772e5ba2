"""The pack's entry: the engine runs this folder with `pulumi preview --policy-pack policy`."""

import sys
from pathlib import Path

# The engine starts this folder, from which neither the rules nor the library could be imported by their names.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy.pack import serve

serve()
