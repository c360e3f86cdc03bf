"""The rules of the house as functions over a tree: each takes a Tree and returns what it found."""
