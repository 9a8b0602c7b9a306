"""A small byte-level vocabulary, for models that are trained from nothing."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
"""With RoBERTa's ids, 0 to 3."""


def train_tokenizer(texts: Iterable[str], size: int) -> Tokenizer:
    """A byte-level BPE tokenizer of RoBERTa's kind.

    Args:
        texts: what it learns from; any other text can be encoded too, in smaller pieces.
        size: most tokens, the 4 special ones and 256 bytes among them.

    Returns:
        A tokenizer without post-processor: `media.tokenize` puts `<s>` and `</s>` around the pieces.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=1,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
