"""Runs the notebooks of docs/ and stores what they print beside the code that printed it.

`make notebooks` calls it. A test holds the digest that is stored here against the code.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(DOCS.glob("*.ipynb"))


def code_digest(notebook: dict[str, Any]) -> str:
    """SHA-256 of the code cells, in their order.

    Args:
        notebook: The notebook as JSON.
    """
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def run(path: Path) -> None:
    """Run one notebook in a fresh kernel, in its folder, and write it with its outputs.

    Progress bars and warnings are left out: they say nothing about the result.

    Args:
        path: Where it lies.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute(cwd=str(path.parent))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [_kept(one) for one in cell.outputs if one.get("name") != "stderr"]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "file_extension": ".py"},
        "code_digest": code_digest(notebook),
    }
    nbformat.write(notebook, path)


def _kept(output: Any) -> Any:
    """An output without the address of its object, which differs from run to run."""
    shown = output.get("data", {})
    if "text/plain" in shown:
        shown["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", shown["text/plain"])
    return output


if __name__ == "__main__":
    for asked in [Path(one).resolve() for one in sys.argv[1:]] or NOTEBOOKS:
        run(asked)
        print(asked.name)
