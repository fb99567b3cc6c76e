"""Networks that an installed package brings: found by their entry point, with nothing mocked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutelage.errors import TutelageError, UnknownNameError
from tutelage.networks import NETWORKS, check_network, network_names, network_spec, register_network

MODULE = """
from torch import nn
from tutelage.networks import register_network

class Outside(nn.Module):
    def __init__(self, n_ap, *, width: int = 24):
        super().__init__()
        # Z_F is a map [B, 4, 1, width]; the Extractor flattens it.
        self.front = nn.Sequential(nn.Linear(n_ap, 4 * width), nn.ReLU(), nn.Unflatten(1, (4, 1, width)))
        self.body = nn.Sequential(nn.Conv2d(4, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2 * width, 16))
        self.head = nn.Linear(16, 2)

register_network("outside", Outside, framer="front", extractor="body", regressor="head")
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path that holds an installed package with three plug-ins."""
    (tmp_path / "outside_networks.py").write_text(MODULE)
    (tmp_path / "empty_plugin.py").write_text("")
    information = tmp_path / "outside_networks-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-networks\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[tutelage.networks]\noutside = outside_networks\nhollow = empty_plugin\nbroken = no_such_module\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(NETWORKS, "entries", dict(NETWORKS.entries))
    monkeypatch.delitem(sys.modules, "outside_networks", raising=False)
    return tmp_path


@pytest.mark.usefixtures("installed")
def test_network_of_an_installed_package_is_known_and_keeps_the_contract() -> None:
    assert "outside" in network_names()
    assert network_spec("outside").settings({"width": "8"}) == {"width": 8}
    check_network("outside")


@pytest.mark.slow
def test_command_line_knows_the_network_too(installed: Path) -> None:
    program = "from tutelage.cli import main; main()"
    fit = ["fit", "simulated", "--method", "outside", "--set", "width=8", "--epochs", "2"]
    fit_with_teacher = [*fit, "--teachers", "untrained", "--out", str(installed / "model"), "--json"]
    command = [sys.executable, "-c", program, *fit_with_teacher]
    path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert '"method": "outside"' in ended.stdout


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "message"),
    [("hollow", "does not register a network named 'hollow'"), ("broken", "cannot be imported")],
)
def test_plugin_that_fails_is_named(name: str, message: str) -> None:
    with pytest.raises(TutelageError, match=message):
        network_spec(name)


@pytest.mark.usefixtures("installed")
def test_plugins_are_suggested() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean outside"):
        network_spec("outsied")


def test_name_of_k_nn_is_reserved() -> None:
    with pytest.raises(TutelageError, match="'knn' is registered already"):
        register_network("knn", lambda _n_ap: None)  # type: ignore[arg-type, return-value]
