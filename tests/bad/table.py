"""Every bad and odd input."""

from tests.bad import damaged, ids, odd_files, odd_media, spans, texts

CASES = [case for part in (damaged, odd_files, odd_media, spans, texts, ids) for case in part.CASES]
