"""Each flow loads from its file as a deployment loads it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOWS = sorted(path.stem for path in (ROOT / "flows").glob("[a-z]*_*.py"))


@pytest.mark.parametrize("name", FLOWS)
def test_a_file_entrypoint_loads_without_a_placeholder(name: str, tmp_path: Path) -> None:
    code = (
        "from prefect.flows import load_flow_from_entrypoint\n"
        f"flow = load_flow_from_entrypoint('{ROOT}/flows/{name}.py:{name}', "
        "use_placeholder_flow=False)\n"
        "import cProfile  # a flow module that shadows the standard library would break this\n"
        f"assert flow.name == '{name.replace('_', '-')}', flow.name\n"
        "assert flow.parameters.properties"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
