"""`host info` and `host config`: what a board says of itself, and its settings by name."""

import json
from dataclasses import asdict, fields, replace
from typing import Any

from firmware import boards
from firmware.link import Config, Frame, ListenerState
from firmware.link.layout import Range
from host.errors import HostError
from host.exchange import Exchange
from host.flash.image import built_image

_REASONS = {"power_on": "power on", "brownout": "brown-out"}
_LOG_S = 0.5


def board_facts(link: Exchange) -> dict[str, Any]:
    """What the board says of itself, for JSON."""
    hello = link.greet()
    built = built_image(hello.board)
    return {
        "port": link.endpoint.name,
        "board": hello.board,
        "title": boards.load(hello.board).title if hello.board in boards.names() else "",
        "firmware": hello.firmware,
        "build": f"{hello.build:016x}" if hello.build else "",
        "built_here": "" if built is None else f"{built.facts.build:016x}",
        "protocol": hello.version,
        "networks": {
            "vad": {"name": hello.model, "crc32": f"{hello.model_crc32:08x}"},
            "asr": {"name": hello.asr, "crc32": f"{hello.asr_crc32:08x}"},
        },
        "domain": {"name": hello.domain, "crc32": f"{hello.domain_crc32:08x}"},
        "rate": hello.rate,
        "chunk": hello.chunk,
        "reset_cause": hello.reset_cause.name.lower(),
        "boot": hello.boot,
        "unit": f"{hello.unit:016x}" if hello.unit else "",
        **_state_facts(link),
    }


def _state_facts(link: Exchange) -> dict[str, Any]:
    state = link.state
    if state is None:
        return {}
    hello = link.hello
    assert hello is not None
    return {
        "state": ListenerState(state.state).name.lower(),
        "heard_s": round(state.sample / hello.rate, 3),
        "dropped": state.dropped,
    }


def info_lines(facts: dict[str, Any]) -> list[str]:
    """The same for people, a line each."""
    networks, domain = facts["networks"], facts["domain"]
    reason = facts["reset_cause"]
    lines = [
        ("board", f"{facts['board']}" + (f"  {facts['title']}" if facts["title"] else "")),
        ("unit", facts["unit"] or "the chip has no number"),
        ("firmware", f"{facts['firmware']}  protocol {facts['protocol']}"),
        ("build", _build(facts)),
        ("vad", f"{networks['vad']['name']}  {networks['vad']['crc32']}"),
        ("asr", f"{networks['asr']['name']}  {networks['asr']['crc32']}" if networks["asr"]["name"] else "none"),
        ("domain", f"{domain['name']}  {domain['crc32']}" if domain["name"] else "none: nothing is written down"),
        ("microphone", f"{facts['rate']} Hz, {facts['chunk']} samples a decision"),
        (
            "last reset",
            _REASONS.get(reason, reason)
            + (f"; start {facts['boot']} of this board" if facts["boot"] else "; it does not count its starts"),
        ),
    ]
    if "state" in facts:
        dropped = f"; {facts['dropped']} samples lost" if facts["dropped"] else ""
        lines.append(("state", f"{facts['state'].upper()}, {facts['heard_s']:.1f} s heard{dropped}"))
    return [f"{name:11} {value}" for name, value in lines]


def _build(facts: dict[str, Any]) -> str:
    if not facts["build"]:
        return "none: not an image that was flashed"
    if not facts["built_here"]:
        return facts["build"]
    same = facts["build"] == facts["built_here"]
    return facts["build"] + ("  as built here" if same else f"  another than the one built here, {facts['built_here']}")


def setting_rows(config: Config, names: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Name, value, range and default of the settings asked for, or all. HostError for a name that there is not."""
    default, values = Config(), asdict(config)
    for name in names:
        _known(name)
    return [
        {
            "name": name,
            "value": int(values[name]),
            "min": _range(name).least,
            "max": _most(config, name),
            "default": int(getattr(default, name)),
        }
        for name in (names or tuple(values))
    ]


def assigned(config: Config, assignments: list[str]) -> Config:
    """The settings with each NAME=VALUE in force. HostError where one has no such name, no number, or no such range."""
    wanted: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals:
            raise HostError(f"{assignment!r} sets nothing. Write NAME=VALUE, for example on_q8=160.")
        _known(name)
        try:
            wanted[name] = int(text.strip(), 0)
        except ValueError as error:
            raise HostError(
                f"{name} is a whole number, and {text.strip()!r} is none. {_range_words(config, name)}"
            ) from error
    try:
        changed = replace(config, **wanted)
        refusal = changed.refusal()
    except ValueError as error:
        raise HostError(f"{error}.") from error
    if refusal is not None:
        raise HostError(f"the board would refuse this: {refusal}. Nothing was set.")
    return changed


def set_config(link: Exchange, assignments: list[str]) -> Config:
    """Sets what is asked for on the board; what is in force then. HostError, also where the board refuses."""
    link.greet()
    assert link.config is not None
    wanted = assigned(link.config, assignments)
    in_force = link.ask(wanted, _config, "for its settings")
    if in_force != wanted:
        # An earlier answer may have come first, and a refusal is a LOG.
        in_force = link.wait(lambda frame: frame if frame == wanted else None, _LOG_S) or in_force
    if in_force != wanted:
        told = [log.text for log in link.logs if "CONFIG" in log.text]
        raise HostError(f"the board did not take the settings{': ' + told[-1] if told else ''}. `host config get`.")
    return wanted


def _config(frame: Frame) -> Config | None:
    return frame if isinstance(frame, Config) else None


def _known(name: str) -> None:
    names = [field.name for field in fields(Config)]
    if name not in names:
        raise HostError(f"there is no setting {name!r}. Settings: {', '.join(names)}.")


def _range(name: str) -> Range:
    return Config.RANGES[name]


def _most(config: Config, name: str) -> int:
    most = _range(name).most
    return int(getattr(config, most)) if isinstance(most, str) else most


def _range_words(config: Config, name: str) -> str:
    return f"From {_range(name).least} to {_most(config, name)} is possible."


def print_info(link: Exchange, *, as_json: bool) -> None:
    """`host info`."""
    facts = board_facts(link)
    print(json.dumps(facts, indent=2) if as_json else "\n".join(info_lines(facts)))


def print_settings(config: Config, names: tuple[str, ...], *, as_json: bool) -> None:
    """`host config`: the settings asked for; a single one without --json is its bare value."""
    rows = setting_rows(config, names)
    if as_json:
        print(json.dumps({row["name"]: {key: row[key] for key in row if key != "name"} for row in rows}, indent=2))
        return
    if len(names) == 1:
        print(rows[0]["value"])
        return
    for row in rows:
        star = "" if row["value"] == row["default"] else f"  default {row['default']}"
        print(f"{row['name']:26} {row['value']:>6}  {row['min']} to {row['max']}{star}")
