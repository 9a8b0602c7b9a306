"""W3C Web Annotations: JSON-LD with media fragments, which the Media Suite reads and ELAN imports.

https://www.w3.org/TR/annotation-model/ and https://www.w3.org/TR/media-frags/
"""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from batcher.store.atomic import replaced
from batcher.store.result import Result
from report.formats.labelled import SOFTWARE, Labelled, labelled_segments, media_path, software

CONTEXT: Final = ["http://www.w3.org/ns/anno.jsonld", {"mmexplain": f"{SOFTWARE}#"}]
MEDIA_FRAGMENTS: Final = "http://www.w3.org/TR/media-frags/"
FILE: Final = "annotations.jsonld"


def write(result: Result, folder: Path) -> list[Path]:
    """Write `annotations.jsonld`: an annotation page with one annotation for each explained segment.

    Args:
        result: an open result.
        folder: an existing one.

    Returns:
        The file. A second call writes the same bytes.

    Raises:
        OSError: it can't be written.
    """
    path = folder / FILE
    head = {"@context": CONTEXT, "id": _iri(result, "page of", result.run["manifest"]), "type": "AnnotationPage"}
    with replaced(path) as partial, partial.open("w", encoding="utf-8") as file:
        file.write(f'{json.dumps(head, ensure_ascii=False)[:-1]}, "items": [')
        for number, one in enumerate(labelled_segments(result)):
            file.write(",\n" if number else "\n")
            file.write(json.dumps(annotation(result, one), ensure_ascii=False))
        file.write("\n]}\n")
    return [path]


def annotation(result: Result, one: Labelled) -> dict[str, Any]:
    """The annotation of a segment."""
    row = one.row
    begun = result.run.get("started_unix")
    times = {"created": datetime.fromtimestamp(begun, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")} if begun else {}
    return {
        "id": _iri(result, row["media"], row["segment_id"]),
        "type": "Annotation",
        "motivation": "classifying",
        **times,
        "generator": {"id": SOFTWARE, "type": "Software", "name": software(result)},
        "body": list(_bodies(result, one)),
        "target": {
            "type": "SpecificResource",
            "source": media_path(result, row["media"]).absolute().as_uri(),
            "selector": {
                "type": "FragmentSelector",
                "conformsTo": MEDIA_FRAGMENTS,
                "value": f"t={row['start_ms'] / 1000:.3f},{row['end_ms'] / 1000:.3f}",
            },
        },
    }


def _bodies(result: Result, one: Labelled) -> Iterator[dict[str, Any]]:
    """The label, which any tool shows; and what came of what, in terms of our own that others pass over."""
    row = one.row
    yield {"type": "TextualBody", "purpose": "classifying", "format": "text/plain", "value": row["label_predicted"]}
    shares = {
        f"mmexplain:share_{modality}": {
            f"mmexplain:{name}": value for name, value in vars(share).items() if value is not None
        }
        for modality, share in one.shares.items()
    }
    value = "score" if result.head == "score" else "probability"
    described = {"mmexplain:segment_id": row["segment_id"], f"mmexplain:{value}": row["probability"]}
    described |= {"mmexplain:trained": result.run["trained"], "mmexplain:reliable": row["reliable"]}
    said = ", ".join(f"{modality} {share.value:.0%}" for modality, share in one.shares.items())
    yield {"type": "TextualBody", "purpose": "describing", "format": "text/plain", "value": said} | described | shares


def _iri(result: Result, *names: str) -> str:
    """The same for the same segment under the same configuration."""
    named = json.dumps([result.run.get("config_digest", ""), *names])
    return uuid.uuid5(uuid.NAMESPACE_URL, named).urn
