"""The few errors a user may see: a message, an exit code, never a traceback."""

from __future__ import annotations

import errno

from evaluation.language import Text, text

DISK_FULL = text("il disco è pieno: liberare spazio", "the disk is full: free some space")
NO_PERMISSION = text("manca il permesso: scegliere una cartella propria", "no permission: choose a folder of your own")
NO_FOLDER = text(
    "attesa una cartella, trovato altro: sceglierne un'altra",
    "expected a folder, found something else: choose another one",
)
REFUSALS = {
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_FULL,
    errno.EFBIG: text(
        "qui un file non può essere così grande (limite del sistema): alzare il limite, o scegliere un altro disco",
        "a file may not grow so large here (a limit of the system): raise the limit, or choose another disk",
    ),
    errno.EACCES: NO_PERMISSION,
    errno.EPERM: NO_PERMISSION,
    errno.EROFS: NO_PERMISSION,
    errno.ENOTDIR: NO_FOLDER,
    errno.ELOOP: NO_FOLDER,
}


def refusal(error: OSError) -> Text:
    """Say which file the system refused, why, and what to do; no step of ours leaves a file half written."""
    why = REFUSALS.get(error.errno or 0, text(*[error.strerror or type(error).__name__] * 2))
    file = f"{error.filename}: " if error.filename else ""
    return text(
        f"{file}{why['it']}. Gli ultimi risultati buoni sono intatti; poi rieseguire.",
        f"{file}{why['en']}. The last good outputs are whole; then run the same command again.",
    )


class UserError(Exception):
    """Something the user can mend: wrong use or bad input. Shown as a message; the command exits with `exit_code`.

    The message is a sentence in both languages, or the same words for both.
    """

    exit_code = 2

    def __init__(self, message: str | Text):
        self.message = text(message, message) if isinstance(message, str) else message
        super().__init__(self.message["en"])


class RunFailed(UserError):
    """A step of the pipeline stopped: which notebook, which cell, which message."""

    exit_code = 1


class VerificationFailed(UserError):
    """A signature, a hash or a number does not hold."""

    exit_code = 1
