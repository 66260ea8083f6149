"""The commands: what they write, print and refuse."""

import json
import subprocess
import sys

import pytest

from firmware.domain.binary import decode
from train import cli

TEXT = "go to {city} [please]\n<city> = rome | paris\n"


def run(monkeypatch, capsys, *arguments):
    """Exit code, what was printed, and what was said beside it."""
    monkeypatch.setattr(sys, "argv", ["train", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
        raise SystemExit(0)
    printed = capsys.readouterr()
    return end.value.code or 0, printed.out, printed.err


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "trip.txt"
    path.write_text(TEXT)
    return path


def test_a_domain_is_written_and_can_be_looked_at(monkeypatch, capsys, text, tmp_path):
    out = tmp_path / "trip.domain"
    code, printed, said = run(monkeypatch, capsys, "domain", text, "-o", out, "--name", "journey")
    assert (code, said) == (0, "")
    assert decode(out.read_bytes()).name == "journey"
    assert f"{len(out.read_bytes())} bytes, 5 words, 1 phrases" in printed
    for file in (text, out):
        code, printed, _ = run(monkeypatch, capsys, "domain", file, "--accepts", "Go to Rome, please!")
        assert (code, printed) == (0, "go to rome please\tcity=rome\n")
    code, printed, _ = run(monkeypatch, capsys, "domain", out, "--accepts", "go home")
    assert (code, printed) == (1, "not in the domain: go home\n")


def test_samples_and_counts(monkeypatch, capsys, text):
    _, printed, _ = run(monkeypatch, capsys, "domain", text, "--sample", 5)
    assert printed.count("\tcity=") == 5
    _, printed, _ = run(monkeypatch, capsys, "domain", text, "--check")
    for what in ("phrases", "contexts of calls", "of 65536", "phonemes", "largest networks"):
        assert what in printed


def test_json_has_it_all_in_one_document(monkeypatch, capsys, text, tmp_path):
    out = tmp_path / "trip.domain"
    text.write_text(TEXT + "frobnicle\n")
    code, printed, said = run(
        monkeypatch, capsys, "domain", text, "-o", out, "--json", "--sample", 2, "--accepts", "go to paris"
    )
    document = json.loads(printed)
    assert (code, said) == (0, "")
    assert document["bytes"] == len(out.read_bytes()) == sum(document["sections"].values())
    assert document["phrases"] == 2
    assert document["accepts"]["slots"] == [{"name": "city", "value": "paris"}]
    assert len(document["samples"]) == 2
    assert "'frobnicle' is in no dictionary" in document["warnings"][0]


def test_a_mistake_begins_with_its_place_and_nothing_is_written(monkeypatch, capsys, text, tmp_path):
    text.write_text("go to {town}\n")
    out = tmp_path / "trip.domain"
    code, printed, said = run(monkeypatch, capsys, "domain", text, "-o", out)
    assert (code, printed) == (2, "")
    assert said.startswith(f"{text}:1:7: there is no list <town>; write")
    assert said.endswith("  go to {town}\n        ^\n")
    assert not out.exists()


def test_what_makes_no_sense_is_refused_in_a_sentence(monkeypatch, capsys, text, tmp_path):
    (tmp_path / "bad.domain").write_bytes(b"EDOM" + bytes(60))
    for arguments, message in (
        (["domain", tmp_path / "none.txt"], "No such file"),
        (["domain", text, "-o", text], "is the text itself"),
        (["domain", text, "--prune"], "no ARPA model"),
        (["domain", tmp_path / "bad.domain"], "version"),
        (["domain", text, "-o", tmp_path / "no" / "x.domain"], "No such file"),
        (["domain", text, "--name", "x" * 80], "at most 63"),
        (["ngram", "-o", tmp_path / "m.arpa"], "there is no sentence"),
        (["ngram", text, "-o", tmp_path / "m.arpa"], "trip.txt:1: '{city}' is no word"),
    ):
        code, _, said = run(monkeypatch, capsys, *arguments)
        assert code == 2
        assert said.startswith("train: ")
        assert message in said
        assert said.count("\n") == 1


def test_from_transcripts_to_a_domain(monkeypatch, capsys, tmp_path):
    (tmp_path / "some.jsonl").write_text(
        "".join(
            json.dumps({"audio_filepath": "x.wav", "offset": 0, "duration": 1, "split": split, "text": line}) + "\n"
            for split, line in (("train", "enter one two"), ("train", "erase two"), ("test", "never"))
        )
    )
    monkeypatch.setenv("EARSHOT_DATA", str(tmp_path))
    (tmp_path / "more.txt").write_text("Erase one.\n\n")
    (tmp_path / "words.txt").write_text("three\n")
    model = tmp_path / "m.arpa"
    code, printed, _ = run(
        monkeypatch,
        capsys,
        "ngram",
        tmp_path / "more.txt",
        "--corpus",
        "some",
        "--words",
        tmp_path / "words.txt",
        "-o",
        model,
    )
    assert code == 0
    assert "of 3 sentences" in printed
    for sentence, accepted in (("enter two", 0), ("erase three", 0), ("never", 1)):
        assert run(monkeypatch, capsys, "domain", model, "--accepts", sentence)[0] == accepted


def test_neither_torch_nor_tensorflow_is_needed(text):
    code = (
        "import sys; sys.modules['torch'] = sys.modules['tensorflow'] = sys.modules['scipy'] = None;"
        f"sys.argv = ['train', 'domain', {str(text)!r}, '--check']; from train.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
