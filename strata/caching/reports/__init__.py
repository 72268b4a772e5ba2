"""How cache metrics are shown: tables with bars in a terminal, and a page with plots that needs no network."""
