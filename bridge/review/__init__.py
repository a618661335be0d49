"""Review: what the bridge could not prove is decided by people."""
