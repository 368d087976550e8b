"""Without the extra `lsp` there is no server to ask; what stands behind it needs no library and is tested all the same."""

from __future__ import annotations

import importlib.util

collect_ignore = [] if importlib.util.find_spec("pygls") else ["test_lsp_server.py"]
