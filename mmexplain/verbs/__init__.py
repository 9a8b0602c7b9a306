"""The verbs of the command `mmexplain`, each of which returns its exit code."""
