"""From a span of a media file, and its words, to what the model sees. No torch.

The generator of planted-trigger clips, `media.planted`, is imported by name.
"""

from media.clip import Clip, ClipReader, decode_clip
from media.errors import LimitError, MediaError
from media.limits import LIMITS, Limits
from media.preprocessing import Preprocessing
from media.sound import Sound, decode_sound
from media.text import Text, TextTokens, from_ids, load_tokenizer, tokenize
from media.tokenizer import FoundTokenizer, find_tokenizer
from media.video import Video, decode_video

__all__ = [
    "LIMITS",
    "Clip",
    "ClipReader",
    "FoundTokenizer",
    "LimitError",
    "Limits",
    "MediaError",
    "Preprocessing",
    "Sound",
    "Text",
    "TextTokens",
    "Video",
    "decode_clip",
    "decode_sound",
    "decode_video",
    "find_tokenizer",
    "from_ids",
    "load_tokenizer",
    "tokenize",
]
