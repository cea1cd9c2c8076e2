"""The whole system on one machine: both functions, what AWS does around them, and stand-ins for what isn't there."""

from local.system.local_system import PATIENCE, LocalSystem
from local.system.options import Options

__all__ = ["PATIENCE", "LocalSystem", "Options"]
