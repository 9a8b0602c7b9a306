"""Folders of transformers: RoBERTa (RobBERT among them) and wav2vec 2.0."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from torch.nn.utils.parametrize import remove_parametrizations
from transformers import AutoConfig, PreTrainedModel, RobertaModel, Wav2Vec2FeatureExtractor, Wav2Vec2Model

from media import find_tokenizer
from sseft.config import TextConfig, Wav2Vec2Config
from sseft.pickles import CheckpointError, reason, refuse_others
from sseft.text import TextEncoder
from sseft.wav2vec2 import Wav2Vec2
from sseft.weights import Weights, fill

ROBERTA_BUILT: Final = {
    "model_type": "roberta",
    "hidden_act": "gelu",
    "type_vocab_size": 1,
    "is_decoder": False,
    "position_embedding_type": "absolute",
}
"""What `sseft.text.TextEncoder` is, by the names of transformers' configuration."""
WAV2VEC2_BUILT: Final = {
    "model_type": "wav2vec2",
    "hidden_act": "gelu",
    "feat_extract_activation": "gelu",
    "add_adapter": False,
}
"""What `sseft.wav2vec2.Wav2Vec2` is."""
SAMPLE_RATE_HZ: Final = 16_000
UNUSED: Final = frozenset({"masked_spec_embed"})
"""Weights for training alone, which not all files hold."""


def roberta_config(folder: Path) -> TextConfig:
    """Dimensions of a RoBERTa folder; the id of `<mask>` is its tokenizer's.

    Raises:
        CheckpointError: its configuration can't be read or is that of another model, or its tokenizer has no `<mask>`.
        MediaError: it holds no tokenizer.
    """
    config = _config(folder, ROBERTA_BUILT)
    found = find_tokenizer(folder)
    mask = found.names["mask"]
    mask_id = found.tokenizer.token_to_id(mask)
    if mask_id is None:
        raise CheckpointError(f"the tokenizer of {folder} has no {mask}, by which words are masked; give RoBERTa's")
    ids = {"bos": config.bos_token_id, "pad": config.pad_token_id, "eos": config.eos_token_id, "mask": mask_id}
    odd = {name: i for name, i in ids.items() if not isinstance(i, int) or not 0 <= i < config.vocab_size}
    if odd:
        raise CheckpointError(
            f"{folder} gives {odd} as ids in a vocabulary of {config.vocab_size}; mend its config.json"
        )
    return TextConfig(
        vocab_size=config.vocab_size,
        dim=config.hidden_size,
        ffn_dim=config.intermediate_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        max_tokens=config.max_position_embeddings - config.pad_token_id - 1,
        bos_id=config.bos_token_id,
        pad_id=config.pad_token_id,
        eos_id=config.eos_token_id,
        mask_id=mask_id,
        norm_eps=config.layer_norm_eps,
    )


def fill_roberta(encoder: TextEncoder, folder: Path) -> None:
    """Put a folder's weights into the text encoder, in place.

    Raises:
        CheckpointError: one is missing or has another shape.
    """
    model = _load(RobertaModel, folder, add_pooling_layer=False)
    fill(encoder.roberta, Weights(folder, model.state_dict()))


def wav2vec2_config(folder: Path) -> Wav2Vec2Config:
    """Dimensions of a wav2vec 2.0 folder, and whether its waveforms are normalised.

    Raises:
        CheckpointError: a configuration can't be read or is that of another model, or it hears another rate.
    """
    config = _config(folder, WAV2VEC2_BUILT)
    try:
        preprocessor = Wav2Vec2FeatureExtractor.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # transformers raises anything, as JSON of another kind makes it
        raise CheckpointError(f"{folder} has no preprocessor_config.json that can be read: {error}") from error
    if preprocessor.sampling_rate != SAMPLE_RATE_HZ:
        raise CheckpointError(f"{folder} hears {preprocessor.sampling_rate} Hz; give a model of {SAMPLE_RATE_HZ} Hz")
    return Wav2Vec2Config(
        dim=config.hidden_size,
        ffn_dim=config.intermediate_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        channels=tuple(config.conv_dim),
        extractor=tuple(zip(config.conv_kernel, config.conv_stride, strict=True)),
        conv_bias=config.conv_bias,
        feat_extract_norm=config.feat_extract_norm,
        stable_layer_norm=config.do_stable_layer_norm,
        position_kernel=config.num_conv_pos_embeddings,
        position_groups=config.num_conv_pos_embedding_groups,
        norm_eps=config.layer_norm_eps,
        normalised=preprocessor.do_normalize,
    )


def fill_wav2vec2(encoder: Wav2Vec2, folder: Path) -> None:
    """Put a folder's weights into the sound encoder, in place.

    Raises:
        CheckpointError: one is missing or has another shape.
    """
    model = _load(Wav2Vec2Model, folder)
    remove_parametrizations(model.encoder.pos_conv_embed.conv, "weight")
    fill(encoder.wav2vec2, Weights(folder, model.state_dict()))


def _config(folder: Path, built: Mapping[str, object]) -> Any:
    """The folder's configuration, checked for what this project builds."""
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # as above
        raise CheckpointError(f"{folder} has no config.json that can be read: {error}") from error
    refuse_others(folder, config, built)
    return config


def _load(kind: type[PreTrainedModel], folder: Path, **options: Any) -> Any:
    """The weights of a folder in transformers' own model, none of them left at random."""
    try:
        loaded: Any = kind.from_pretrained(folder, local_files_only=True, output_loading_info=True, **options)
    except Exception as error:  # damaged bytes make it raise anything: SafetensorError, UnpicklingError, ...
        raise CheckpointError(
            f"{folder} holds no weights of {kind.__name__} that can be read: {reason(error)}"
        ) from error
    model, told = loaded
    missing = sorted(set(told["missing_keys"]) - UNUSED)
    if missing:
        raise CheckpointError(f"{folder} lacks the weights {', '.join(missing)}")
    return model.float()
