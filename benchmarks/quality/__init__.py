"""How good what is found, cited and refused is; figures, not tests."""
