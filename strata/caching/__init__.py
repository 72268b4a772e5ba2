"""The edge cache: what is kept and for how long, and the tools that hold the edge to it."""
