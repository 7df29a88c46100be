"""Installing: what is missing is said in one sentence, with what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

OLD = """
import sys
sys.version_info = (3, 8, 0)
sys.path.insert(0, "workshop")
import install
sys.exit(install.main([]))
"""


def clone(folder: Path) -> Path:
    """Only what installing reads."""
    for name in ("pyproject.toml", "requirements.lock", "README.md"):
        shutil.copy(ROOT / name, folder)
    (folder / "workshop").mkdir()
    shutil.copy(ROOT / "workshop" / "install.py", folder / "workshop")
    return folder


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(
        [sys.executable, "workshop/install.py"],
        cwd=clone(tmp_path),
        env=kept | nowhere,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "there is no network" in done.stderr.splitlines()[-1]


def test_too_old_a_python_is_named_with_what_to_do(tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", OLD], cwd=ROOT, env=bare, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("✕ This is Python 3.8.0; the workshop needs 3.11 or newer.")
