"""The lock: the plan of a study frozen before its data, and held against it afterwards."""
