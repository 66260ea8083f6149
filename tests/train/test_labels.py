"""Labels from energy: on made signals and on real clips."""

import numpy as np

from train import corpora, labels


def tone(seconds, amplitude):
    t = np.arange(round(seconds * 16000)) / 16000
    return amplitude * np.sin(2 * np.pi * 440 * t)


def test_speech_between_silences_is_found_to_a_frame():
    noise = np.random.default_rng(0).normal(0, 10, 3 * 16000)
    noise[16000:32000] += tone(1, 3000)
    frames = labels.speech_frames(noise.astype(np.int16))
    found = np.flatnonzero(frames) * labels.FRAME / 16000
    assert abs(found[0] - 1) < 0.05
    assert abs(found[-1] - 2) < 0.05
    assert frames[64:120].all()


def test_a_short_pause_is_speech_and_a_long_one_is_not():
    for pause, inside in ((0.15, True), (0.6, False)):
        noise = np.random.default_rng(0).normal(0, 10, round((2.5 + pause) * 16000))
        noise[8000:16000] += tone(0.5, 3000)
        second = 16000 + round(pause * 16000)
        noise[second : second + 8000] += tone(0.5, 3000)
        frames = labels.speech_frames(noise.astype(np.int16))
        assert frames[(16000 + round(pause * 8000)) // labels.FRAME] == inside


def test_labels_do_not_depend_on_level(data):
    for clip in corpora.clips("kathleen", ["train"], data)[:5]:
        pcm = clip.pcm()
        loud, quiet = labels.speech_frames(pcm), labels.speech_frames((pcm / 8).astype(np.int16))
        assert (loud == quiet).mean() > 0.97


def test_most_of_a_read_sentence_is_speech_and_its_ends_are_not(data):
    share = [labels.speech_frames(c.pcm()).mean() for c in corpora.clips("speechocean762", ["test"], data)[::40]]
    assert 0.4 < np.mean(share) < 0.9


def test_no_samples_no_labels():
    assert len(labels.speech_frames(np.zeros(100, np.int16))) == 0
