"""Transcripts: what somebody, or a speech recogniser, wrote down of a media file. No torch."""

from media.transcripts.beside import Siblings, find_transcript, is_media
from media.transcripts.read import load_transcript, read_transcript
from media.transcripts.transcript import Transcript

__all__ = ["Siblings", "Transcript", "find_transcript", "is_media", "load_transcript", "read_transcript"]
