"""One command per claim that the README makes: `python -m bench.<name>`."""
