"""The one notification part: every alarm and every digest goes out through ``Channels``."""

from bridge.notify.alarms import Alarms
from bridge.notify.channels import Channels

__all__ = ["Alarms", "Channels"]
