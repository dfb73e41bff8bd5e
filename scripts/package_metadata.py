"""Metadata that a package index shows, made when the package is built.

A package index resolves no link of a README to a file of the repository. The links become absolute
and point at the tag of the version, so that the page of an old version links to its own files.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(?<=\]\()[^)\s:#][^)\s:]*(?=\))")
"""Target of a Markdown link that has no scheme and is not an anchor of the same page."""
IMAGE = re.compile(r"(!\[[^]]*\]\()([^)\s:]+)(?=\))")
"""Markdown image in the repository: its beginning and its file."""


class PackageMetadata(MetadataHookInterface):
    """Add the README and the addresses, all from the one address in ``pyproject.toml``."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add ``readme`` and ``urls``."""
        repository = self.config["repository"]
        files = f"{repository}/blob/v{metadata['version']}"
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = IMAGE.sub(rf"\1{repository}/raw/v{metadata['version']}/\2", text)
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": LINK.sub(lambda target: f"{files}/{target[0]}", text),
        }
        metadata["urls"] = {
            "Documentation": f"{repository}/tree/v{metadata['version']}/docs",
            "Source": repository,
            "Changelog": f"{files}/CHANGELOG.md",
            "Issues": f"{repository}/issues",
        }
