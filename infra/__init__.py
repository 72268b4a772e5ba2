"""What AWS has: config, components and dynamic providers of the stack."""
