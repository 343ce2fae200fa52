"""How fast, how small: `python -m bench`. Figures are ratios against a peer measured in the same run."""
