"""The command line: what each command is called, and how a user error ends. What commands do lies in commands/."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import entry_points
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape
from typer.core import TyperGroup

from evaluation.commands.annex import annex
from evaluation.commands.check import check
from evaluation.commands.compare import compare
from evaluation.commands.console import err, user_language
from evaluation.commands.design import design
from evaluation.commands.erase import erase
from evaluation.commands.import_ import import_
from evaluation.commands.lock import lock
from evaluation.commands.new import new
from evaluation.commands.pseudonymise import pseudonymise
from evaluation.commands.run import run
from evaluation.commands.sign import sign
from evaluation.commands.synthesize import synthesize
from evaluation.commands.verify import verify
from evaluation.errors import UserError, refusal
from evaluation.language import text
from evaluation.pipeline.interruption import Interrupted, listen

DEBUG = "--debug"
FAILED = text("Errore:", "Error:")
STOPPED = text(
    "Interrotto. Gli ultimi risultati buoni sono intatti; rieseguire per continuare.",
    "Stopped. The last good outputs are whole; run again to go on.",
)
OTHERS = "evaluation.commands"  # entry points by which another package adds a command: the course adds `lessons`


class Commands(TyperGroup):
    """Our commands, and those of other packages: known by name, loaded only when typed or listed by --help."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return every command's name: ours in the order of the work, then the others'."""
        return [*super().list_commands(ctx), *sorted(entry_points(group=OTHERS).names)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; another package's is imported here."""
        ours = super().get_command(ctx, cmd_name)
        if ours is not None or cmd_name not in entry_points(group=OTHERS).names:
            return ours
        single = typer.Typer(add_completion=False)
        single.command(cmd_name, rich_help_panel="Other packages")(entry_points(group=OTHERS)[cmd_name].load())
        return typer.main.get_command(single)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="From the raw answers of two day centres to a signed, verifiable, payable evaluation report.",
    epilog="Exit codes: 0 done; 1 the check or verification found something wrong; 2 wrong use or bad input; "
    "interrupted: 130 (Ctrl-C), 143 (kill), 129 (closed terminal).",
)
PANELS = {  # in the order of the work, as --help shows them
    "A study": (new, design, lock, pseudonymise, import_, check, erase, synthesize),
    "A report": (run, compare, sign, verify, annex),
}
for panel, commands in PANELS.items():
    for command in commands:
        app.command(command.__name__.rstrip("_"), rich_help_panel=panel)(command)


def main() -> NoReturn:
    """Run the command line: user errors become a message and an exit code; --debug shows the traceback."""
    # Matrices here are small: threads of the linear-algebra library cost more than they give, in every notebook's kernel.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    debug = DEBUG in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != DEBUG]
    try:
        listen()
        app()
    except UserError as error:
        if debug:
            traceback.print_exc()
        err.print(f"[bold red]{FAILED[user_language()]}[/] {escape(error.message[user_language()])}")
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        if debug:
            traceback.print_exc()
        with suppress(OSError):  # of a closed terminal nobody reads
            err.print(f"[bold red]{FAILED[user_language()]}[/] {escape(refusal(error)[user_language()])}")
        raise SystemExit(UserError.exit_code) from None
    except Interrupted as stop:
        with suppress(OSError):  # of a closed terminal nobody reads
            err.print(STOPPED[user_language()])
        raise SystemExit(stop.exit_code) from None
    raise SystemExit(0)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option(DEBUG, help="Show the traceback of an error.")] = False,
) -> None:
    """From the raw answers of two day centres to a signed, verifiable, payable evaluation report."""
    del debug  # taken out of the arguments by main, so that it may stand anywhere
