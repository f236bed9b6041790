"""docs/gateways.md says what operator/driver/gateway/capabilities.h says."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
sys.exit(subprocess.run([sys.executable, ROOT / "scripts/gateways_page.py", "--check", ROOT]).returncode)
