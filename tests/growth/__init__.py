"""How the cost of strangers' text grows: patterns and functions that are found by walking the modules."""
