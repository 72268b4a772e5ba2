"""Stand-ins for what one machine lacks; nothing outside local/ and tests/ imports them."""
