"""Stand-ins for the provider plugins that only a download could bring."""
