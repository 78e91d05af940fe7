"""What is wrong with a study, told so that a day centre can act on it."""

from evaluation.checks.check_study import check_folder, checked_study

__all__ = ["check_folder", "checked_study"]
