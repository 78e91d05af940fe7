"""What is wrong with a study, told so that a day centre can act on it."""

from evaluation.intake.checks.folder import check_folder, checked_study

__all__ = ["check_folder", "checked_study"]
