"""What the project promises about its speed, measured as ratios and differences with both sides in one run."""
