"""What the gate's settings cost, on decisions whose answer is known, and on recordings."""

from dataclasses import replace

import numpy as np

from firmware import native
from firmware.link import Config
from train.gate_settings import CANDIDATES, Heard, alarms_per_hour, costs, missed_share, noise

SPOKEN = replace(Config(), on_q8=128, off_q8=90, min_speech_chunks=3, hangover_chunks=4, pre_roll_samples=0)


def heard(*runs):
    """Runs of (chunks, probability, whether it is speech)."""
    decisions = np.concatenate([np.full(count, probability, np.uint8) for count, probability, _ in runs])
    speech = np.concatenate([np.full(2 * count, spoken) for count, _, spoken in runs])
    return Heard(decisions, speech)


def test_speech_that_a_segment_covers_is_not_missed():
    assert missed_share([heard((10, 0, False), (20, 200, True), (10, 0, False))], SPOKEN) == 0


def test_speech_below_the_threshold_is_missed_by_its_share():
    assert missed_share([heard((30, 200, True), (10, 0, True), (10, 0, False))], SPOKEN) == 0.25
    assert missed_share([heard((10, 0, False))], SPOKEN) == 0


def test_false_alarms_are_segments_an_hour():
    hour = 3600 * 16000 // native.CHUNK
    recording = heard((20, 200, False), (20, 0, False), (20, 200, False), (hour - 60, 0, False))
    assert round(alarms_per_hour([recording], SPOKEN), 3) == 2
    assert alarms_per_hour([recording], replace(SPOKEN, on_q8=255, off_q8=210)) == 0


def test_the_shipped_setting_is_among_the_candidates():
    shipped = Config()
    assert (shipped.on_q8, shipped.off_q8, shipped.min_speech_chunks, shipped.hangover_chunks) in CANDIDATES


def test_a_higher_threshold_never_alarms_more_on_real_noise(data):
    music = noise()["music"]
    found = costs({"music": music}, {20: [heard((20, 255, True))]})
    alarms = [cost.false_alarms_per_hour["music"] for cost in found]
    assert alarms[0] >= alarms[-1]
    assert all(cost.missed == {20: 0.0} for cost in found)
