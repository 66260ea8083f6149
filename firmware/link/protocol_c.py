"""The C of the protocol: a struct a frame, and functions that pack and unpack it byte by byte."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.link.protocol import FRAME_OVERHEAD, Item, Protocol, Record

BANNER = "Generated from firmware/link/protocol.toml; edit that."
C_TYPES = {"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "u64": "uint64_t", "i16": "int16_t"}


def header(protocol: Protocol) -> str:
    """protocol.h: limits, enums, structs, prototypes."""
    return "\n".join(_header(protocol)) + "\n"


def source(protocol: Protocol) -> str:
    """protocol.c: the functions."""
    return "\n".join(_source(protocol)) + "\n"


def _header(protocol: Protocol) -> Iterator[str]:
    yield f"/* protocol.h: the frames of the link. {BANNER} */"
    yield from ("#ifndef EARSHOT_PROTOCOL_H", "#define EARSHOT_PROTOCOL_H", "")
    yield from ("#include <stdbool.h>", "#include <stddef.h>", "#include <stdint.h>", "")
    yield f"#define LINK_VERSION {protocol.version}"
    yield f"#define LINK_PAYLOAD_MAX {protocol.payload_max}"
    yield f"#define LINK_BODY_MAX {protocol.payload_max + FRAME_OVERHEAD} /* type, payload, CRC */"
    for name, chunks in protocol.timing.items():
        yield f"#define LINK_{name.upper()} {chunks}"
    for record in (*protocol.record, *protocol.frame):
        for item in record.fields:
            if item.sized:
                yield f"#define {_most(record, item)} {item.sized[1]}"
    yield ""
    for enum in protocol.enum:
        yield f"/* {protocol.told(enum.doc)} */"
        yield f"enum link_{enum.name} {{"
        for number, value in enumerate(enum.values):
            yield f"    LINK_{enum.name.upper()}_{value.name.upper()} = {number}, /* {value.doc} */"
        yield from ("};", f"#define LINK_{enum.name.upper()}_COUNT {len(enum.values)}", "")
    yield "enum link_frame {"
    for frame in protocol.frame:
        yield f"    LINK_{frame.name.upper()} = {frame.type},"
    yield from ("};", "")
    for record in (*protocol.record, *protocol.frame):
        yield f"/* {protocol.told(record.doc)} */"
        yield f"struct link_{record.name} {{"
        for item in record.fields:
            yield f"    {_member(protocol, record, item)}; /* {item.doc} */"
        yield from ("};", "")
    yield "/* The payload's bytes; 0 if cap is too small. */"
    for frame in protocol.frame:
        name = f"link_{frame.name}"
        yield f"size_t {name}_pack(const struct {name} *from, uint8_t *bytes, size_t cap);"
    yield from ("", "/* False if the payload has another length, or a value that its type has not. */")
    for frame in protocol.frame:
        name = f"link_{frame.name}"
        yield f"bool {name}_unpack(struct {name} *to, const uint8_t *bytes, size_t count);"
    yield from ("", "/* The first value that is out of its range. */", "struct link_refusal {")
    yield from ("    const char *field;", "    uint32_t value, min, max;", "};", "")
    yield "/* True if all values are in range; else refusal says which is not. */"
    for frame in protocol.frame:
        if _ranged(frame):
            yield f"bool link_{frame.name}_check(const struct link_{frame.name} *from, struct link_refusal *refusal);"
    for frame in protocol.frame:
        defaults = [f".{item.name} = {item.default}" for item in frame.fields if item.default is not None]
        if defaults:
            yield from ("", f"#define LINK_{frame.name.upper()}_DEFAULT                \\")
            yield f"    {{ {', '.join(defaults)} }}"
    yield from ("", "#endif")


def _source(protocol: Protocol) -> Iterator[str]:
    yield f"/* {BANNER} */"
    yield from ('#include "protocol.h"', "", '#include "wire.h"', "")
    for record in (*protocol.record, *protocol.frame):
        name = f"link_{record.name}"
        yield f"static void {record.name}_put(struct wire_writer *to, const struct {name} *from) {{"
        yield from _each(protocol, record, "put")
        yield from ("}", "")
        yield f"static void {record.name}_get(struct wire_reader *from, struct {name} *to) {{"
        yield from _each(protocol, record, "get")
        yield from ("}", "")
    for frame in protocol.frame:
        name = f"link_{frame.name}"
        yield f"size_t {name}_pack(const struct {name} *from, uint8_t *bytes, size_t cap) {{"
        yield "    struct wire_writer to = {.bytes = bytes, .cap = cap};"
        yield f"    {frame.name}_put(&to, from);"
        yield from ("    return to.failed ? 0 : to.count;", "}", "")
        yield f"bool {name}_unpack(struct {name} *to, const uint8_t *bytes, size_t count) {{"
        yield "    struct wire_reader from = {.bytes = bytes, .count = count};"
        yield f"    {frame.name}_get(&from, to);"
        yield from ("    return !from.failed && from.taken == count;", "}", "")
        if _ranged(frame):
            yield from _check(frame)


def _each(protocol: Protocol, record: Record, verb: str) -> Iterator[str]:
    side, other = ("from", "to") if verb == "put" else ("to", "from")
    reference = "" if verb == "put" else "&"
    for item in record.fields:
        at = f"{side}->{item.name}"
        indent = "    "
        if item.per:
            yield f"    for (size_t i = 0; i < {protocol.repeats(item)}; i++) {{"
            at, indent = at + "[i]", "        "
        enum = protocol.enum_of(item.type)
        if item.sized:
            kind, count = item.sized
            extra = f", {'' if verb == 'put' else '&'}{at}_length" if kind != "char" else ""
            yield f"{indent}wire_{verb}_{kind}({other}, {at}{extra}, {count});"
        elif enum or item.type == "flag":
            values = len(enum.values) if enum else 2
            limit = "" if verb == "put" else f", {values}"
            yield f"{indent}wire_{verb}_{'u8' if verb == 'put' else 'below'}({other}, {reference}{at}{limit});"
        elif protocol.record_of(item.type):
            yield f"{indent}{item.type}_{verb}({other}, &{at});"
        else:
            yield f"{indent}wire_{verb}_{item.type}({other}, {reference}{at});"
        if item.per:
            yield "    }"


def _check(frame: Record) -> Iterator[str]:
    name = f"link_{frame.name}"
    yield f"bool {name}_check(const struct {name} *from, struct link_refusal *refusal) {{"
    yield "    const struct link_refusal values[] = {"
    for item in frame.fields:
        if item.max is not None:
            most = f"from->{item.max}" if isinstance(item.max, str) else item.max
            yield f'        {{"{item.name}", from->{item.name}, {item.min}, {most}}},'
    yield from ("    };", "    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {")
    yield "        if (values[i].value < values[i].min || values[i].value > values[i].max) {"
    yield from ("            *refusal = values[i];", "            return false;", "        }", "    }")
    yield from ("    return true;", "}", "")


def _ranged(record: Record) -> bool:
    return any(item.max is not None for item in record.fields)


def _most(record: Record, item: Item) -> str:
    return f"LINK_{record.name.upper()}_{item.name.upper()}_MAX"


def _member(protocol: Protocol, record: Record, item: Item) -> str:
    repeat = f"[{protocol.repeats(item)}]" if item.per else ""
    if item.sized:
        if item.sized[0] == "bytes":
            return f"uint8_t {item.name}_length, {item.name}[{_most(record, item)}]"
        length = "" if item.sized[0] == "char" else f"uint8_t {item.name}_length; "
        return f"{length}char {item.name}[{_most(record, item)} + 1]"
    if protocol.record_of(item.type):
        return f"struct link_{item.type} {item.name}{repeat}"
    return f"{C_TYPES.get(item.type, 'uint8_t')} {item.name}{repeat}"
