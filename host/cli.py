"""The `host` command: listen to a board, transcribe and replay recordings, read the journal, list ports and boards."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from host.board_commands import register as register_board_commands
from host.errors import USER_ERROR_EXIT, HostError

app = typer.Typer(
    name="host",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_DOMAIN = typer.Option(
    "--domain", help="What can be said: a compiled .domain file, or `default`, the one in the image.", metavar="FILE"
)


@app.callback()
def _host() -> None:
    """The engineer's end of an Earshot board: watch it listen, read what was said, replay recordings, find its port.

    \b
    First steps, without any hardware:
      host transcribe talk.wav                    what a recording says
      host replay talk.wav                        what the board makes of it, in detail
      host listen -p sim:artemis --wav talk.wav   watch a virtual board hear it
    With a board:
      host ports                                  where is it?
      host listen -p /dev/ttyUSB0                 watch it
      host journal                                what it has heard so far
      host info -p /dev/ttyUSB0                   what is it?
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
    domain: Annotated[str | None, _DOMAIN] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            help="Keep transcripts in this journal.",
            metavar="FILE",
            show_default="the user's; for sim: none",
        ),
    ] = None,
    no_journal: Annotated[
        bool, typer.Option("--no-journal", help="Keep no journal; transcripts are but shown.")
    ] = False,
) -> None:
    """Watch a board listen.

    Shows what is said, as it grows and when it is final, the board's state, the probability of speech, duty cycle, and
    what the link lost. A board that is unplugged is waited for and taken up again. Ctrl-C ends.

    Each transcript is kept in the journal (see `host journal`) before the board is told that it may forget it, and what
    comes again is dropped: none is lost or doubled, even where this program is killed. A virtual board starts afresh
    each time, and what it says is kept only with --journal FILE. The ledgers are kept as they come: `power watch`,
    beside this, shows what listening costs.

    \b
    Examples:
      host listen --port /dev/ttyUSB0
      host listen --port socket://localhost:4000 --json > frames.jsonl
      host listen --port sim:artemis --wav talk.wav
      host listen --port sim:native --mic
      host listen --port /dev/ttyUSB0 --domain hotel.domain
      host listen --port /dev/ttyUSB0 --plain | grep ^final

    \b
    Plain lines are `kind key=value ...`; times (t, start, end, length) are seconds
    of audio since the board's reset. Kinds: hello config state score segment final
    domain_state ledger log, damaged lost back waiting silent domain journal
    lost_on_board, and summary as the last one. A line for each final, none for
    partials; a slot is slot.NAME=VALUE; a final without text was not understood.
    JSON lines are {"type": KIND, ...}: the same kinds, and partial. Frames have the
    fields of firmware/link/PROTOCOL.md: times in samples, and as NAME_s in seconds;
    probabilities and confidence as NAME_q8, and as NAME in 0..1; slots as an object.
    The summary has heard_s, segments, transcripts, transcripts_lost, speech_s,
    dropped, damaged, bytes_in, bytes_out.
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
            domain=domain,
            journal=journal,
            no_journal=no_journal,
        )
    )


@app.command()
def replay(
    *,
    file: Annotated[Path, typer.Argument(help="A WAV, FLAC or Ogg recording, any rate and number of channels.")],
    board: Annotated[str, typer.Option(help="The board that hears it; `host boards` lists them.")] = "native",
    rate: Annotated[
        int | None, typer.Option(help="Microphone rate in Hz, for native.", metavar="HZ", show_default="the board's")
    ] = None,
    domain: Annotated[str | None, _DOMAIN] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line; the last one has all of it.")
    ] = False,
    vad_scores: Annotated[
        bool, typer.Option("--vad-scores", help="Nothing but a line `seconds probability` for each decision.")
    ] = False,
) -> None:
    """Put a recording through the firmware.

    Prints the speech that it found and what was said, as fast as it goes. The recording becomes mono 16 bit at the
    board's rate; what that takes is said on stderr. Silence follows its end so that the last segment closes. A domain
    is brought to the board before the recording begins. The ledgers are kept for `power report`; the transcripts are in
    no journal, since they can be had again.

    \b
    Examples:
      host replay talk.wav
      host replay meeting.flac --board artemis
      host replay talk.wav --domain hotel.domain
      host replay talk.wav --rate 15625 --json | jq 'select(.type == "final")'
      host replay talk.wav --vad-scores > scores.txt

    \b
    --vad-scores: the time is the end of the audio that the decision has heard, in
    seconds; the probability is 0..1 (0 where the board slept and none was computed).

    \b
    --json: one object a line, {"type": KIND, ...}. Each frame as it comes (hello,
    config, state, segment, partial, final, ledger, log, ...), and damaged ones.
    Times in samples at board.rate, and as NAME_s in seconds; probabilities and
    confidence as NAME_q8 (256 would be certain), and as NAME in 0..1; slots as an
    object. The last line, of type summary, has all of it:
      recording       path, source_rate, channels, conversion, doubt,
                      limited_samples, samples, duration_s
      board           name, rate
      hello, config   the board's last frames of that kind
      domain          name of the one in force
      transcripts     id, start_s, end_s, confidence, text, slots of each
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
    run_replay(file, board, rate, domain=domain, as_json=as_json, vad_scores=vad_scores)


@app.command()
def transcribe(
    *,
    files: Annotated[
        list[Path], typer.Argument(help="Recordings: WAV, FLAC or Ogg, any rate and number of channels; - is stdin.")
    ],
    domain: Annotated[str | None, _DOMAIN] = None,
    rate: Annotated[
        int | None, typer.Option(help="Microphone rate in Hz, 16000 or 15625.", metavar="HZ", show_default="16000")
    ] = None,
    timestamps: Annotated[
        bool, typer.Option("--timestamps", help="A line for each transcript, with its time.")
    ] = False,
    srt: Annotated[bool, typer.Option("--srt", help="As subtitles (SubRip), of one recording.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, one for each file.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Files at a time.", metavar="N", show_default="one a core")
    ] = None,
) -> None:
    """Write down what recordings say.

    Prints a line of plain text for each file, after its name where there are several: what the firmware understands of
    it, by the domain in force. A file that cannot be read is named on stderr; the others go on, and the exit code is 2.

    \b
    Examples:
      host transcribe talk.wav
      host transcribe calls/*.flac --domain hotel.domain > calls.txt
      host transcribe talk.wav --srt > talk.srt
      host transcribe calls/*.flac --json | jq -r '.transcripts[].slots'
      ffmpeg -i talk.m4a -f wav - | host transcribe -

    \b
    --json: file, duration_s, text, and transcripts with id, start_s, end_s,
    confidence (0..1), text and slots; or file and error.
    """
    from host.transcribe_command import TranscribeOptions, run_transcribe

    run_transcribe(
        TranscribeOptions(
            files=files, domain=domain, rate=rate, jobs=jobs, json=as_json, srt=srt, timestamps=timestamps
        )
    )


@app.command()
def journal(
    search: Annotated[str, typer.Argument(help="Only what has this in its text or slots.", show_default=False)] = "",
    since: Annotated[
        str | None,
        typer.Option(help="Only what was kept since: 30m, 2h, 3d, or a date, or date and time.", metavar="WHEN"),
    ] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last N.", metavar="N")] = None,
    file: Annotated[
        Path | None, typer.Option("--journal", help="This journal.", metavar="FILE", show_default="the user's")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what boards have handed over.

    `host listen` keeps each transcript of a board in the journal, $XDG_DATA_HOME/earshot/journal.sqlite unless told
    otherwise. Oldest first: when it was kept, board, confidence, text, slots. What was not understood is left out.

    \b
    Examples:
      host journal --since 2h
      host journal station --last 5
      host journal --json > transcripts.jsonl

    \b
    --json: number, kept_at (UTC), board, unit, boot, domain, id, start_s and end_s
    (audio since the board's reset), confidence (0..1), text, slots.
    """
    from host.journal_command import run_journal

    run_journal(file, search=search, since=since, last=last, as_json=as_json)


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


@app.command("new-board")
def new_board(
    *,
    name: Annotated[str, typer.Argument(help="The board's name: small letters, digits and _.")],
    core: Annotated[str, typer.Option(help="cortex-m4, cortex-m7, cortex-m33 or cortex-m55.")] = "cortex-m4",
    flash: Annotated[
        str, typer.Option(help="Where the image goes: first address and size.", metavar="START:SIZE")
    ] = "0:1M",
    ram: Annotated[str, typer.Option(help="Its RAM.", metavar="START:SIZE")] = "0x20000000:256K",
    clock: Annotated[int, typer.Option(min=1, help="Core clock in Hz.", metavar="HZ")] = 64_000_000,
    rate: Annotated[int, typer.Option(min=1, help="Microphone rate in Hz.", metavar="HZ")] = 16_000,
    svd: Annotated[
        str, typer.Option(help="SVD file of the chip, as pyocd has it.", metavar="NAME.svd", show_default=False)
    ] = "",
    peripherals: Annotated[
        str, typer.Option(help="Peripherals for the register header.", metavar="A,B,C", show_default=False)
    ] = "",
    firmware: Annotated[
        Path | None, typer.Option(help="Firmware tree to write to.", metavar="FOLDER", show_default="this one's")
    ] = None,
) -> None:
    """Lay out the files of a new board, which build at once.

    Writes boards/NAME/board.toml and boards/NAME/board.c into the firmware tree. What any Cortex-M can do is written;
    every other function has its contract as a comment, and stops the core under its own name until you write it.
    firmware/boards/PORTING.md goes on from there.

    \b
    Examples:
      host new-board mine
      host new-board mine --flash 0x10000:960K --svd nrf52840.svd --peripherals PDM,UARTE0
      host new-board mine --core cortex-m55 --flash 0x00410000:4032K --ram 0x20000000:496K
    """
    from host.new_board import run_new_board

    memories = {"flash": flash, "ram": ram}
    run_new_board(name, core, memories, clock=clock, rate=rate, svd=svd, peripherals=peripherals, firmware=firmware)


register_board_commands(app)


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
