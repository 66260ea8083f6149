"""The picture of the memory plan."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from streams import SAME, Stream
from test_planner import Net, planned
from test_rings import planned as planned_with_rings

from firmware.modelc import ModelError, compile_model, memory_map
from firmware.modelc.reader import parse

SVG = "{http://www.w3.org/2000/svg}"
VAD = Path(__file__).parents[3] / "firmware/models/vad.tflite"


def drawn(source: bytes) -> tuple[ElementTree.Element, str]:
    graph, plan = planned(source)
    text = memory_map.draw("net", graph, plan)
    return ElementTree.fromstring(text.encode()), text


def titles(picture: ElementTree.Element) -> list[str]:
    return [title.text or "" for title in picture.iter(f"{SVG}title")]


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]


def chain(steps: int, name: str | None = None) -> bytes:
    net = Net()
    x = tensor = net.tensor(8)
    if name is not None:
        net.file.tensors[x]["name"] = name
    for _ in range(steps):
        tensor = net.pad(tensor, 0, 1)
    return net.bytes({"x": x}, {"y": tensor})


@pytest.mark.parametrize("steps", [1, 5, 100])
def test_every_tensor_has_a_block_within_the_picture(steps):
    picture, _ = drawn(chain(steps))
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    assert len(titles(picture)) == steps + 1
    for rectangle in picture.iter(f"{SVG}rect"):
        x, y = float(rectangle.get("x", 0)), float(rectangle.get("y", 0))
        assert 0 <= x <= x + float(rectangle.get("width", 0)) <= width
        assert 0 <= y <= y + float(rectangle.get("height", 0)) <= height


def test_a_block_tells_its_name_bytes_addresses_and_steps():
    picture, _ = drawn(chain(2))
    (story,) = [title for title in titles(picture) if "tensor 0 " in title]
    assert re.fullmatch(r"tensor 0 'tensor/0'\n32 bytes, (\d+) to (\d+)\nfrom inputs to 0 PAD", story)


def test_arena_and_bound_are_told_and_steps_are_labelled():
    source = chain(3)
    _, plan = planned(source)
    words = texts(drawn(source)[0])
    assert f"arena = lower bound: {plan.arena_bytes} bytes" in words
    assert {"inputs", "0 PAD", "1 PAD", "2 PAD", "outputs"} <= set(words)


def test_names_are_escaped():
    name = "<b>&'\"</title>\u00e9"
    picture, _ = drawn(chain(2, name))
    assert any(name in title for title in titles(picture))


def test_the_same_plan_gives_the_same_picture():
    assert drawn(chain(20))[1] == drawn(chain(20))[1]


def test_states_copies_and_what_is_shared_are_in_the_legend():
    net = Net()
    x, state = net.tensor(3), net.tensor(4)
    window = net.concat(state, net.relu(x))
    result = net.relu(net.add(net.relu(x), x))
    source = net.bytes({"x": x, "past": state}, {"y": window, "past_out": net.slice(window, 3, 4), "z": result})
    words = texts(drawn(source)[0])
    for entry in ("state, kept from call to call", "copy of an output", "part of a larger block"):
        assert entry in words
    assert "written over its input" in words


def test_rings_are_drawn_whole():
    net = Stream()
    net.output(net.conv(net.window(4, net.relu(net.input(1))), 3))
    source = net.bytes()
    picture = ElementTree.fromstring(memory_map.draw("net", parse(source), planned_with_rings(source)).encode())
    (ring,) = [title for title in titles(picture) if title.startswith("ring of ")]
    assert "20 bytes" in ring
    assert "from inputs to outputs" in ring


def test_scratch_is_drawn_at_its_step():
    net = Stream()
    net.output(net.conv(net.relu(net.input(4)), 3, padding=SAME))
    picture, _ = drawn(net.bytes())
    (scratch,) = [r for r in picture.iter(f"{SVG}rect") if r.get("fill") == "#f7c48a" and r.get("stroke-width")]
    assert float(scratch.get("width", 0)) == 120  # a whole column
    assert any(title.startswith("scratch of operator 1 DEPTHWISE_CONV_2D\n12 bytes") for title in titles(picture))


def test_the_compiler_writes_it_beside_the_c(tmp_path):
    compile_model(VAD, tmp_path, map_file=tmp_path / "vad.svg")
    picture = ElementTree.parse(tmp_path / "vad.svg").getroot()
    assert "vad: memory plan for portable" in texts(picture)


def test_a_map_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot write"):
        compile_model(VAD, tmp_path, map_file=tmp_path / "absent/vad.svg")
