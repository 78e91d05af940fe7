"""What chance could have done: permutation, wild bootstrap, families of outcomes."""
