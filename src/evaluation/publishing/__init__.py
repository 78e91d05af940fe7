"""The wall between children and paper: the rule of every table, what is withheld, writing and reading back."""
