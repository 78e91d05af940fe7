"""How much the finding bears: two centres, trends, hidden confounders, other specifications."""
