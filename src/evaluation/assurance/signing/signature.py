"""Signatures of a report: the names by which the rest of the project knows them."""

from evaluation.assurance.signatures.messages import wait_for
from evaluation.assurance.signatures.read import Level, Signature, read_signed_pdf, read_signed_sums
from evaluation.assurance.signing.sign import sign_report

__all__ = ["Level", "Signature", "read_signed_pdf", "read_signed_sums", "sign_report", "wait_for"]
