"""One YAML (or JSON) file that is no Kubernetes object but a map of settings, with positions."""

from __future__ import annotations

from npverify.ingest import yaml_errors
from npverify.ingest.compose import ScalarNode, TooDeep, YAMLError, compose
from npverify.ingest.construct import Unusable, check_aliases, construct, too_deep
from npverify.ingest.document import Document
from npverify.ingest.fields import type_name
from npverify.ingest.files import files
from npverify.ingest.locate import Trees, YamlLocator
from npverify.ingest.source import Problems
from npverify.ingest.split import Chunk
from npverify.ingest.text import Part, Text

NOT_SETTINGS = "NPV146"


def read_settings(path: str, problems: Problems) -> Document | None:
    """The map in a file, empty if the file is; None where it cannot be read, which is reported."""
    for file in files([path], problems, None):
        text = Text(file.name, file.content)
        chunk = Chunk(0, len(file.content))
        part = Part(text, chunk.start, chunk.end, problems)
        try:
            roots = compose(file.content)
            if len(roots) > 1:
                part.error(NOT_SETTINGS, "a config file is one document", roots[1].start_mark.index, "drop the `---`")
                return None
            value = None
            if roots and not (isinstance(roots[0], ScalarNode) and not roots[0].value):
                check_aliases(roots[0], part)
                value = construct(roots[0], part)
        except YAMLError as error:
            yaml_errors.report(part, error)
            return None
        except TooDeep as error:
            _report_depth(part, error.offset)
            return None
        except Unusable:
            return None
        if isinstance(value, dict | None):
            return Document("", "", None, "", value or {}, YamlLocator(text, chunk, 0, {}, Trees()))
        part.error(NOT_SETTINGS, f"a config file is a map, not {type_name(value)}", 0, "begin with `paths:`")
    return None


def _report_depth(part: Part, offset: int) -> None:
    try:
        too_deep(part, offset)
    except Unusable:
        return
