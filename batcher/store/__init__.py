"""A result: its tables, the files that hold them, and checks of both."""
