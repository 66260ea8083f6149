"""The shipped network in its three forms: the C gives what TFLite Micro's interpreter gives, and float is close."""

import numpy as np
import pytest

from firmware.domain.phonemes import CLASSES
from firmware.modelc import ModelError
from firmware.native.recognition import Asr
from train import asr_bank, asr_scoring, asr_testsets
from train.asr_evaluation import greedy_classes
from train.asr_training import errors, load
from train.cli import MODELS

SHIPPED = MODELS / "asr.tflite"
CORPORA = ("an4", "speechocean762", "speech_commands7")


def assert_same_bytes(compiled, interpreter, features):
    """The C's logits and the interpreter's, once it has been given what the C pushes in behind the end."""
    behind = -(len(features) + compiled.look_ahead) % compiled.frames_per_call
    padded = np.pad(features, ((0, compiled.look_ahead + behind), (0, 0)))
    expected = interpreter.heard(padded)[compiled.look_ahead :][: len(features)]
    found = compiled.logits(features)
    assert (found.dtype, found.shape) == (np.int8, (len(features), CLASSES))
    assert found.tobytes() == expected.tobytes()
    return found


@pytest.fixture(scope="module")
def recordings(data):
    """Log-mel of several speakers, as recorded and in noise, none of a whole number of calls' length."""
    noises = asr_testsets.noises()[:3]
    clean = [asr_testsets.recorded(corpus, 2) for corpus in CORPORA]
    sets = [*clean, *(asr_testsets.noisy(speech, 5.0, noises) for speech in clean)]
    return [asr_bank.frames(one.pcm) for speech in sets for one in speech.spoken]


def test_c_and_interpreter_agree_to_the_bit_on_real_recordings(recordings):
    """Frame for frame, the states carried from call to call and let go between recordings, the look-ahead taken off."""
    compiled, interpreter = Asr(), asr_scoring.StreamingTflite(SHIPPED)
    compared = 0
    assert any(len(features) % compiled.frames_per_call for features in recordings)
    for features in recordings:
        found = assert_same_bytes(compiled, interpreter, features)
        compared += found.size
        assert len(np.unique(found)) > 50  # logits that say something
    assert compared > 20_000


def test_c_and_interpreter_agree_at_the_ends_of_what_log_mel_can_be():
    compiled, interpreter = Asr(), asr_scoring.StreamingTflite(SHIPPED)
    rng = np.random.default_rng(5)
    extremes = [
        np.zeros((9, 80), np.int16),
        np.full((9, 80), 32767, np.int16),
        np.full((9, 80), -32768, np.int16),
        rng.choice(np.array([-32768, 0, 9000, 32767], np.int16), (13, 80)),
    ]
    for features in extremes:
        assert_same_bytes(compiled, interpreter, features)


def test_the_recognisers_give_a_row_of_logits_for_each_frame(recordings):
    features = recordings[0]
    c, tflite = asr_scoring.c_recogniser(), asr_scoring.tflite_recogniser(SHIPPED, Asr().look_ahead)
    for frames in (0, 1, 4, 5, len(features)):
        found = c(features[:frames])
        assert (found.dtype, found.shape) == (np.float32, (frames, CLASSES))
        # The C has the scale's inverse as a whole number, thousands large.
        np.testing.assert_allclose(found, tflite(features[:frames]), rtol=1e-3)


def test_quantizing_leaves_most_phonemes_as_they_were(recordings):
    network = asr_scoring.float_recogniser(load(SHIPPED.with_suffix(".pt")))
    c = asr_scoring.c_recogniser()
    some = recordings[:4]
    wanted = [greedy_classes(network(features)) for features in some]
    differ = sum(errors(w, greedy_classes(c(f))) for w, f in zip(wanted, some, strict=True))
    assert differ < 0.25 * sum(len(w) for w in wanted)


def test_a_recording_is_heard_from_the_start_state(recordings):
    interpreter = asr_scoring.StreamingTflite(SHIPPED)
    features = recordings[1][:16]
    before = interpreter.heard(features)
    interpreter.heard(recordings[0][:16])
    assert np.array_equal(interpreter.heard(features), before)


def test_the_network_in_the_c_is_the_shipped_file():
    asr_scoring.require_compiled(SHIPPED)


def test_another_file_than_the_one_in_the_c_is_refused_with_the_way_out(tmp_path):
    other = tmp_path / "other.tflite"
    other.write_bytes(SHIPPED.read_bytes() + bytes(4))
    with pytest.raises(ValueError, match=r"other\.tflite .* is not the network in the C .*copy the file there"):
        asr_scoring.require_compiled(other)
    with pytest.raises(FileNotFoundError):
        asr_scoring.require_compiled(tmp_path / "nowhere.tflite")


def test_a_model_that_is_no_recogniser_is_refused_by_name(tmp_path):
    with pytest.raises(ModelError, match=r"vad\.tflite is no recogniser: .*train quantize asr"):
        asr_scoring.StreamingTflite(MODELS / "vad.tflite")
    (tmp_path / "bad.tflite").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"bad\.tflite"):
        asr_scoring.StreamingTflite(tmp_path / "bad.tflite")
