"""Each flow loads from its file as a deployment loads it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOWS = sorted(path.stem for path in (ROOT / "flows").glob("[a-z]*_*.py"))
# What is slow to import is imported once; each flow is loaded in a process without the others.
PROGRAM = """
import os, sys
from prefect.flows import load_flow_from_entrypoint
import tasks.backtesting, tasks.feedback, tasks.nights, tasks.reprocessing, tasks.spreading

folder, *names = sys.argv[1:]
wrong = []
for name in names:
    child = os.fork()
    if not child:
        entrypoint = f"{folder}/{name}.py:{name}"
        flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
        import cProfile  # a flow module that shadows the standard library would break this
        assert flow.name == name.replace("_", "-"), flow.name
        assert flow.parameters.properties
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        wrong.append(name)
sys.exit(", ".join(wrong) or None)
"""


def test_every_file_entrypoint_loads_without_a_placeholder(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", PROGRAM, str(ROOT / "flows"), *FLOWS]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
