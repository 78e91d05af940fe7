"""Nothing published may reveal a child: what rests on too few is withheld, and so is what would give it back."""

from evaluation.publishing.disclosure.cells import (
    SUPPRESSED,
    alike,
    dominated,
    rare,
    suppress,
    suppress_rare,
    suppress_shares,
)

__all__ = ["SUPPRESSED", "alike", "dominated", "rare", "suppress", "suppress_rare", "suppress_shares"]
