"""`power explore`: the model as a page with sliders."""

from __future__ import annotations

import signal
import webbrowser
from typing import Annotated

import typer

from power import data_files, figures, kept_ledgers


def explore(
    *,
    scenario: Annotated[str, typer.Option(help="The day that the page begins with.", metavar="NAME")] = "earpiece",
    board: Annotated[str, typer.Option(help="The board that it begins with.", metavar="NAME")] = "artemis",
    ledger: kept_ledgers.LedgerOption = None,
    port: Annotated[
        int | None, typer.Option(help="Port of the page on 127.0.0.1.", min=1, max=65_535, show_default="a free one")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Say the page's address, and open no browser.")
    ] = False,
    parts_folder: data_files.PartsOption = None,
) -> None:
    """Open a page with sliders: how long does the cell last if it is colder, if more is said, if the phone asks less?

    The page shows hours (typical, 5th percentile), the verdict, milliwatts by component, the day, what each figure's
    range is worth, and a map of hours over any two settings. It is served from here to this computer alone, and asks
    this program for every number. Its address holds the settings, so that a link shows the same again; "Copy as
    command" gives the `power report` line for them. Ctrl-C ends.

    \b
    Examples:
      power explore
      power explore --scenario always_on --ledger kept_run.json
      power explore --no-browser --port 8080      on another machine, behind ssh -L 8080:127.0.0.1:8080
    """
    from power.explore.answers import Explorer
    from power.explore.server import ExploreServer
    from power.scenario import scenario as load_scenario

    load_scenario(scenario)
    kept = kept_ledgers.find(ledger, figures.board_parts(board))
    explorer = Explorer(kept, scenario, board, "" if ledger is None else str(ledger))
    with ExploreServer(explorer.by_path(), port or 0) as server:
        # A polite kill is as good as Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        print(f"{server.url}  (Ctrl-C ends)", flush=True)
        if not no_browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
