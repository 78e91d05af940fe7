"""The figures, by the notebook that shows them: each draws numbers made elsewhere and says in words what they show."""
