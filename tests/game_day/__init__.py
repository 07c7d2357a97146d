"""What an operator meets, one after the other, and whether it can be seen."""
