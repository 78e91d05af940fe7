"""Counterfactual evaluation of two day centres: from raw answers to a signed, verifiable, payable report."""

from importlib.metadata import version

__version__ = version("officine-mezzogiorno-evaluation")
