"""The whole model on one clip, by ONNX Runtime alone: what every shortcut is held against."""

from itertools import pairwise

import numpy as np
import onnxruntime
import pytest


class WholeModel:
    """Probabilities of one clip that was masked before it came here; a modality that it lacks is None."""

    def __init__(self, folder, artefact):
        self.tokens = artefact.tokens
        self.folder, self.sessions = folder, {}
        with np.load(folder / "absent.npz") as stored:
            self.absent = dict(stored)

    def run(self, graph, **inputs):
        if graph not in self.sessions:
            self.sessions[graph] = onnxruntime.InferenceSession(
                self.folder / f"{graph}.onnx", providers=["CPUExecutionProvider"]
            )
        return self.sessions[graph].run(None, inputs)

    def __call__(self, ids, wave, frames):
        nothing = {"keep": np.ones((1, 1), bool)}
        text, audio, video = (self.absent[m] for m in ("text", "audio", "video"))
        if ids is not None:
            (text,) = self.run("text_encoder", ids=ids, player=np.full(len(ids), -1), **nothing)
        if wave is not None:
            (audio,) = self.run("audio_encoder", wave=wave, player=np.full(len(wave), -1), **nothing)
        if frames is not None:
            player = np.full((len(frames), 4, 4), -1)
            (features,) = self.run("video_frames", frames=frames, player=player, **nothing)
            (video,) = self.run("video_encoder", features=features)
        terms = {}
        terms["text_audio"], terms["audio_text"] = self.run("pairs_text_audio", x=text, y=audio)
        terms["text_video"], terms["video_text"] = self.run("pairs_text_video", x=text, y=video)
        terms["audio_video"], terms["video_audio"] = self.run("pairs_audio_video", x=audio, y=video)
        (logits,) = self.run("head", **terms)
        powers = np.exp(logits.reshape(-1).astype(float))
        return powers / powers.sum()

    def masked(self, clip, coalition):
        """Probabilities with only the players in `coalition`, a set of (modality, index), and groups of time."""
        ids = wave = frames = None
        if clip.text is not None:
            ids, words = clip.text.ids.copy(), np.flatnonzero(~clip.text.special)
            lost = [word for i, word in enumerate(words) if ("text", i) not in coalition]
            ids[lost] = self.tokens.mask_id
        if clip.sound is not None:
            wave = clip.sound.wave.copy()
            n = max(1, len(wave) // 8000)
            for i, (first, end) in enumerate(pairwise(i * len(wave) // n for i in range(n + 1))):
                if ("audio", i) not in coalition:
                    wave[first:end] = 0
        if clip.video is not None:
            frames = clip.video.frames.copy()
            groups = np.array_split(np.arange(len(frames)), min(10, len(frames)))
            assert {len(group) for group in groups} == {1}, "a clip of at most 10 frames: a group is a frame"
            for g, group in enumerate(groups):
                if ("video", g) not in coalition:
                    frames[group] = 0
        return self(ids, wave, frames)


@pytest.fixture(scope="session")
def whole_model(model, artefact):
    return WholeModel(model, artefact)
