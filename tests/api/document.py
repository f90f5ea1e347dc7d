"""The OpenAPI document, which a drift test holds equal to the app's.

In: the generated file. Out: the document, whose making takes the app a second. Never here: tests.
"""

import json
from pathlib import Path
from typing import Any

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text(encoding="utf-8"))
