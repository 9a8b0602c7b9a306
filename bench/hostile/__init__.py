"""Decoding of damaged media, by the thousand: what becomes of each, and whether any takes its process along."""
