"""A result as a page that opens from the disk: `report.html`, and `report/` beside it, which it loads when needed."""
