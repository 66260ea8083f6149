"""The `host` command: listen to a board, replay recordings, list ports and boards."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from host.errors import USER_ERROR_EXIT, HostError

app = typer.Typer(
    name="host",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _host() -> None:
    """The engineer's end of an Earshot board: watch it listen, replay recordings through it, find its port.

    \b
    First steps, without any hardware:
      host replay talk.wav                        what it hears in a recording
      host listen -p sim:artemis --wav talk.wav   watch a virtual board hear it
    With a board:
      host ports                                  where is it?
      host listen -p /dev/ttyUSB0                 watch it
    """


@app.command()
def listen(
    *,
    port: Annotated[
        str,
        typer.Option(
            "--port",
            "-p",
            help="/dev/ttyUSB0, COM3, socket://HOST:PORT, or sim:BOARD (a virtual board).",
            metavar="P",
            show_default=False,
        ),
    ] = "",
    baud: Annotated[int, typer.Option(min=1, help="Speed of a serial port.")] = 115_200,
    wav: Annotated[Path | None, typer.Option(help="sim: the recording that the board hears.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="sim: play --wav as fast as it goes.")] = False,
    mic: Annotated[bool, typer.Option("--mic", help="sim: the board hears this computer's microphone.")] = False,
    mic_device: Annotated[
        str | None, typer.Option(help="sim: number of the microphone, or part of its name.", metavar="NAME")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a device that is not there yet.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="One line an event; so without asking where stdout is no terminal.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, one for each frame.")] = False,
    scores: Annotated[
        bool | None,
        typer.Option("--scores/--no-scores", help="Ask for each decision; so in the live view and with --json."),
    ] = None,
) -> None:
    """Watch a board listen.

    Shows its state, the probability of speech, segments, duty cycle, and what the link lost. Segments are acknowledged,
    repeated ones dropped. A board that is unplugged is waited for and taken up again. Ctrl-C ends.

    \b
    Examples:
      host listen --port /dev/ttyUSB0
      host listen --port socket://localhost:4000 --json > frames.jsonl
      host listen --port sim:artemis --wav talk.wav
      host listen --port sim:native --mic
      host listen --port /dev/ttyUSB0 --plain | grep ^segment

    \b
    Plain lines are `kind key=value ...`; times (t, start, end, length) are seconds
    of audio since the board's reset. Kinds: hello config state score segment ledger
    log damaged lost back waiting silent, and summary as the last one.
    JSON lines are {"frame": KIND, ...} with the fields of firmware/link/PROTOCOL.md,
    or {"event": KIND, ...} for what is no frame (damaged, lost, back, ..., summary);
    the summary has heard_s, segments, speech_s, dropped, damaged, bytes_in, bytes_out.
    """
    from host.listen_command import ListenOptions, run_listen

    if plain and as_json:
        raise HostError("--plain and --json exclude each other; choose one.")
    run_listen(
        ListenOptions(
            port=port,
            baud=baud,
            wav=wav,
            fast=fast,
            mic=mic,
            mic_device=mic_device,
            wait=wait,
            plain=plain,
            json=as_json,
            scores=scores,
        )
    )


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A WAV, FLAC or Ogg recording, any rate and number of channels.")],
    board: Annotated[str, typer.Option(help="The board that hears it; `host boards` lists them.")] = "native",
    rate: Annotated[
        int | None, typer.Option(help="Microphone rate in Hz, for native.", metavar="HZ", show_default="the board's")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON document.")] = False,
    vad_scores: Annotated[
        bool, typer.Option("--vad-scores", help="Nothing but a line `seconds probability` for each decision.")
    ] = False,
) -> None:
    """Put a recording through the firmware.

    Prints the speech that it found, as fast as it goes. The recording becomes mono 16 bit at the board's rate; what
    that takes is said on stderr. Silence follows its end so that the last segment closes. The ledger is kept for
    `power report`.

    \b
    Examples:
      host replay talk.wav
      host replay meeting.flac --board artemis
      host replay talk.wav --rate 15625 --json | jq .segments
      host replay talk.wav --vad-scores > scores.txt

    \b
    --vad-scores: the time is the end of the audio that the decision has heard, in
    seconds; the probability is 0..1 (0 where the board slept and none was computed).

    \b
    --json: one object. Times in samples at board.rate, and as NAME_s in seconds;
    probabilities as NAME_q8 (256 would be certain), and as NAME in 0..1.
      recording       path, source_rate, channels, conversion, doubt,
                      limited_samples, samples, duration_s
      board           name, rate
      hello, config   the board's last frames of that kind
      segments        id, start, end, peak_q8 of each
      states          sample, state, speaking, ... wherever one of them changed
      ledger          the last one: rows by state (samples, cycles, entries),
                      frames, inferences, ...
      logs            level, text
      speech_share    of the recording; state_shares, awake_share from the ledger
      dropped_samples, damaged, duplicates, link_bytes, wall_s, speed_x_real_time
    """
    from host.replay_command import run_replay

    if vad_scores and as_json:
        raise HostError("--vad-scores and --json exclude each other; choose one.")
    run_replay(file, board, rate, as_json=as_json, vad_scores=vad_scores)


@app.command()
def ports(as_json: Annotated[bool, typer.Option("--json", help="As a JSON array.")] = False) -> None:
    """List the serial ports, and likely boards.

    \b
    Examples:
      host ports
      host ports --json
    """
    from host.ports import serial_ports

    found = serial_ports()
    if as_json:
        _print_json([port.as_dict() for port in found])
    elif not found:
        print("No serial port found. Plug the board in, or try a virtual one: host listen --port sim:native --mic")
    else:
        _print_table(
            ("port", "description", "usb id", "likely"),
            [(port.device, port.description, port.usb, port.likely) for port in found],
        )


@app.command()
def boards(as_json: Annotated[bool, typer.Option("--json", help="As a JSON array.")] = False) -> None:
    """List the boards that the firmware knows.

    For each: its core, the rates of its microphone, where it runs and where that was verified.

    \b
    Examples:
      host boards
      host boards --json
    """
    from host.board_list import board_list

    found = board_list()
    if as_json:
        _print_json(found)
        return
    _print_table(
        ("board", "core", "rate Hz", "runs here as", "verified: virtual", "silicon"),
        [
            (
                board["name"],
                board["core"],
                " ".join(str(rate) for rate in board["rates"]),
                board["runs"],
                board["verified"]["virtual"],
                board["verified"]["silicon"],
            )
            for board in found
        ],
    )


def main() -> None:
    """Console script: runs the command; a HostError becomes one sentence on stderr and exit code 2."""
    try:
        app(prog_name="host")
    except HostError as error:
        print(f"host: {error}", file=sys.stderr)
        if error.detail:
            print(error.detail, file=sys.stderr)
        sys.exit(USER_ERROR_EXIT)
    except BrokenPipeError:
        # Who read our output has gone (`| head`); keep the interpreter from flushing into the void again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def _print_table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table, markup=False, highlight=False)


if __name__ == "__main__":
    main()
