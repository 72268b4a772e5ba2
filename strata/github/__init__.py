"""What Strata writes on GitHub: a comment per environment of a pull request, an issue per environment that drifted."""
