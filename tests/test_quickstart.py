"""docs/quickstart.ipynb runs from top to bottom, and what it shows is stored in it.

After a change: `.venv/bin/jupyter execute --inplace docs/quickstart.ipynb`, and look at it.
"""

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs nbformat: make setup")
nbclient = pytest.importorskip("nbclient", reason="needs nbclient: make setup")


def shown(notebook):
    """The kinds of what each cell shows: "image/jpeg", "text/markdown" or what it prints."""
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    for one in outputs:
        if one.output_type == "stream":
            if one.name == "stdout":
                yield one.text
        else:
            (kind,) = one.data.keys() - {"text/plain"}
            yield kind


@pytest.mark.slow
def test_it_runs_and_shows_what_is_stored(root, monkeypatch):
    path = root / "docs" / "quickstart.ipynb"
    assert path.stat().st_size < 300_000
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    monkeypatch.chdir(root)
    run = nbformat.from_dict(stored)
    nbclient.NotebookClient(run, timeout=300, kernel_name="python3").execute()
    assert (
        list(shown(run))
        == list(shown(stored))
        == [
            *["image/jpeg"] * 4,
            "text/markdown",
            "The same picture: True\n",
        ]
    )
