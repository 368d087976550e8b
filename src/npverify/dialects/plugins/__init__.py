"""What each network plugin does where the API leaves room, and what it does not do: one table, every cell with its source."""

from npverify.dialects.plugins.model import Feature, Gap, Plugin
from npverify.dialects.plugins.table import ALIASES, NAMES, PLUGINS, gaps, plugin_of, source_in_full, unread

__all__ = ["ALIASES", "NAMES", "PLUGINS", "Feature", "Gap", "Plugin", "gaps", "plugin_of", "source_in_full", "unread"]
