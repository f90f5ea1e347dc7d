import sys
from pathlib import Path

# Test files are imported without packages; the naive count is shared by name.
sys.path.insert(0, str(Path(__file__).parent))
