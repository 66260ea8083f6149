"""Mixtures: repeatable, labelled, at the SNR that was asked for."""

import numpy as np

from train import corpora
from train.mixing import Conditions, Mixer
from train.rooms import impulse_responses


def mixer(seed, **conditions):
    return Mixer(
        speech=[corpora.clips("an4", ["dev"])],
        speech_weight=[1.0],
        noise=[corpora.clips("esc10", ["test"])],
        noise_weight=[1.0],
        rooms=impulse_responses(3, 5),
        seed=seed,
        conditions=Conditions(seconds=4.0, **conditions),
    )


def test_the_same_seed_gives_the_same_mixtures(data):
    first, second, other = mixer(7), mixer(7), mixer(8)
    for _ in range(5):
        a, b, c = first.mixture(), second.mixture(), other.mixture()
        assert (a.pcm == b.pcm).all()
        assert (a.speech == b.speech).all()
        assert len(a.pcm) != len(c.pcm) or (a.pcm != c.pcm).any()


def test_a_mixture_without_speech_has_no_label(data):
    quiet = mixer(1, no_speech=1.0)
    for _ in range(5):
        mixture = quiet.mixture()
        assert not mixture.speech.any()
        assert mixture.pcm.any()


def test_labelled_frames_are_louder_by_about_the_snr(data):
    plain = {"room": 0.0, "synthetic_noise": 1.0, "noise": 1.0, "second_noise": 0.0, "band_limit": 0.0, "tilt": 0.0}
    source = mixer(2, no_speech=0.0, snr_db=(20.0, 20.0), clipping=0.0, dc=0.0, level_dbfs=(-20.0, -20.0), **plain)
    ratios = []
    for _ in range(12):
        mixture = source.mixture()
        frames = mixture.pcm.reshape(-1, 256).astype(float) ** 2
        if mixture.speech.any() and not mixture.speech.all():
            ratios.append(10 * np.log10(frames[mixture.speech].mean() / frames[~mixture.speech].mean()))
    assert 15 < np.median(ratios) < 25


def test_rooms_start_with_the_direct_sound_and_keep_energy(data):
    for room in impulse_responses(4, 11):
        assert np.argmax(np.abs(room)) < 16
        assert np.isclose(np.sum(room**2), 1)
        assert len(room) <= 8000
