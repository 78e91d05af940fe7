"""Tables and sentences as readers see them, made of published cells only."""
