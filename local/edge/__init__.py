"""A stand-in for CloudFront: a sans-IO core that decides as an edge location does, and a thin server around it.

The core knows no socket, no clock and no emulator; what it models is in `local.edge.rules`, each rule with its source.
"""
