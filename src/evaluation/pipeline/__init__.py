"""The steps of a run on one screen, the notebook as a step, the folder of a run and the switch to it."""
