"""`host listen`: chooses endpoint and view, listens, and says at the end what there was."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from host.domain_file import domain_wish
from host.endpoint import Endpoint, endpoint_for
from host.errors import HostError
from host.event_lines import JsonLines, PlainLines, View
from host.journal import Journal, default_path
from host.listen import Listener, StopSignal, open_first
from host.live_view import LiveView
from host.run_record import RunRecord
from host.status import BoardStatus
from host.transcript_pane import said_lines

_SIM = "sim:"
_LEFT_AFTER_LIVE = 10
"""How many transcripts, or segments where there are none, stay on the terminal when the live view has gone."""


@dataclass(frozen=True)
class ListenOptions:
    """The command line of `host listen`."""

    port: str
    baud: int
    wav: Path | None
    fast: bool
    mic: bool
    mic_device: str | None
    wait: bool
    plain: bool
    json: bool
    scores: bool | None
    domain: str | None = None
    journal: Path | None = None
    no_journal: bool = False


def run_listen(options: ListenOptions) -> None:
    """Listens until Ctrl-C or the end of the recording; HostError for what the user can put right."""
    domain = domain_wish(options.domain)
    endpoint = _endpoint(options)
    virtual = options.port.startswith(_SIM)
    status = BoardStatus(options.port, virtual=virtual)
    live = not options.plain and not options.json and sys.stdout.isatty()
    scores = options.scores if options.scores is not None else live or options.json
    journal = _journal(options, virtual=virtual)
    record = RunRecord(
        status,
        virtual=virtual,
        recording=options.wav,
        power_states=getattr(endpoint, "residency", lambda: None),
        live=True,
    )
    with StopSignal() as stopped:
        lines: View = (JsonLines if options.json else PlainLines)(status, _print_line)
        try:
            if open_first(endpoint, lines, stopped, wait=options.wait):
                _say_remarks(endpoint)
                view: View = LiveView(status, Console()) if live else lines
                try:
                    Listener(
                        endpoint,
                        status,
                        view,
                        scores=scores,
                        stopped=stopped,
                        keep=journal.keep if journal is not None else None,
                        domain=domain,
                        taken=record.take,
                        ready=getattr(endpoint, "play", lambda: None),
                    ).run()
                finally:
                    view.close()
        except HostError:
            if not stopped():  # Ctrl-C also reaches what a virtual board runs in
                raise
        finally:
            endpoint.close()
            if journal is not None:
                journal.close()
    if live:
        _leave_on_screen(status, lines)
    if (lost := getattr(endpoint, "microphone_losses", 0)) > 0:
        print(f"the microphone was ahead of the virtual board {lost} times, and audio was lost.", file=sys.stderr)
    if (unkept := record.keep()) is not None:
        print(unkept, file=sys.stderr)
    if options.json:
        _print_line(json.dumps({"type": "summary", **status.totals(), "text": status.summary()}))
    else:
        _print_line(f"summary {status.summary()}")


def _journal(options: ListenOptions, *, virtual: bool) -> Journal | None:
    """The journal that the options ask for; a virtual board, which starts afresh each time, gets none unasked."""
    if options.no_journal:
        if options.journal is not None:
            raise HostError("--journal and --no-journal exclude each other; choose one.")
        return None
    if options.journal is None and virtual:
        return None
    return Journal(options.journal or default_path(), run=str(uuid4()) if virtual else "")


def _leave_on_screen(status: BoardStatus, lines: View) -> None:
    """The last things heard, where the live view has been."""
    console = Console(highlight=False)
    for said in list(status.transcripts)[-_LEFT_AFTER_LIVE:]:
        for line in said_lines(said, console.width, console):
            console.print(line)
    if not status.transcripts:
        for segment in reversed(status.last_segments(_LEFT_AFTER_LIVE)):
            lines.item(segment)


def _endpoint(options: ListenOptions) -> Endpoint:
    if options.port.startswith(_SIM):
        from host.sim_endpoint import SimEndpoint

        return SimEndpoint(
            options.port.removeprefix(_SIM),
            options.wav,
            fast=options.fast,
            mic=options.mic,
            mic_device=options.mic_device,
            waits=options.domain is not None,
        )
    if options.wav is not None or options.mic or options.fast:
        raise HostError(f"--wav, --mic and --fast feed a virtual board, and {options.port} is none. Use sim:BOARD.")
    return endpoint_for(options.port, options.baud)


def _say_remarks(endpoint: Endpoint) -> None:
    recording = getattr(endpoint, "recording", None)
    if recording is not None:
        for remark in (recording.conversion(), recording.doubt()):
            if remark is not None:
                print(f"{recording.path}: {remark}", file=sys.stderr)


def _print_line(line: str) -> None:
    print(line, flush=True)
