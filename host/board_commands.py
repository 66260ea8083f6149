"""The `host` commands for work on the bench: flash, info, config, selftest, bench, record, doctor, udev."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from host.errors import HostError

PORT = typer.Option(
    "--port", "-p", help="/dev/ttyUSB0, COM3, socket://HOST:PORT, or sim:BOARD (a virtual board).", metavar="P",
    show_default=False,
)  # fmt: skip
BAUD = typer.Option(min=1, help="Speed of a serial port.")
JSON = typer.Option("--json", help="As JSON.")

config_app = typer.Typer(
    no_args_is_help=True,
    help="Read and change a board's settings, by name.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (flash, info, selftest, bench, record, doctor, udev):
        app.command()(command)
    app.add_typer(config_app, name="config")


def info(
    *, port: Annotated[str, PORT] = "", baud: Annotated[int, BAUD] = 115_200, as_json: Annotated[bool, JSON] = False
) -> None:
    """Say what a board is: image, networks, domain, last reset.

    \b
    Examples:
      host info --port /dev/ttyUSB0
      host info --port sim:artemis --json | jq -r .build

    \b
    build is the image's id: the same content has the same one, wherever it was
    built; "as built here" says that build/ has this very image.
    """
    from host.board_info import print_info
    from host.exchange import Exchange, quiet_endpoint

    with Exchange(quiet_endpoint(port, baud)) as link:
        print_info(link, as_json=as_json)


@config_app.command("get")
def config_get(
    names: Annotated[list[str] | None, typer.Argument(help="Settings; all, if none is named.")] = None,
    *,
    port: Annotated[str, PORT] = "",
    baud: Annotated[int, BAUD] = 115_200,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show settings: value, range, and the default where it is another.

    \b
    Examples:
      host config get --port /dev/ttyUSB0
      host config get on_q8 --port /dev/ttyUSB0
    """
    from host.board_info import print_settings
    from host.exchange import Exchange, quiet_endpoint

    with Exchange(quiet_endpoint(port, baud)) as link:
        link.greet()
        assert link.config is not None
        print_settings(link.config, tuple(names or ()), as_json=as_json)


@config_app.command("set")
def config_set(
    assignments: Annotated[list[str], typer.Argument(help="NAME=VALUE, one or more; all are set at once, or none.")],
    *,
    port: Annotated[str, PORT] = "",
    baud: Annotated[int, BAUD] = 115_200,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Change settings, until the board's next reset. What is out of range is refused, and nothing is set.

    \b
    Examples:
      host config set on_q8=150 off_q8=80 --port /dev/ttyUSB0
    """
    from host.board_info import print_settings, set_config
    from host.exchange import Exchange, quiet_endpoint

    with Exchange(quiet_endpoint(port, baud)) as link:
        config = set_config(link, assignments)
        names = tuple(dict.fromkeys(assignment.partition("=")[0].strip() for assignment in assignments))
        if as_json or len(names) > 1:
            print_settings(config, names, as_json=as_json)
        else:
            print(f"{names[0]} = {int(getattr(config, names[0]))}")


def selftest(
    *,
    port: Annotated[str, PORT] = "",
    baud: Annotated[int, BAUD] = 115_200,
    image: Annotated[
        Path | None, typer.Option(help="The image that was flashed.", metavar="FILE", show_default="as built here")
    ] = None,
    domain: Annotated[
        Path | None,
        typer.Option(help="The domain in force on the board.", metavar="FILE", show_default="the one in the image"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, one for each part.")] = False,
) -> None:
    """Test a board against this computer.

    Runs the same inputs through the board and through the desk's own image: front end, every kernel, both networks,
    decoder. Every output must have the same bytes. The image in flash is compared with the file that was built. Exit
    code 1 where something differs; what cannot be compared is skipped, and said. The board hears on meanwhile.

    \b
    Examples:
      host selftest --port /dev/ttyUSB0
      host selftest --port sim:artemis --json
    """
    from host.domain_file import read_domain
    from host.exchange import Exchange, quiet_endpoint
    from host.self_test import print_part, self_test

    chosen = read_domain(domain) if domain is not None else None
    with Exchange(quiet_endpoint(port, baud)) as link:
        passed = self_test(link, lambda part: print_part(part, as_json=as_json), image, chosen)
    if not passed:
        print("host: the board does not compute what this computer computes.", file=sys.stderr)
        raise typer.Exit(1)


def bench(
    *, port: Annotated[str, PORT] = "", baud: Annotated[int, BAUD] = 115_200, as_json: Annotated[bool, JSON] = False
) -> None:
    """Measure what each stage costs on a board, in core cycles as it counts them.

    Front end, voice detection, recognition (a call of several chunks) and decoder, each on fixed inputs, and all that
    a chunk costs while nobody speaks. Recognition and decoder run at the clock that they have when somebody speaks. A
    virtual board gives instructions.

    \b
    Examples:
      host bench --port /dev/ttyUSB0
      host bench --port sim:artemis
    """
    from host.bench_command import bench as measured
    from host.bench_command import print_report
    from host.exchange import SIM, Exchange, quiet_endpoint

    with Exchange(quiet_endpoint(port, baud)) as link:
        print_report(measured(link, virtual=port.startswith(SIM)), as_json=as_json)


def record(
    out: Annotated[Path, typer.Argument(help="The WAV file to write.")],
    *,
    port: Annotated[str, PORT] = "",
    baud: Annotated[int, BAUD] = 115_200,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="End after so much audio.", metavar="S", show_default="Ctrl-C ends")
    ] = None,
    audio_format: Annotated[
        str, typer.Option("--format", help="On the line: adpcm (4 bits a sample), pcm (16), or auto: what it carries.")
    ] = "auto",
    wav: Annotated[Path | None, typer.Option(help="sim: the recording that the board hears.")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Record what a board's microphone gives.

    At 115200 baud the line carries 4 bits a sample (IMA ADPCM), a faster one 16. What is lost is silence in the file,
    and is reported: where, how much, and whether the line or the board lost it. The board hears on meanwhile.

    \b
    Examples:
      host record room.wav --port /dev/ttyUSB0 --seconds 10
      host record heard.wav --port sim:artemis --wav talk.wav
    """
    from host.endpoint import Endpoint
    from host.exchange import SIM, Exchange, quiet_endpoint
    from host.listen import StopSignal
    from host.record_command import chosen_format, print_summary
    from host.record_command import record as recorded

    if audio_format not in ("auto", "adpcm", "pcm"):
        raise HostError(f"--format {audio_format} is none; adpcm, pcm and auto are.")
    if wav is not None and not port.startswith(SIM):
        raise HostError(f"--wav feeds a virtual board, and {port or 'no port'} is none. Use --port sim:BOARD.")
    if wav is None and seconds is None and port.startswith(SIM):
        raise HostError("a virtual board that hears nothing records silence for ever: add --wav FILE, or --seconds.")
    endpoint: Endpoint
    begin: Callable[[], None] | None
    if wav is not None:
        from host.sim_endpoint import SimEndpoint

        sim = SimEndpoint(port.removeprefix(SIM), wav, fast=True, waits=True)
        endpoint, begin = sim, sim.play
    else:
        endpoint, begin = quiet_endpoint(port, baud), None
    with StopSignal() as stopped, Exchange(endpoint) as link:
        done = recorded(
            link,
            out,
            kind=lambda hello: chosen_format(audio_format, hello, port, baud),
            seconds=seconds,
            stopped=stopped,
            begin=begin,
        )
    print_summary(done, out, as_json=as_json)


def flash(
    *,
    board: Annotated[str, typer.Option("--board", "-b", help="The board; `host boards` lists them.", metavar="NAME")],
    port: Annotated[
        str,
        typer.Option("--port", "-p", help="Its serial port, /dev/ttyUSB0 or COM3.", metavar="P", show_default=False),
    ] = "",
    probe: Annotated[bool, typer.Option("--probe", help="Through a debug probe, by pyocd.")] = False,
    probe_id: Annotated[
        str, typer.Option(help="Through the probe of this number.", metavar="ID", show_default=False)
    ] = "",
    image: Annotated[
        Path | None,
        typer.Option(help="The image, .bin or .elf.", metavar="FILE", show_default="built from the sources"),
    ] = None,
    baud: Annotated[
        int | None,
        typer.Option(help="Begin at this speed; slower ones follow.", metavar="N", show_default="the board's"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even where another board answers at the port.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Put an image onto a board, and see that it runs it.

    The Artemis takes it by its own boot loader (SparkFun's SVL): the fastest baud rate that works, and damaged frames
    again. Boards whose chip pyocd knows take it through a probe. For others the command for their tool is printed.
    Afterwards the board is asked: its build id, and the CRCs of its flash, must be the image's.

    \b
    Examples:
      host flash --board artemis --port /dev/ttyUSB0
      host flash --board artemis --port /dev/ttyUSB0 --image my.bin --baud 115200
      host flash --board nrf52840dk --probe
    """
    from host.flash.command import FlashOptions, run_flash

    run_flash(
        FlashOptions(
            board=board,
            port=port,
            probe=probe,
            probe_id=probe_id,
            image=image,
            baud=baud,
            force=force,
            json=as_json,
        )
    )


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="As a JSON array.")] = False) -> None:
    """Check that all is there: compilers, packages, QEMU, models, images, permissions, ports, probes.

    Says of each fault what to do about it. Exit code 1 where something fails that is needed; what only some work needs
    is marked --.

    \b
    --json: check, level (ok, note, fault), found, remedy of each.
    """
    from host.doctor import examine, print_findings

    if not print_findings(examine(), as_json=as_json):
        raise typer.Exit(1)


def udev(
    *,
    install: Annotated[
        bool, typer.Option("--install", help="Install the rule and have udev read it; as root.")
    ] = False,
) -> None:
    """Print the udev rule that lets a user at this computer open boards and probes, or install it.

    \b
    Examples:
      host udev
      sudo $(which host) udev --install
    """
    from host.port_faults import install_rules, udev_rules

    if not install:
        print(udev_rules(), end="")
        return
    print(f"{install_rules()} is installed; a board that is plugged in may have to be plugged in again.")
