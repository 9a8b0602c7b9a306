"""Data as scripts: a page from the disk may load these, and nothing else."""

import json
import math
from typing import Any, Final

UNSAFE: Final = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
"""What would end a script, or a line of it, inside of a string."""


def call(function: str, *arguments: Any) -> str:
    """A script that hands data to a function of the page.

    Args:
        function: its name.
        arguments: what JSON can hold; NaN becomes null. A transcript with a script's end in it stays data.
    """
    given = ",".join(json.dumps(_finite(one), ensure_ascii=False, separators=(",", ":")) for one in arguments)
    return f"{function}({given.translate(UNSAFE)});\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value
