"""Boards to measure on, and networks written in C."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.bench.image import Builder
from firmware.bench.record import BOARDS


@pytest.fixture(scope="session", autouse=True)
def emulator() -> None:
    if not (shutil.which("qemu-system-arm") and shutil.which("arm-none-eabi-gcc")):
        pytest.skip("needs Debian's qemu-system-arm and gcc-arm-none-eabi")


@pytest.fixture(scope="session", params=BOARDS)
def builder(request, emulator) -> Iterator[Builder]:
    with Builder(request.param) as builder:
        yield builder


@pytest.fixture(scope="session")
def m4(emulator) -> Iterator[Builder]:
    with Builder("mps2_an386") as builder:
        yield builder


@dataclass(frozen=True)
class Assembly:
    """A network whose invoke is given in assembly; r0 holds the four bytes of its input."""

    name: str
    files: tuple[Path, ...]
    arena_bytes: int = 16
    trace_calls: int = 0


@pytest.fixture
def assembly(tmp_path) -> Callable[..., Assembly]:
    def make(code: str, name: str = "assembly", arena_bytes: int = 16) -> Assembly:
        lines = "".join(f'        "{line.strip()}\\n"\n' for line in code.strip().splitlines())
        path = tmp_path / f"{name}.c"
        path.write_text(f"""
#include "engine.h"
__attribute__((used)) int8_t {name}_io[4];
static bool {name}_init(void *arena) {{ (void)arena; return true; }}
__attribute__((naked)) static bool {name}_invoke(void *arena) {{
    (void)arena;
    __asm volatile(
        "ldr r0, ={name}_io\\n"
        "ldr r0, [r0]\\n"
{lines}        "bx lr\\n");
}}
static int8_t *{name}_input_data(void *arena, uint32_t index) {{ (void)arena; (void)index; return {name}_io; }}
static const int8_t *{name}_output_data(const void *arena, uint32_t index) {{
    (void)arena;
    (void)index;
    return {name}_io;
}}
static const struct nn_tensor io = {{.name = "io", .bytes = 4}};
const struct nn_model {name}_model = {{
    .name = "{name}", .arena_bytes = 16, .inputs = 1, .outputs = 1, .input = &io, .output = &io,
    .init = {name}_init, .invoke = {name}_invoke, .input_data = {name}_input_data, .output_data = {name}_output_data,
}};
""")
        return Assembly(name, (path,), arena_bytes)

    return make
