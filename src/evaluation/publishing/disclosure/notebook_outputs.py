"""What an executed notebook may publish: exhibits, and nothing else that a cell happened to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.publishing.exhibits import KEY, MARKDOWN, PROSE, SVG, TABLE

MEDIA = {
    "figure": {SVG},
    "table": {TABLE, "text/html", "text/plain"},
    "prose": {MARKDOWN, PROSE},
}


def other_outputs(notebook: Mapping[str, Any], but: tuple[str, ...] = ()) -> Iterator[str]:
    """Name every output of an executed notebook that is no exhibit: a printed frame could hold one row a child.

    An exhibit is a `display_data` that `exhibits.show` made: with a kind, a label and a language, and the media types of its
    kind alone. `but` names streams that are taken off before anything is published.
    """
    for position, cell in enumerate(notebook["cells"], start=1):
        for output in (each for each in cell.get("outputs", ()) if each.get("name") not in but):
            about = output.get("metadata", {}).get(KEY, {})
            shown = set(output.get("data", ()))
            known = MEDIA.get(about.get("kind", ""), set())
            if output["output_type"] != "display_data" or not about.get("label") or not shown or not shown <= known:
                yield f"cell {position}: {output['output_type']} {', '.join(sorted(shown)) or output.get('name', '')}".strip()
        if cell.get("attachments"):
            yield f"cell {position}: attachment"
