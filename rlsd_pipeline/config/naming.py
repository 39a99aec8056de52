"""The name of an experiment."""

import re
import unicodedata
from pathlib import Path

from rlsd_pipeline.errors import ConfigError

FILE = "defs.yaml"


def experiment_name(file: Path) -> str:
    """The folder's name for a `defs.yaml`, else the file's own without its ending.

    Dagster's names are letters, digits and `_` of ASCII: accents go, anything else becomes `_`.

    Raises:
        ConfigError: No valid character is left of the name.
    """
    file = file.resolve()
    own = file.parent.name if file.stem == Path(FILE).stem else file.stem
    plain = "".join(c for c in unicodedata.normalize("NFKD", own) if not unicodedata.combining(c))
    name = re.sub(r"[^A-Za-z0-9_]+", "_", plain)
    if not re.search("[A-Za-z0-9]", name):
        raise ConfigError(
            f"{file}: an experiment is called by its folder, or by its file where that is not "
            f"{FILE}, and {own!r} has no letter or digit of ASCII: rename it"
        )
    return name
